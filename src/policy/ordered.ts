import { type Awaitable, chain } from "../base/awaitable.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"
import { bulkTimeout, type Policy } from "./options.ts"
import type { Prepare as Begin, Work } from "./queue.ts"

/*
 * A write takes its place in the queue when it is called, however long the storage takes to open. Closing the cache
 * waits for it, even while it is queued.
 */

interface Writer {
  readonly engine: Engine
  readonly policy: Policy
}

/** Returns the write once the storage is open and it is its turn. It must limit its own duration. */
type Prepare<T> = (store: Store) => Awaitable<Work<T>>

/**
 * Runs a write after the earlier writes of `keys`.
 *
 * @param more - How long `prepare` may take, in ms. Default 0.
 */
export function inOrder<T>(
  writer: Writer,
  keys: readonly string[],
  prepare: Prepare<T>,
  more = 0,
): Awaitable<T> {
  const { engine, policy } = writer
  return engine.queue.ordered(
    keys,
    bulkTimeout(policy, keys),
    onStore(writer, prepare),
    more + opening(writer),
  )
}

/** Runs a write after all earlier writes and before all later ones. `writes` tells which keys it affects. */
export function alone<T>(writer: Writer, prepare: Prepare<T>, writes: (key: string) => boolean): Promise<T> {
  const { engine, policy } = writer
  return engine.queue.alone(policy.storeTimeout, onStore(writer, prepare), writes, opening(writer))
}

function onStore<T>({ engine, policy }: Writer, prepare: Prepare<T>): Begin<T> {
  return (run) => chain(engine.opened(policy.storeTimeout), (store) => chain(prepare(store), run))
}

/** How long the storage may take to open, in ms: 0 once it is open. */
function opening({ engine, policy }: Writer): number {
  return engine.store ? 0 : policy.storeTimeout
}
