import type { IndexedDBOptions } from "../adapters/indexeddb.ts"
import type { KVOptions } from "../adapters/kv.ts"
import type { MemoryOptions } from "../adapters/memory.ts"
import type { SqliteOptions } from "../adapters/sqlite.ts"
import type { UpstashOptions } from "../adapters/upstash.ts"
import type { Adapter, Awaitable } from "./adapter.ts"
import { checkAlias, hasOwnStorage, loadAlias } from "./aliases.ts"
import { isObject } from "./base/kind.ts"
import type { Resolved } from "./kit.ts"
import { CacheWrapper as CoreWrapper, type UseOptions } from "./wrapper.ts"

/** The options of each adapter, by its alias. */
export interface AliasOptions {
  /** What the runtime offers. No options. */
  readonly auto: object
  /** This realm's memory. */
  readonly memory: MemoryOptions
  /** The browser's database. */
  readonly indexeddb: IndexedDBOptions
  /** A Workers KV namespace. */
  readonly kv: KVOptions
  /** Redis over REST. */
  readonly upstash: UpstashOptions
  /** A file. */
  readonly sqlite: SqliteOptions
  /** Stores nothing. No options. */
  readonly none: object
}

/**
 * An asynchronous cache over a storage that is named by an alias. Swap the storage, and the behaviour stays the same.
 *
 * Nothing is opened or loaded before the first use. Without an adapter, entries are kept in memory.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 *
 * const cache = new CacheWrapper({ adapter: "sqlite", arguments: { path: ":memory:" }, ttl: "10m", near: true })
 * await cache.set("greeting", "hello")
 * await cache.get("greeting") // "hello"
 * await cache.close()
 * ```
 */
export class CacheWrapper extends CoreWrapper {
  /** For logs: the class is renamed in a bundle that also contains the core's class. */
  static override readonly name: string = "CacheWrapper"

  /**
   * Swaps the storage. The new one opens on first use; calls in progress finish on the old one, which is then closed if
   * an alias had opened it. If the same alias and options are named again for a storage outside of this process, it
   * stays in use: a Worker may call this in each request.
   *
   * `encrypt`, `compress` and `serializer` stay as they were unless given; `false` turns the first two off. `near`
   * belongs to the storage it was given with: give it again for the new one.
   *
   * @throws {CacheError} `ADAPTER_UNKNOWN` (lists the known aliases), `ADAPTER_OPTIONS`, `OPTION_INVALID`, `CLOSED`;
   * synchronously.
   * @example cached.use("memory", { maxEntries: 1000 })
   */
  override use<N extends keyof AliasOptions>(alias: N, options?: AliasOptions[N] & UseOptions): this
  override use(adapter: string | Adapter, options?: UseOptions): this
  override use<N extends string>(alias: N extends keyof AliasOptions ? never : N, options?: object): this
  override use(adapter: string | Adapter, options?: object): this {
    return super.use(adapter, options as UseOptions) // It checks what the type cannot.
  }

  protected override standard(): string {
    return "memory"
  }

  protected override check(alias: string, options: object | undefined): void {
    checkAlias(alias, options)
  }

  protected override outlasts(adapter: unknown): boolean {
    return hasOwnStorage(adapter)
  }

  protected override load(
    alias: string,
    options: object | undefined,
    report: (error: unknown) => void,
  ): Awaitable<Resolved> {
    return loadAlias(alias, options, report)
  }
}

const name = Symbol.for("isocache")

/** The shared cache of this realm, created on first access. There is one, even if the package is bundled twice. */
export function sharedCache(): CacheWrapper {
  const known: unknown = Reflect.get(globalThis, name)
  // Another copy of this package may have created it: its class works as well.
  if (isObject(known)) return known as CacheWrapper
  const made = new CacheWrapper({ adapter: "auto" })
  // globalThis is frozen: each copy of this package has its own.
  Reflect.defineProperty(globalThis, name, { value: made })
  return made
}

/**
 * The shared cache of this realm, on what the runtime offers: IndexedDB in browsers, the KV binding `CACHE` on Workers,
 * SQLite on Node ≥ 22.13, Deno and Bun, each with memory in front; else memory. `ISOCACHE_ADAPTER`, then Upstash's two
 * variables, take precedence. It opens on first use; what cannot open falls back to memory, with one `error` event.
 *
 * @example
 * ```ts
 * import { cached } from "isocache"
 *
 * const news = await cached.getOrSet("news", async () => ["…"], { ttl: "5m", grace: "1h" })
 * ```
 */
export const cached: CacheWrapper = /* @__PURE__ */ sharedCache()
