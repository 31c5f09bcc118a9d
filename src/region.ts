import { attempt } from "./base/awaitable.ts"
import { type Duration, parseDuration } from "./base/duration.ts"
import { misuse } from "./base/errors.ts"
import type { Rules } from "./base/rules.ts"
import type { GeneratedRegion } from "./generated.ts"
import type { KeyLike } from "./key.ts"
import type { Kit } from "./kit.ts"
import {
  type Args,
  type Fn,
  type Memoized,
  type MemoizedAs,
  type MemoizeOptions,
  memoizeWith,
} from "./memoize.ts"
import { type ManyFn, type MemoizedMany, memoizeMany } from "./memoize-many.ts"
import type { Anything, LoadContext } from "./policy/context.ts"
import type { Judged, WriteOptions } from "./policy/options.ts"
import { expireAll, touchOne } from "./policy/rewrite.ts"
import { clearPlace, invalidatePlace, pruneAll } from "./policy/sweep.ts"
import { removeAll } from "./policy/write.ts"
import { Reader } from "./reader.ts"
import { nameOf, namesOf } from "./reading.ts"
import { bareKit, type RegionOptions, regionKit, setGenerator } from "./regions.ts"
import type { InvalidateOptions, ManyEntries, ManyEntry } from "./writing.ts"
import { endTags, everywhere, lasting, modeOf, setMany, setOne, toTarget } from "./writing.ts"

/**
 * A named part of a cache with its own prefix and options, and with all verbs of a cache.
 *
 * Every verb rejects with `CLOSED` once its cache is closed, and with `KEY_INVALID` for invalid keys; `peek` and
 * `isLoading` throw these errors.
 */
export class Region extends Reader {
  /** @internal Claims the short name `name` for `fn`; returns whether no other function has it in this region. */
  claims(name: string, fn: unknown): boolean {
    const { path, shared } = this.kit
    const source = String(fn)
    const known = shared.names.get(path + name) ?? source
    shared.names.set(path + name, known)
    return known === source
  }

  /**
   * @internal The same region without its generator, key function and setter, with `options` over its own. Options in
   * `also` are checked here and read elsewhere.
   */
  bare(options?: object, also?: Rules): Region {
    return faceOf(bareKit(this.kit, options, also))
  }

  /**
   * Replaces the value and all its deadlines. Rejects when the storage fails. `ttl: 0` removes what was there.
   *
   * @throws {CacheError} `VALUE_UNSUPPORTED`, `VALUE_TOO_LARGE`, `TTL_INVALID`, `OPTION_INVALID`,
   *   `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.set("greeting", "hello", { ttl: "5m", tags: ["texts"] })
   */
  set<V>(key: KeyLike<V>, value: NoInfer<V>, options?: WriteOptions): Promise<void> {
    return lasting(this.kit, setOne(this.kit, key, value, options))
  }

  /**
   * As {@link set} for many, as pairs with options of their own, a Map or a record; one round trip where the adapter
   * can. In a region that writes through, each value is stored after its origin has it.
   *
   * @throws {CacheError} As {@link set}; some of them may be stored by then.
   * @example await cached.setMany([["a", 1], ["b", 2, { ttl: "1h" }]], { ttl: "5m" })
   */
  setMany(entries: Iterable<ManyEntry>, options?: WriteOptions): Promise<void>
  setMany(entries: ManyEntries, options?: WriteOptions): Promise<void>
  setMany(entries: ManyEntries, options?: WriteOptions): Promise<void> {
    return lasting(this.kit, setMany(this.kit, entries, options))
  }

  /**
   * Restarts the ttl of a live entry, its own or `ttl` (ms or text); returns whether there was one. `createdAt` stays.
   *
   * @throws {CacheError} `TTL_INVALID`, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.touch("session:1", "30m")
   */
  async touch(key: KeyLike, ttl?: Duration): Promise<boolean> {
    const target = toTarget(this.kit)
    const ms = ttl === undefined ? undefined : parseDuration(ttl)
    return lasting(this.kit, touchOne(target, nameOf(this.kit, key), ms))
  }

  /**
   * Removes `keys` now; returns how many live entries there were. Loads in progress are not stored.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.delete("a", "b")
   */
  async delete(...keys: readonly KeyLike[]): Promise<number> {
    return lasting(this.kit, removeAll(toTarget(this.kit), namesOf(this.kit, keys)))
  }

  /**
   * Makes `keys` stale now and keeps them within grace; returns how many live entries there were.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.expire("rates")
   */
  async expire(...keys: readonly KeyLike[]): Promise<number> {
    return lasting(this.kit, expireAll(toTarget(this.kit), namesOf(this.kit, keys)))
  }

  /**
   * Ends every entry with one of the tags, for every reader of the same storage. O(1) per tag. Tags belong to the whole
   * cache. `{ mode: "soft" }` as last argument expires the entries instead.
   *
   * @throws {CacheError} `OPTION_INVALID`, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.invalidateTags("users", "teams")
   */
  async invalidateTags(...tags: readonly (string | InvalidateOptions)[]): Promise<void> {
    return lasting(this.kit, endTags(this.kit, tags))
  }

  /**
   * Ends every entry of this cache or region and its inner regions, for every reader of the same storage. O(1). A soft
   * invalidation never weakens a hard one.
   *
   * @throws {CacheError} `OPTION_INVALID`, `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.region("users").invalidate({ mode: "soft" })
   */
  async invalidate(options?: InvalidateOptions): Promise<void> {
    const mode = modeOf(options)
    const { hub, place } = this.kit
    await everywhere(
      this.kit,
      (target) => invalidatePlace(target, mode),
      () => hub.invalidated(place, mode),
    )
  }

  /**
   * Removes everything under this cache's or region's prefix, inner regions included, and nothing else.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example await cached.clear()
   */
  async clear(): Promise<void> {
    const { hub, place } = this.kit
    await everywhere(this.kit, clearPlace, () => hub.tell(place, "", "clear"))
  }

  /**
   * Drops what is past its grace from the whole storage; returns how many entries, 0 where the adapter cannot. It may
   * take thirty times `storeTimeout`.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE`, `STORE_TIMEOUT`.
   * @example const dropped = await cached.prune()
   */
  async prune(): Promise<number> {
    let count = 0
    await everywhere(this.kit, async (target) => {
      const dropped = await pruneAll(target)
      count += dropped // Not in one line with the await: the other storages add to it in between.
    })
    return count
  }

  /**
   * Runs `work` with a view that has all verbs and reads its own writes. These reach the storage together when it
   * returns, and not at all when it throws; so do its events, and what it writes through. What it touches, expires or
   * loads gives way to writes outside in the meantime.
   *
   * @throws {CacheError} As the writes; `OPTION_INVALID` if `work` is not a function; its view `CLOSED` afterwards.
   * @example await cached.batch(async (batch) => { await batch.set("a", 1); await batch.delete("b") })
   */
  async batch<R>(work: (batch: Region) => R | Promise<R>): Promise<R> {
    if (typeof work !== "function") throw misuse("batch takes a function.")
    const engine = this.kit.settings.home()
    const run = async () => {
      const { batch } = await import("./batch.ts")
      return await batch(this.kit, engine, faceOf, (kit) => attempt(() => work(faceOf(kit))))
    }
    return lasting(this.kit, engine.busy.track(run()))
  }

  /**
   * The region called `name`; always the same object. Options may be given late, but once.
   *
   * @throws {CacheError} `REGION_CONFIGURED` for options given a second time, except with `replace: true`.
   * @example const users = cached.region("users", { ttl: "10m", generate: fetchUser })
   */
  region<V, A, W = unknown>(
    name: string,
    options: Omit<RegionOptions<V, A>, "generate"> &
      Judged<V> & {
        readonly generate: (argument: A, context: LoadContext<W>) => NoInfer<V | Promise<V>> | Anything
      },
  ): GeneratedRegion<V, A>
  region<V, A, W = unknown>(
    name: string,
    options: Omit<RegionOptions<V, A>, "generate"> & {
      readonly generate: (argument: A, context: LoadContext<W>) => V | Promise<V>
    },
  ): GeneratedRegion<V, A>
  region<V = unknown, A = never>(name: string, options?: RegionOptions<V, A>): Region
  region(name: string, options?: object): unknown {
    return regionKit(this.kit, name, options, faceOf)
  }

  /**
   * Sets or replaces the function that makes missing values of this region from its argument.
   *
   * @example const users = cached.region("users").generate(fetchUser)
   */
  generate<V, A, W = unknown>(
    generator: (argument: A, context: LoadContext<W>) => V | Promise<V>,
  ): GeneratedRegion<V, A> {
    setGenerator(this.kit, generator)
    // From now on its verbs take the generator's argument.
    return this as unknown as GeneratedRegion<V, A>
  }

  /**
   * A function that serves `fn` from the cache: same parameters, a promise of the result. See {@link MemoizeOptions}.
   *
   * @throws {CacheError} `NAME_REQUIRED`, `OPTION_INVALID`; when called `ARGUMENT_CHANGED`, and as `getOrSet`.
   * @example const loadUser = cached.memoize(fetchUser, { name: "user", ttl: "5m" })
   */
  memoize<F extends Fn, V>(fn: F, options: MemoizeOptions<Args<F>, V> & Judged<V>): MemoizedAs<F, V>
  memoize<F extends Fn>(fn: F, options?: MemoizeOptions<Args<F>, Awaited<ReturnType<F>>>): Memoized<F>
  memoize(fn: Fn, options: object = {}): unknown {
    return memoizeWith(this, fn, options)
  }

  /**
   * As {@link memoize}, for a function of many ids that returns what a fallback of `getOrSetMany` does.
   *
   * @throws {CacheError} `NAME_REQUIRED`, `OPTION_INVALID`; when called `FALLBACK_RESULT`, and as `getOrSet`.
   * @example const loadUsers = cached.memoizeMany(fetchUsers, { name: "users", ttl: "5m" })
   */
  memoizeMany<I, V>(
    fn: ManyFn<I, unknown>,
    options: MemoizeOptions<NoInfer<I>[], V> & Judged<V>,
  ): MemoizedMany<I, V, ManyFn<I, unknown>>
  memoizeMany<I, V>(fn: ManyFn<I, V>, options?: MemoizeOptions<NoInfer<I>[], V>): MemoizedMany<I, V>
  memoizeMany<I, V>(fn: ManyFn<I, V>, options?: MemoizeOptions<I[], V>): MemoizedMany<I, V> {
    return memoizeMany(this, fn, options)
  }
}

/** Not in the class: a class that refers to itself is called `_Region` in the build and in logs. */
function faceOf(kit: Kit): Region {
  return new Region(kit)
}
