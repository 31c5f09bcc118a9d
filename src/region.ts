import { attempt } from "./base/awaitable.ts"
import { type Duration, parseDuration } from "./base/duration.ts"
import { batch } from "./batch.ts"
import type { Entry } from "./entry.ts"
import type { GeneratedRegion } from "./generated.ts"
import type { KeyLike } from "./key.ts"
import type { Generator, Kit } from "./kit.ts"
import { isPlainRead, load, readOne, toCall } from "./loading.ts"
import { type Args, type Fn, type Memoized, type MemoizeOptions, memoize } from "./memoize.ts"
import { type MemoizedMany, memoizeMany } from "./memoize-many.ts"
import type { Fallback } from "./policy/context.ts"
import { loadMany, type ManyFallback, type ManyResult } from "./policy/many.ts"
import type { LoadOptions, ReadOptions, WriteOptions } from "./policy/options.ts"
import { clearPlace, invalidatePlace, keysOf, pruneAll } from "./policy/sweep.ts"
import { expireAll, removeAll, touchOne } from "./policy/write.ts"
import { type GetOptions, hotHit, nameOf, peekNow, readMany, readValues } from "./reading.ts"
import { bareKit, type RegionOptions, reach, regionKit, setGenerator } from "./regions.ts"
import type { InvalidateOptions, ManyEntries } from "./writing.ts"
import { endTags, modeOf, setMany, setOne, toTarget } from "./writing.ts"

/**
 * A named part of a cache with its own prefix and options; it has all the verbs of a cache.
 *
 * Reads never reject for the storage's sake: trouble is an `error` event and a miss. Explicit writes do.
 * Every verb rejects with `CLOSED` once its cache is closed, and with `KEY_INVALID` for what is no key.
 */
export class Region {
  /** @internal */
  protected readonly kit: Kit

  /** @internal */
  constructor(kit: Kit) {
    this.kit = kit
  }

  /**
   * The fresh value of `key`, or `undefined` (or `options.default`). Never loads, but for a region with a generator.
   *
   * @throws {CacheError} `CACHE_MISS`, with its `reason`, where `options.required` is set.
   * @example const greeting = await cached.get<string>("greeting", { default: "hello" })
   */
  get<V = unknown>(key: KeyLike<V>, options: GetOptions<V> & { readonly required: true }): Promise<V>
  get<V = unknown>(key: KeyLike<V>, options: GetOptions<V> & { readonly default: V }): Promise<V>
  get<V = unknown>(key: KeyLike<V>, options?: GetOptions<V>): Promise<V | undefined>
  async get(key: KeyLike, options?: GetOptions<unknown>): Promise<unknown> {
    const { kit } = this
    const kept = options === undefined ? hotHit(kit, key) : undefined
    if (kept !== undefined && kit.settings.hot) return kit.settings.hot.store.out(kept)
    const found = readOne(kit, key, options)
    return found instanceof Promise ? await found : found
  }

  /**
   * As {@link get}, with deadlines and tags; tells a cached `undefined` from a miss.
   *
   * @throws {CacheError} `OPTION_INVALID`.
   * @example const entry = await cached.getEntry("greeting", { stale: true })
   */
  async getEntry<V = unknown>(key: KeyLike<V>, options?: ReadOptions): Promise<Entry<V> | undefined> {
    const [entry] = await readMany(this.kit, [key], options)
    return entry as Entry<V> | undefined // The key says what its value is.
  }

  /**
   * The fresh value of `key` where it is known without I/O, else `undefined`. Counts as nothing.
   *
   * @example const now = cached.peek("greeting")
   */
  peek<V = unknown>(key: KeyLike<V>): V | undefined {
    return peekNow(this.kit, key) as V | undefined // The key says what its value is.
  }

  /**
   * Whether there is a fresh entry.
   *
   * @example await cached.has("greeting")
   */
  async has(key: KeyLike, options?: ReadOptions): Promise<boolean> {
    const [entry] = await readMany(this.kit, [key], options, true)
    return entry !== undefined
  }

  /**
   * The values of `keys` in their order, duplicates included; one round trip where the adapter can.
   *
   * @throws {CacheError} `CACHE_MISS` with `required: true`, `OPTION_INVALID`, `KEY_INVALID`. Trouble of the storage
   *   is a miss and an `error` event.
   * @example const [one, two] = await cached.getMany(["1", "2"])
   */
  async getMany<V = unknown>(
    keys: Iterable<KeyLike<V>>,
    options?: GetOptions<V>,
  ): Promise<(V | undefined)[]> {
    const all = [...keys]
    if (this.kit.settings.generate) return Promise.all(all.map((key) => this.get(key, options)))
    return (await readValues(this.kit, all, options)) as (V | undefined)[] // The keys say what their values are.
  }

  /** @internal The entry in whatever state it may be served; counts as nothing. */
  async entryOf(key: KeyLike): Promise<Entry<unknown> | undefined> {
    const [entry] = await readMany(this.kit, [key], { stale: true }, true)
    return entry
  }

  /** @internal The same place without its generator, key function and setter. */
  bare(): Region {
    return new Region(bareKit(this.kit))
  }

  /**
   * Replaces the value and all its deadlines. Rejects when the storage fails. `ttl: 0` removes what was there.
   *
   * @throws {CacheError} `VALUE_UNSUPPORTED`, `VALUE_TOO_LARGE`, `TTL_INVALID`, `OPTION_INVALID`,
   *   `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.set("greeting", "hello", { ttl: "5m", tags: ["texts"] })
   */
  async set<V>(key: KeyLike<V>, value: V, options?: WriteOptions): Promise<void> {
    return setOne(this.kit, key, value, options)
  }

  /**
   * As {@link set} for many, as pairs with options of their own, a Map or a record; one round trip where the adapter
   * can.
   *
   * @throws {CacheError} As {@link set}; then some of them may be stored.
   * @example await cached.setMany([["a", 1], ["b", 2, { ttl: "1h" }]], { ttl: "5m" })
   */
  async setMany(entries: ManyEntries, options?: WriteOptions): Promise<void> {
    return setMany(this.kit, entries, options)
  }

  /**
   * The value of `key`; on a miss that of `fallback`, run once for all who ask at the same time, and kept.
   *
   * The fallback's error is rethrown as it is and nothing is kept. Anything but a function is the value itself.
   *
   * @throws {CacheError} `FALLBACK_TIMEOUT`, `REENTRANT`, `OPTION_INVALID`, `TTL_INVALID`.
   * @see RFC 5861 for stale-while-revalidate (`softTimeout: 0`) and stale-if-error (`grace`).
   * @example const user = await cached.getOrSet("user:42", () => fetchUser(42), { ttl: "5m", grace: "1h" })
   */
  async getOrSet<V>(key: KeyLike<V>, fallback: Fallback<V> | V, options?: LoadOptions<V>): Promise<V> {
    const { kit } = this
    const kept = options === undefined || isPlainRead(options) ? hotHit(kit, key) : undefined
    if (kept !== undefined && kit.settings.hot) return kit.settings.hot.store.out(kept) as V // The key says what it is.
    // Inside, values are unknown.
    const found = load(kit, key, fallback, options as LoadOptions<unknown> | undefined)
    return (found instanceof Promise ? await found : found) as V // The key says what its value is.
  }

  /**
   * The values of `keys` in their order; `fallback` is called once with the missing ones, and answers an array in
   * their order, a Map, or a record. Keys absent from a Map or record come back `undefined` and are not kept.
   *
   * @throws {CacheError} `FALLBACK_RESULT` for a result of a wrong shape or length.
   * @example const users = await cached.getOrSetMany(["1", "2"], (missing) => fetchUsers(...missing.map(Number)))
   */
  async getOrSetMany<V>(
    keys: Iterable<KeyLike<V>>,
    fallback: ManyFallback<V>,
    options?: LoadOptions<V>,
  ): Promise<V[]> {
    const calls = (key: KeyLike, run: Fallback<unknown>) => toCall(this.kit, key, run, options)
    return (await loadMany([...keys], fallback as ManyFallback<unknown>, calls)) as V[] // The keys say what their values are.
  }

  /**
   * Restarts the ttl of a live entry, its own or `ttl` (ms or text); answers whether there was one. `createdAt` stays.
   *
   * @throws {CacheError} `TTL_INVALID`, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.touch("session:1", "30m")
   */
  async touch(key: KeyLike, ttl?: Duration): Promise<boolean> {
    const target = toTarget(this.kit)
    return touchOne(target, nameOf(this.kit, key), ttl === undefined ? undefined : parseDuration(ttl))
  }

  /**
   * Removes `keys` now; answers how many live entries there were. A load in progress is not stored.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.delete("a", "b")
   */
  async delete(...keys: readonly KeyLike[]): Promise<number> {
    const names = keys.map((key) => nameOf(this.kit, key))
    return removeAll(toTarget(this.kit), names)
  }

  /**
   * Makes `keys` stale now and keeps them within grace; answers how many live entries there were.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.expire("rates")
   */
  async expire(...keys: readonly KeyLike[]): Promise<number> {
    const names = keys.map((key) => nameOf(this.kit, key))
    return expireAll(toTarget(this.kit), names)
  }

  /**
   * Ends every entry with one of the tags, for every reader of the same storage. O(1) a tag. Tags belong to the whole
   * cache. `{ mode: "soft" }` as last argument expires them instead.
   *
   * @throws {CacheError} `OPTION_INVALID`, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.invalidateTags("users", "teams")
   */
  async invalidateTags(...tags: readonly (string | InvalidateOptions)[]): Promise<void> {
    return endTags(this.kit, tags)
  }

  /**
   * Ends every entry of this cache or region and the regions in it, for every reader of the same storage. O(1).
   * A soft one never weakens a hard one.
   *
   * @throws {CacheError} `OPTION_INVALID`, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.region("users").invalidate({ mode: "soft" })
   */
  async invalidate(options?: InvalidateOptions): Promise<void> {
    const mode = modeOf(options)
    for (const target of reach(this.kit)) await invalidatePlace(target, mode)
    this.kit.hub.invalidated(this.kit.place, mode)
  }

  /**
   * Removes what is under this cache's or region's prefix, regions in it included, and nothing else.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.clear()
   */
  async clear(): Promise<void> {
    for (const target of reach(this.kit)) await clearPlace(target)
    this.kit.hub.tell(this.kit.place, "", "clear")
  }

  /**
   * The keys of live entries of this cache or region itself, as given.
   *
   * @throws {CacheError} `ADAPTER_ABILITY` where the adapter cannot list, `ADAPTER_UNAVAILABLE`.
   * @example for await (const name of cached.keys()) console.log(name)
   */
  async *keys(): AsyncGenerator<string, void, undefined> {
    yield* keysOf(toTarget(this.kit))
  }

  /**
   * Drops what is past its grace from the whole storage; answers how many, 0 where the adapter has no way.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example const dropped = await cached.prune()
   */
  async prune(): Promise<number> {
    let count = 0
    for (const target of reach(this.kit)) count += await pruneAll(target)
    return count
  }

  /**
   * Whether a load of `key` runs here.
   *
   * @example cached.isLoading("report")
   */
  isLoading(key: KeyLike): boolean {
    const { settings, place } = this.kit
    return settings.home().flights.get(place.full(nameOf(this.kit, key))) !== undefined
  }

  /**
   * Runs `work` with a view that has all verbs and reads its own writes. They reach the storage together when it
   * returns, and not at all when it throws.
   *
   * @example await cached.batch(async (batch) => { await batch.set("a", 1); await batch.delete("b") })
   */
  async batch<R>(work: (batch: Region) => R | Promise<R>): Promise<R> {
    const face = (kit: Kit) => new Region(kit)
    return batch(this.kit, face, (kit) => attempt(() => work(face(kit))))
  }

  /**
   * The region called `name`; always the same one. Options may come late, but once.
   *
   * @throws {CacheError} `REGION_CONFIGURED` for options a second time, unless with `replace: true`.
   * @example const users = cached.region("users", { ttl: "10m", generate: fetchUser })
   */
  region<V, A>(
    name: string,
    options: RegionOptions<V, A> & { readonly generate: Generator<V, A> },
  ): GeneratedRegion<V, A>
  region<V = unknown, A = never>(name: string, options?: RegionOptions<V, A>): Region
  region(name: string, options?: object): unknown {
    return regionKit(this.kit, name, options, (kit) => new Region(kit))
  }

  /**
   * Sets or replaces what makes a missing value of this region from its argument.
   *
   * @example const users = cached.region("users").generate(fetchUser)
   */
  generate<V, A>(generator: Generator<V, A>): GeneratedRegion<V, A> {
    setGenerator(this.kit, generator)
    // From now on its verbs take the generator's argument.
    return this as unknown as GeneratedRegion<V, A>
  }

  /**
   * A function that serves `fn` from the cache: same parameters, promise of the result. See {@link MemoizeOptions}.
   *
   * @throws {CacheError} `NAME_REQUIRED`, `OPTION_INVALID`; when called `ARGUMENT_CHANGED`, and as `getOrSet`.
   * @example const loadUser = cached.memoize(fetchUser, { name: "user", ttl: "5m" })
   */
  memoize<F extends Fn>(fn: F, options?: MemoizeOptions<Args<F>, Awaited<ReturnType<F>>>): Memoized<F> {
    return memoize(this.bare(), fn, options)
  }

  /**
   * As {@link memoize} for a function of many ids that answers as `getOrSetMany`'s fallback: one entry an id.
   *
   * @throws {CacheError} `NAME_REQUIRED`, `OPTION_INVALID`; when called `FALLBACK_RESULT`, and as `getOrSet`.
   * @example const loadUsers = cached.memoizeMany(fetchUsers, { name: "users", ttl: "5m" })
   */
  memoizeMany<I, V>(
    fn: (...ids: I[]) => ManyResult<V> | Promise<ManyResult<V>>,
    options?: MemoizeOptions<NoInfer<I>[], V>,
  ): MemoizedMany<I, V> {
    return memoizeMany(this.bare(), fn, options)
  }
}
