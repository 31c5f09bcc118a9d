import { type Awaitable, chain } from "../base/awaitable.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"
import { bulkTimeout, type Policy } from "./options.ts"
import type { Prepare, Work } from "./queue.ts"

/*
 * A write takes its place in the queue when it is called, however long the storage takes to open. Closing the cache
 * waits for it, even while it is queued.
 */

interface Writer {
  readonly engine: Engine
  readonly policy: Policy
}

/** Makes the write, once the storage is open and it is its turn. It must limit its own duration. */
type Plan<T> = (store: Store) => Awaitable<Work<T>>

/**
 * Runs a write after the earlier writes of `keys`.
 *
 * @param more - How long `plan` may take, in ms. Default 0.
 */
export function inOrder<T>(writer: Writer, keys: readonly string[], plan: Plan<T>, more = 0): Awaitable<T> {
  const { engine, policy } = writer
  return engine.queue.ordered(keys, bulkTimeout(policy, keys), onStore(writer, plan), more + opening(writer))
}

/** Runs a write after all earlier writes and before all later ones. `writes` tells which keys it affects. */
export function alone<T>(writer: Writer, plan: Plan<T>, writes: (key: string) => boolean): Promise<T> {
  const { engine, policy } = writer
  return engine.queue.alone(policy.storeTimeout, onStore(writer, plan), writes, opening(writer))
}

function onStore<T>({ engine, policy }: Writer, plan: Plan<T>): Prepare<T> {
  return (run) => chain(engine.opened(policy.storeTimeout), (store) => chain(plan(store), run))
}

/** How long the storage may take to open, in ms: 0 once it is open. */
function opening({ engine, policy }: Writer): number {
  return engine.store ? 0 : policy.storeTimeout
}
