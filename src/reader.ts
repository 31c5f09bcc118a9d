import type { Awaitable } from "./base/awaitable.ts"
import type { Entry } from "./entry.ts"
import { hotEntry, hotHit } from "./hits.ts"
import type { KeyLike, ValueOf } from "./key.ts"
import type { Kit } from "./kit.ts"
import { isPlainRead, loadAll, readGenerated, readOne, serveOrLoad } from "./loading.ts"
import type { ManyResult } from "./policy/answers.ts"
import type { Served } from "./policy/call.ts"
import type { Anything, Fallback, FallbackOf, LoadContext } from "./policy/context.ts"
import type { ManyFallback, ManyFallbackOf } from "./policy/many.ts"
import type { Judged, LoadOptions, ReadOptions } from "./policy/options.ts"
import { keysOf } from "./policy/sweep.ts"
import { type GetOptions, listOf, nameOf, peekNow, readMany, readValues } from "./reading.ts"
import { toTarget } from "./writing.ts"

/** The type of a result: the key's, or else that of the fallback or the default. */
export type Loaded<V, R> = unknown extends V ? R : V

/**
 * The verbs of a cache or region that return values: those that read, and those that load what is missing.
 *
 * When the storage fails, a read or load sees a miss, with an `error` event; it does not reject. Only `keys` does.
 */
export class Reader {
  /** @internal */
  declare protected readonly kit: Kit

  /** @internal */
  constructor(kit: Kit) {
    // Not enumerable, unlike a class field: its options contain secrets that logs and JSON must not show.
    Object.defineProperty(this, "kit", { value: kit })
  }

  /**
   * The fresh value of `key`, or `undefined` (or `options.default`). Never loads, except in a region with a generator.
   *
   * @throws {CacheError} `CACHE_MISS`, with its `reason`, if `options.required` is set.
   * @example const greeting = await cached.get<string>("greeting", { default: "hello" })
   */
  get<V = unknown>(key: KeyLike<V>, options: GetOptions<V> & { readonly required: true }): Promise<V>
  get<V = unknown, D extends V = V>(
    key: KeyLike<V>,
    options: GetOptions<D> & { readonly default: D },
  ): Promise<Loaded<V, D>>
  get<V = unknown>(key: KeyLike<V>, options: GetOptions<V> & { readonly default: V }): Promise<V>
  get<V = unknown>(key: KeyLike<V>, options?: GetOptions<V>): Promise<V | undefined>
  get(key: KeyLike, options?: GetOptions<unknown>): Promise<unknown> {
    const { kit } = this
    // Not an async function, which would allocate more than the promise.
    try {
      const kept = options === undefined ? hotHit(kit, key) : undefined
      const { hot } = kit.settings
      return Promise.resolve(kept && hot ? hot.store.out(kept) : readOne(kit, key, options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * As {@link get}, with deadlines and tags. Distinguishes a cached `undefined` from a miss.
   *
   * @throws {CacheError} `CACHE_MISS`, with its `reason`, if `options.required` is set; `OPTION_INVALID`.
   * @example const entry = await cached.getEntry("greeting", { stale: true })
   */
  getEntry<V = unknown>(
    key: KeyLike<V>,
    options: Omit<GetOptions<V>, "default"> & { readonly required: true },
  ): Promise<Entry<V>>
  getEntry<V = unknown>(
    key: KeyLike<V>,
    options?: Omit<GetOptions<V>, "default">,
  ): Promise<Entry<V> | undefined>
  async getEntry(key: KeyLike, options?: GetOptions<unknown>): Promise<Entry<unknown> | undefined> {
    const [entry] = await readMany(this.kit, [key], options)
    return entry
  }

  /**
   * The fresh value of `key` if known without I/O, else `undefined`. Counts as neither hit nor miss.
   *
   * @example const now = cached.peek("greeting")
   */
  peek<V = unknown>(key: KeyLike<V>): V | undefined {
    return peekNow(this.kit, key) as V | undefined // The key determines the type of its value.
  }

  /**
   * Whether there is a fresh entry, or with `stale: true` one within its grace. Counts as neither hit nor miss.
   *
   * @example await cached.has("greeting")
   */
  async has(key: KeyLike, options?: ReadOptions): Promise<boolean> {
    if (options === undefined && hotEntry(this.kit, key)) return true
    const [entry] = await readMany(this.kit, [key], options, true)
    return entry !== undefined
  }

  /**
   * The values of `keys` in their order, duplicates included; one round trip where the adapter can.
   *
   * @throws {CacheError} `CACHE_MISS` with `required: true`, `OPTION_INVALID`, `KEY_INVALID`. If the storage fails,
   * that is a miss and an `error` event.
   * @example const [one, two] = await cached.getMany(["1", "2"])
   */
  getMany<V = unknown, D extends V = V>(
    keys: Iterable<KeyLike<V>>,
    options: GetOptions<D> & { readonly default: D },
  ): Promise<Loaded<V, D>[]>
  getMany<V = unknown>(
    keys: Iterable<KeyLike<V>>,
    options: GetOptions<V> & ({ readonly required: true } | { readonly default: V }),
  ): Promise<V[]>
  getMany<V = unknown>(keys: Iterable<KeyLike<V>>, options?: GetOptions<V>): Promise<(V | undefined)[]>
  getMany<const K extends readonly KeyLike[]>(
    keys: K,
    options: Omit<GetOptions<unknown>, "default"> & { readonly required: true },
  ): Promise<{ -readonly [I in keyof K]: ValueOf<K[I]> }>
  getMany<const K extends readonly KeyLike[]>(
    keys: K,
    options?: Omit<GetOptions<unknown>, "default">,
  ): Promise<{ -readonly [I in keyof K]: ValueOf<K[I]> | undefined }>
  async getMany(keys: Iterable<KeyLike>, options?: GetOptions<unknown>): Promise<unknown[]> {
    this.kit.settings.home()
    const all = listOf(keys)
    const read = this.kit.settings.generate ? readGenerated : readValues
    return await read(this.kit, all, options)
  }

  /** @internal The entry, fresh or stale within its grace. Counts as neither hit nor miss. */
  async entryOf(key: KeyLike): Promise<Entry<unknown> | undefined> {
    const [entry] = await readMany(this.kit, [key], { stale: true }, true)
    return entry
  }

  /** @internal As {@link getOrSet}; `onServe` is called if it is served from the cache. */
  async serve<V>(
    key: string,
    fallback: Fallback<V>,
    options: LoadOptions<V> | undefined,
    onServe: Served,
  ): Promise<V> {
    return serveOrLoad(this.kit, key, fallback, options as LoadOptions<unknown>, onServe) as V // As for getOrSet.
  }

  /** @internal As {@link getOrSetMany}; `onServe` is called for each key that is served from the cache. */
  async serveMany<V>(
    keys: readonly string[],
    fallback: ManyFallback<V>,
    options: LoadOptions<V> | undefined,
    onServe: (key: KeyLike, ...served: Parameters<Served>) => void,
  ): Promise<V[]> {
    // As for getOrSetMany.
    return (await loadAll(this.kit, keys, fallback as ManyFallback<unknown>, options, onServe)) as V[]
  }

  /**
   * The value of `key`. On a miss it runs `fallback`, once for all concurrent callers, and stores its value.
   *
   * The fallback's error is rethrown as it is, and nothing is stored. Anything but a function is the value itself.
   *
   * @throws {CacheError} `FALLBACK_TIMEOUT`, `REENTRANT`, `OPTION_INVALID`, `TTL_INVALID`.
   * @see RFC 5861 for stale-while-revalidate (`softTimeout: 0`) and stale-if-error (`grace`).
   * @example const user = await cached.getOrSet("user:42", () => fetchUser(42), { ttl: "5m", grace: "1h" })
   */
  getOrSet<V>(
    key: KeyLike<V>,
    fallback: NoInfer<(context: LoadContext<V>) => V | Promise<V> | Anything>,
    options: LoadOptions<V> & Judged<V>,
  ): Promise<V>
  getOrSet<V, R extends V = V>(
    key: KeyLike<V>,
    fallback: FallbackOf<V, R> | R,
    options?: LoadOptions<R>,
  ): Promise<Loaded<V, R>>
  getOrSet<V>(key: KeyLike<V>, fallback: unknown, options?: LoadOptions<V>): Promise<V> {
    const { kit } = this
    try {
      const kept = options === undefined || isPlainRead(options) ? hotHit(kit, key) : undefined
      const { hot } = kit.settings
      // Inside, values are unknown; the key determines the type.
      const own = options as LoadOptions<unknown> | undefined
      return Promise.resolve((kept && hot ? hot.store.out(kept) : serveOrLoad(kit, key, fallback, own)) as V)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * The values of `keys` in their order. `fallback` is called once with the missing ones, and returns an array in their
   * order, a Map, or a record. Keys absent from a Map or record come back `undefined` and are not stored.
   *
   * All keys share one context: see {@link ManyFallback}.
   *
   * @throws {CacheError} `FALLBACK_RESULT` for a result of the wrong shape or length, and as {@link getOrSet}.
   * @example const users = await cached.getOrSetMany(["1", "2"], (missing) => fetchUsers(...missing.map(Number)))
   */
  getOrSetMany<V, K extends KeyLike<V> = KeyLike<V>>(
    keys: Iterable<K & KeyLike<V>>,
    fallback: NoInfer<(missing: K[], context: LoadContext<V>) => Awaitable<ManyResult<V | Anything>>>,
    options: LoadOptions<V> & Judged<V>,
  ): Promise<V[]>
  getOrSetMany<V, R extends V = V, K extends KeyLike<V> = KeyLike<V>>(
    keys: Iterable<K & KeyLike<V>>,
    fallback: ManyFallbackOf<V, R, K>,
    options?: LoadOptions<R>,
  ): Promise<Loaded<V, R>[]>
  async getOrSetMany<V>(keys: Iterable<KeyLike>, fallback: unknown, options?: LoadOptions<V>): Promise<V[]> {
    // The keys determine the types; inside, values are unknown.
    return (await loadAll(this.kit, keys, fallback as ManyFallback<unknown>, options)) as V[]
  }

  /**
   * The keys, as given, of live entries of this cache or region itself.
   *
   * @throws {CacheError} `ADAPTER_ABILITY` if the adapter cannot list keys, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example for await (const name of cached.keys()) console.log(name)
   */
  async *keys(): AsyncGenerator<string, void, undefined> {
    yield* keysOf(toTarget(this.kit))
  }

  /**
   * Whether this cache is loading `key`.
   *
   * @example cached.isLoading("report")
   */
  isLoading(key: KeyLike): boolean {
    const { settings, place } = this.kit
    return settings.home().flights.get(place.full(nameOf(this.kit, key))) !== undefined
  }
}
