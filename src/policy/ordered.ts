import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"
import { bulkTimeout, type Policy } from "./options.ts"

/*
 * A write has its place in the queue from the moment it is called, however long the storage takes to open. Closing the
 * cache waits for it, even while it still waits for others.
 */

interface Writer {
  readonly engine: Engine
  readonly policy: Policy
}

/** Work on the open storage; once it `isLate` it must end, for somebody else may be writing. */
type Work<T> = (store: Store, isLate: () => boolean) => Awaitable<T>

/**
 * Runs `work` after the writes of `keys` that were called before.
 *
 * @param more - How long it may take besides its write, in ms. Default 0.
 */
export function inOrder<T>(writer: Writer, keys: readonly string[], work: Work<T>, more = 0): Awaitable<T> {
  const { engine, policy } = writer
  const ms = bulkTimeout(policy, keys)
  const waits = engine.queue.isBusy(keys)
  const done = engine.queue.ordered(keys, ms, onStore(writer, work), ms + more + opening(writer))
  // A write that begins at once is counted as under way by Engine.guard.
  return waits && isPromise(done) ? engine.busy.track(done) : done
}

/** Runs `work` after all writes that were called before, and before all that come; `writes` tells which keys it is about. */
export function alone<T>(writer: Writer, work: Work<T>, writes: (key: string) => boolean): Promise<T> {
  const { engine, policy } = writer
  const ms = policy.storeTimeout
  return engine.busy.track(engine.queue.alone(ms, onStore(writer, work), writes, ms + opening(writer)))
}

function onStore<T>({ engine, policy }: Writer, work: Work<T>): (isLate: () => boolean) => Awaitable<T> {
  return (isLate) => chain(engine.opened(policy.storeTimeout), (store) => work(store, isLate))
}

/** How long the storage may take to open, in ms: 0 once it is open. */
function opening({ engine, policy }: Writer): number {
  return engine.store ? 0 : policy.storeTimeout
}
