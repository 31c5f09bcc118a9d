import type { Awaitable } from "../base/awaitable.ts"
import type { Store } from "../store/store.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import type { Watcher } from "./lane.ts"

/** What the engine of a batch has besides: nothing that is done on it is seen outside before the batch ends well. */
export interface Draft {
  /** Tells an event at the end; one with a storage `key` only if an entry is still written there. */
  tell(event: () => void, key?: string): void
  /** Beats the flights of keys at the end, even if nothing is written there. */
  beats(keys: readonly string[]): void
  /** Beats the flights that a renewed version ends, at the end, on the engine that the batch is of. */
  ends(beat: (on: Engine) => void): void
  /** Told what is written outside: what the batch made from what it read gives way. */
  readonly hear: Watcher
  /** Calls an origin's setter at the end, before anything is stored. */
  through(write: () => Awaitable<unknown>): void
  /**
   * The batch's own store, for entries that derive from what was read: loaded, touched, expired. These give way to what
   * is written outside from now on; what the batch itself sets and deletes does not.
   */
  derived(): Store
  /**
   * The call to make outside in place of a load in the batch: `undefined` if the batch has written the key, or no load
   * runs outside that `joins` allows. Whoever started that load stores its value.
   */
  outside(flight: Flight, call: Call, joins: (running: Flight, call: Call) => boolean): Call | undefined
}

/** Tells an event: at once, or in a batch as {@link Draft.tell}. */
export function tell({ draft }: Engine, event: () => void, key?: string): void {
  if (draft) draft.tell(event, key)
  else event()
}

/** Where to write entries that derive from what was read: `store`, or in a batch {@link Draft.derived}. */
export function derived({ draft }: Engine, store: Store): Store {
  return draft?.derived() ?? store
}
