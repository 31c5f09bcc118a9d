import type { Duration } from "./base/duration.ts"
import type { Entry } from "./entry.ts"
import type { Generator } from "./kit.ts"
import type { ManyResult } from "./policy/answers.ts"
import type { Fallback, LoadContext } from "./policy/context.ts"
import type { LoadOptions, ReadOptions, WriteOptions } from "./policy/options.ts"
import type { GetOptions } from "./reading.ts"
import type { Region } from "./region.ts"

/** A region with a generator: its verbs take the generator's argument, and reads load missing values. */
export interface GeneratedRegion<V, A>
  extends Pick<
    Region,
    "clear" | "invalidate" | "invalidateTags" | "keys" | "memoize" | "memoizeMany" | "prune" | "region"
  > {
  /** The value for `argument`. On a miss the generator makes it, once for all concurrent callers. */
  get(argument: A, options?: LoadOptions<V>): Promise<V>
  /** The fresh entry, with deadlines and tags; throws `CACHE_MISS` if there is none. Never loads. */
  getEntry(
    argument: A,
    options: Omit<GetOptions<V>, "default"> & { readonly required: true },
  ): Promise<Entry<V>>
  /** The fresh entry, with deadlines and tags, or `undefined`. Never loads. */
  getEntry(argument: A, options?: Omit<GetOptions<V>, "default">): Promise<Entry<V> | undefined>
  /** The values for `args` in their order, each as {@link get} returns it. */
  getMany(args: Iterable<A>, options?: LoadOptions<V>): Promise<V[]>
  /** The fresh value if known without I/O, else `undefined`. Never loads. */
  peek(argument: A): V | undefined
  /** Whether there is a fresh entry. Never loads. */
  has(argument: A, options?: ReadOptions): Promise<boolean>
  /** Replaces the value and all its deadlines. Rejects when the storage, or `writeThrough`, fails. */
  set(argument: A, value: V, options?: WriteOptions): Promise<void>
  /** As {@link set}, for many. */
  setMany(
    entries: Iterable<readonly [argument: A, value: V, options?: WriteOptions | undefined]>,
    options?: WriteOptions,
  ): Promise<void>
  /** The value for `argument`; on a miss that of `fallback`, instead of the generator. */
  getOrSet(argument: A, fallback: Fallback<V> | V, options?: LoadOptions<V>): Promise<V>
  /** The values for `args` in their order; `fallback` is called once, with the missing ones. */
  getOrSetMany(
    args: Iterable<A>,
    fallback: (missing: A[], context: LoadContext<V>) => ManyResult<V> | Promise<ManyResult<V>>,
    options?: LoadOptions<V>,
  ): Promise<V[]>
  /** Restarts the ttl of a live entry, its own or `ttl`; returns whether there was one. */
  touch(argument: A, ttl?: Duration): Promise<boolean>
  /** Removes the entries now; returns how many were live. */
  delete(...args: readonly A[]): Promise<number>
  /** Makes the entries stale now and keeps them within grace; returns how many were live. */
  expire(...args: readonly A[]): Promise<number>
  /** Whether this cache is loading the value for `argument`. */
  isLoading(argument: A): boolean
  /** Runs `work` on a view whose writes reach the storage together, or not at all if it throws. */
  batch<R>(work: (batch: GeneratedRegion<V, A>) => R | Promise<R>): Promise<R>
  /** Replaces the generator. */
  generate(generator: Generator<V, A>): GeneratedRegion<V, A>
}
