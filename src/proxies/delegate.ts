import { type Adapter, assertAdapter } from "../adapter.ts"

type Mutable = { -readonly [Name in keyof Adapter]: Adapter[Name] }

/** The methods that read or write records, including version tokens. */
const recordMethods = ["get", "set", "delete", "clear", "getMany", "setMany", "deleteMany", "add"] as const
const otherMethods = [
  "keys",
  "lock",
  "prune",
  "open",
  "close",
  "peek",
  "forget",
  "tokenChanges",
  "observe",
] as const
const methods = [...recordMethods, ...otherMethods]

/**
 * An adapter that passes every call to `adapter`, except for the methods in `overrides`.
 *
 * Its abilities are those of `adapter` and of `overrides`; an override of `undefined` removes one. Two shortcuts are
 * dropped so that no override is bypassed: `peek` if `get` is overridden, and `tokenChanges` if any method is that
 * reads or writes records. Override them as well to keep them.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` if `adapter` is not an adapter.
 *
 * @example
 * ```ts
 * import { memory } from "isocache/adapters/memory"
 * import { delegate } from "isocache/proxies"
 *
 * const adapter = memory()
 * let reads = 0
 * const counted = delegate(adapter, {
 *   get(key) {
 *     reads++
 *     return adapter.get(key)
 *   },
 * })
 * ```
 */
export function delegate(
  adapter: Adapter,
  overrides: { readonly [Name in keyof Adapter]?: Adapter[Name] | undefined } = {},
): Adapter {
  assertAdapter(adapter, "delegate()")
  const { peek, tokenChanges, ...rest } = throughTo(adapter)
  const seesTokens = recordMethods.every((name) => overrides[name] === undefined)
  const through = {
    ...rest,
    ...(peek && overrides.get === undefined && { peek }),
    ...(tokenChanges && seesTokens && { tokenChanges }),
  }
  // The overrides may be a class instance as well; methods it lacks are left out.
  return replaced(through, { ...throughTo(overrides as Adapter), ...overrides })
}

/** As {@link delegate}, for a proxy that overrides everything: what `adapter` lacks is left out, and shortcuts stay. */
export function proxy(adapter: Adapter, overrides: Partial<Adapter>): Adapter {
  const has = (name: string) => Reflect.get(adapter, name) !== undefined
  const known = Object.fromEntries(Object.entries(overrides).filter(([name]) => has(name)))
  return replaced(throughTo(adapter), known)
}

/** `through`, with its own members replaced by `overrides`. */
function replaced(through: Mutable, overrides: object): Adapter {
  for (const [name, override] of Object.entries(overrides)) {
    if (override !== undefined) Reflect.set(through, name, override)
  }
  return through
}

/** Each method bound to `adapter`, which may be a class instance. */
function throughTo(adapter: Adapter): Mutable {
  const { name, medium, copy, bus } = adapter
  const through = { name, medium, ...(copy && { copy }), ...(bus && { bus }) }
  // Looked up once, because abilities never change; and bound, which is as fast as no proxy.
  const calls = methods.flatMap((method) => {
    const call = adapter[method]
    return call ? [[method, call.bind(adapter)]] : []
  })
  return Object.assign(through, Object.fromEntries(calls))
}
