import type { Awaitable } from "../base/awaitable.ts"
import type { Store } from "../store/store.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import type { Watcher } from "./lane.ts"

/** The batch part of an engine: nothing done on it is visible outside before the batch succeeds. */
export interface Draft {
  /** Emits an event at the end; one with a storage `key` only if an entry is still written there. */
  tell(event: () => void, key?: string): void
  /** Fences the flights of keys at the end, even if nothing is written there. */
  fences(keys: readonly string[]): void
  /** At the end, fences on the outer engine the flights that a renewed version ends. */
  ends(fence: (on: Engine) => void): void
  /** Called with what is written outside: entries that the batch derived from its reads give way to it. */
  readonly hear: Watcher
  /** Calls an origin's setter at the end, before anything is stored. */
  through(write: () => Awaitable<unknown>): void
  /**
   * The batch's own store for entries derived from reads: loaded, touched, expired. They give way to what is written
   * outside from now on; what the batch itself sets and deletes does not.
   */
  derived(): Store
  /**
   * The call to make outside in place of a load in the batch. `undefined` if the batch has written the key, or if no
   * load that `joins` allows runs outside. The caller that started that load stores its value.
   */
  outside(flight: Flight, call: Call, joins: (running: Flight, call: Call) => boolean): Call | undefined
}

/** Emits an event now, or in a batch as {@link Draft.tell} does. */
export function tell({ draft }: Engine, event: () => void, key?: string): void {
  if (draft) draft.tell(event, key)
  else event()
}

/** Where to write entries derived from reads: `store`, or {@link Draft.derived} in a batch. */
export function derived({ draft }: Engine, store: Store): Store {
  return draft?.derived() ?? store
}
