import type { Adapter } from "../adapter.ts"
import { type Awaitable, isPromise } from "../base/awaitable.ts"
import { CacheError } from "../base/errors.ts"
import { scrub } from "../base/scrub.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"

/** Where a storage comes from: an adapter that was passed in, or an alias that is loaded on first use. */
export interface Source {
  readonly name: string
  /** The adapter, if known without loading. */
  readonly adapter: Adapter | undefined
  /** Whether the cache opened it, and so must close it. */
  readonly owned: boolean
  open(report: (error: unknown) => void): Awaitable<Store>
  /** The options it was created with. */
  readonly options: object
  /** The same adapter with other options. */
  derive(options: object): Source
}

/**
 * Opens the storage of `source`. `report` receives errors that do not prevent that.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if it cannot be opened; a `CacheError` of the adapter is thrown as it is.
 */
export function openStore(source: Source, report: (error: unknown) => void): Awaitable<Store> {
  const refused = (error: unknown): never => {
    throw unavailable(error, source.name)
  }
  try {
    const store = source.open(report)
    return isPromise(store) ? store.catch(refused) : store
  } catch (error) {
    return refused(error)
  }
}

function unavailable(error: unknown, name: string): unknown {
  const cause = scrub(error)
  if (cause instanceof CacheError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    `The storage "${name}" cannot be opened: ${why}. Fix that, or use another adapter.`,
    { cause },
  )
}

/** Stands in for an adapter that is not open yet, under its name; each call opens the storage first. */
export function standIn(engine: Engine): Adapter {
  const open = async () => (await engine.open()).adapter
  return {
    name: engine.source.name,
    medium: "object",
    get: async (key) => (await open()).get(key),
    set: async (key, record, ttl) => (await open()).set(key, record, ttl),
    delete: async (key) => (await open()).delete(key),
    clear: async (prefix) => (await open()).clear(prefix),
  }
}
