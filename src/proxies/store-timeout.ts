import { type Adapter, type Awaitable, assertAdapter } from "../adapter.ts"
import { isPromise } from "../base/awaitable.ts"
import { after } from "../base/clock.ts"
import { type Duration, parseDuration } from "../base/duration.ts"
import { CacheError } from "../base/errors.ts"
import { aroundAll, settling } from "./calls.ts"
import { proxy } from "./delegate.ts"

/**
 * Limits each operation to `ms`, 2 s by default; then it rejects with `STORE_TIMEOUT`.
 *
 * The operation itself goes on: a late write may still arrive, a late lease is released. Synchronous results pass
 * unchanged. A cache has its own `storeTimeout`; use this one inside other proxies.
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

/** `result` if it arrives within `ms`, else a rejection. `onLate` receives a late result. */
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
          `The storage did not answer within ${ms} ms. Allow more time, or check the storage.`,
        ),
      )
      // No caller is left to handle its outcome.
      Promise.resolve(onLate(result)).catch(() => {})
    })
    result.then(resolve, reject).finally(cancel)
  })
}
