import type { Adapter, Awaitable } from "../adapter.ts"
import { isPromise, quietly } from "../base/awaitable.ts"
import { CacheError } from "../base/errors.ts"
import { proxy } from "./delegate.ts"

const operations = [
  "get",
  "set",
  "delete",
  "clear",
  "getMany",
  "setMany",
  "deleteMany",
  "add",
  "lock",
  "prune",
  "open",
] as const

/** The operations that a proxy may wrap: all but `peek`, `tokenChanges`, `forget`, `observe` and `close`. */
export type Operation = (typeof operations)[number] | "keys"

/** Runs an operation, or a step of a key listing: once, repeatedly, or not at all. */
export type Around = <T>(operation: Operation, run: () => Awaitable<T>) => Awaitable<T>

/** A proxy over `adapter` that runs every operation through `around`. */
export function aroundAll(adapter: Adapter, around: Around): Adapter {
  const inner = proxy(adapter, {})
  const watched = operations.map((name) => {
    const call = inner[name] as Call // Bound by proxy(), which leaves it out below if it does not exist.
    return [name, (...args: readonly unknown[]) => around(name, () => settling(call(...args)))]
  })
  const keys = (prefix: string) => stepwise(() => inner.keys?.(prefix) ?? [], around)
  return proxy(inner, { ...Object.fromEntries(watched), keys })
}

/** Wraps a promise in a native one: a foreign one may have nothing but a `then`, and start again with each call. */
export function settling<T>(result: Awaitable<T>): Awaitable<T> {
  return isPromise(result) ? Promise.resolve(result) : result
}

type Call = (...args: readonly unknown[]) => Awaitable<unknown>

/** Whether the storage failed, so that a retry may help. Anything else is the caller's mistake. */
export function isStorageTrouble(error: unknown): boolean {
  return (
    !(error instanceof CacheError) || error.code === "ADAPTER_UNAVAILABLE" || error.code === "STORE_TIMEOUT"
  )
}

/** A listing whose start is one operation, and each further step another. */
async function* stepwise(
  list: () => AsyncIterable<string> | Iterable<string>,
  around: Around,
): AsyncGenerator<string> {
  let keys: AsyncIterator<string> | Iterator<string> | undefined
  let isOver = false
  try {
    // The start may be repeated, a later step may not.
    let step = await around("keys", async () => {
      keys = iteratorOf(await list())
      return keys.next()
    })
    for (;;) {
      isOver = step.done === true
      if (step.done === true) return
      yield step.value
      step = await around(
        "keys",
        onlyOnce(async () => keys?.next() ?? { done: true, value: undefined }),
      )
    }
  } finally {
    // Not awaited: it may wait for a step that never ends.
    if (!isOver) quietly(() => keys?.return?.())
  }
}

/** Wraps `step`: repeated, it throws its first error again, because that has ended the listing. */
function onlyOnce<T>(step: () => Promise<T>): () => Promise<T> {
  let first: Promise<T> | undefined
  return () => {
    first ??= step()
    return first
  }
}

function iteratorOf(
  keys: AsyncIterable<string> | Iterable<string>,
): AsyncIterator<string> | Iterator<string> {
  return Symbol.asyncIterator in keys ? keys[Symbol.asyncIterator]() : keys[Symbol.iterator]()
}
