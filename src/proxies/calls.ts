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

/** The operations that a proxy may watch: all but `peek`, `tokenChanges`, `forget`, `observe` and `close`. */
export type Operation = (typeof operations)[number] | "keys"

/** Runs an operation, or a step of one that lists keys: once, more often, or not at all. */
export type Around = <T>(operation: Operation, run: () => Awaitable<T>) => Awaitable<T>

/** A proxy over `adapter` that runs every operation by `around`. */
export function aroundAll(adapter: Adapter, around: Around): Adapter {
  const inner = proxy(adapter, {})
  const watched = operations.map((name) => {
    const call = inner[name] as Call // Bound; or none, and then proxy() leaves it out.
    return [name, (...args: readonly unknown[]) => around(name, () => settling(call(...args)))]
  })
  const keys = (prefix: string) => stepwise(() => inner.keys?.(prefix) ?? [], around)
  return proxy(inner, { ...Object.fromEntries(watched), keys })
}

/** A promise of ours for anything else with a `then`, which may have no more than that, and begin anew with each. */
export function settling<T>(result: Awaitable<T>): Awaitable<T> {
  return isPromise(result) ? Promise.resolve(result) : result
}

type Call = (...args: readonly unknown[]) => Awaitable<unknown>

/** Whether trying again, or later, could help: not where it is the caller's own doing. */
export function isStorageTrouble(error: unknown): boolean {
  return (
    !(error instanceof CacheError) || error.code === "ADAPTER_UNAVAILABLE" || error.code === "STORE_TIMEOUT"
  )
}

/** A listing whose beginning is one operation, and every further step one as well. */
async function* stepwise(
  list: () => AsyncIterable<string> | Iterable<string>,
  around: Around,
): AsyncGenerator<string> {
  let keys: AsyncIterator<string> | Iterator<string> | undefined
  let isOver = false
  try {
    // What has not begun may begin again; what is in the middle cannot.
    let step = await around("keys", async () => {
      keys = iteratorOf(list())
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
    // It may wait for a step that never comes.
    if (!isOver) quietly(() => keys?.return?.())
  }
}

/** A repeated step tells its first failure again, for the listing has ended with it. */
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
