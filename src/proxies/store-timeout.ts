import { type Adapter, type Awaitable, assertAdapter } from "../adapter.ts"
import { isPromise } from "../base/awaitable.ts"
import { after } from "../base/clock.ts"
import { type Duration, parseDuration } from "../base/duration.ts"
import { CacheError } from "../base/errors.ts"
import { aroundAll, settling } from "./calls.ts"
import { proxy } from "./delegate.ts"

/**
 * Lets no operation take longer than `ms`, by default 2 s: it rejects with `STORE_TIMEOUT` then.
 *
 * The operation itself goes on: a late write may still arrive, a late lease is given back. Synchronous answers are
 * handed through. A cache has a `storeTimeout` of its own; this one is for putting other proxies around it.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID`.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { upstash } from "isocache/adapters/upstash"
 * import { storeTimeout } from "isocache/proxies"
 *
 * const cache = new CacheWrapper({ adapter: storeTimeout(upstash(), 500) })
 * ```
 */
export function storeTimeout(adapter: Adapter, ms: Duration = 2000): Adapter {
  assertAdapter(adapter, "storeTimeout()")
  const limit = parseDuration(ms)
  const limited = aroundAll(adapter, (_, run) => inTime(run(), limit, () => {}))
  const lock = (key: string, ttl: number) =>
    inTime(settling(adapter.lock?.(key, ttl)), limit, async (late) => {
      await (await late)?.release()
    })
  return proxy(limited, { lock })
}

/** `result`, if it comes within `ms`; else the rejection. `onLate` then gets what comes too late. */
function inTime<T>(
  result: Awaitable<T>,
  ms: number,
  onLate: (late: Promise<T>) => Awaitable<void>,
): Awaitable<T> {
  if (!isPromise(result) || ms === Infinity) return result
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => {
      reject(
        new CacheError(
          "STORE_TIMEOUT",
          `The storage did not answer within ${ms} ms. Give it more time, or look after it.`,
        ),
      )
      // Nobody waits any more to be told how this ends.
      Promise.resolve(onLate(result)).catch(() => {})
    })
    result.then(resolve, reject).finally(cancel)
  })
}
