import type { Awaitable } from "../base/awaitable.ts"
import type { Store } from "../store/store.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"

/** What makes an engine a batch's: nothing of what is done on it is seen outside before the batch ends well. */
export interface Draft {
  /** Tells of a write at the end; with a storage `key` only if that is still to be written then. */
  tell(event: () => void, key?: string): void
  /** Beats the flights of keys at the end, although nothing may be written of them. */
  beats(keys: readonly string[]): void
  /** Beats the flights that a renewed version ends, at the end, on the engine that the batch is of. */
  ends(beat: (on: Engine) => void): void
  /** Calls an origin's setter at the end, before anything is stored. */
  through(write: () => Awaitable<unknown>): void
  /**
   * The batch's own store, for what is made of what has been read so far: loaded values, touched and expired entries.
   * They give way to what is written outside from now on, where what a batch sets and deletes itself does not.
   */
  derived(): Store
  /**
   * The call that joins a load outside, if one runs that `joins` lets it, and that does what the batch would see of it;
   * whoever started that load stores its value.
   */
  outside(flight: Flight, call: Call, joins: (running: Flight, call: Call) => boolean): Call | undefined
}

/** Tells of a write: at once, or as {@link Draft.tell}. */
export function tell({ draft }: Engine, event: () => void, key?: string): void {
  if (draft) draft.tell(event, key)
  else event()
}

/** Where to write what is made of what has been read so far: to `store`, or as {@link Draft.derived}. */
export function derived({ draft }: Engine, store: Store): Store {
  return draft?.derived() ?? store
}
