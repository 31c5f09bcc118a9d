import { type Adapter, assertAdapter } from "../adapter.ts"
import { CacheError } from "../base/errors.ts"
import { proxy } from "./delegate.ts"

/**
 * Prevents all writes: explicit ones reject with `ADAPTER_ABILITY`; what a load returns is silently not stored.
 *
 * Every caller gets a lease: waiting for another's would be pointless, because its value is not stored.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` if `adapter` is not an adapter.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { memory } from "isocache/adapters/memory"
 * import { readOnly } from "isocache/proxies"
 *
 * const cache = new CacheWrapper({ adapter: readOnly(memory()) })
 * ```
 */
export function readOnly(adapter: Adapter): Adapter {
  assertAdapter(adapter, "readOnly()")
  const refuse = (): Promise<never> =>
    Promise.reject(
      new CacheError(
        "ADAPTER_ABILITY",
        `The adapter "${adapter.name}" is read-only here. To write, use it without readOnly().`,
      ),
    )
  return proxy(adapter, {
    set: refuse,
    setMany: refuse,
    delete: refuse,
    deleteMany: refuse,
    clear: refuse,
    add: refuse,
    prune: refuse,
    lock: () => ({ release() {} }),
  })
}
