import { CacheError } from "./base/errors.ts"
import type { Entry } from "./entry.ts"
import type { KeyLike } from "./key.ts"
import { type Generator, type Kit, type Settings, withPolicy } from "./kit.ts"
import { Engine } from "./policy/engine.ts"
import type { OnError } from "./policy/hub.ts"
import type { Fallback, LoadContext } from "./policy/load.ts"
import type { ManyResult } from "./policy/many.ts"
import { type LoadOptions, type Policy, type ReadOptions, resolvePolicy, type WriteOptions } from "./policy/options.ts"
import type { Target } from "./policy/write.ts"
import type { GetOptions } from "./reading.ts"
import type { Region } from "./region.ts"
import { sourceOf, type StorageOptions, storageNames } from "./source.ts"
import type { Awaitable } from "./adapter.ts"

/** Options of a region. Those of its cache hold where nothing is said; the rest is its own. */
export interface RegionOptions<V, A> extends LoadOptions<V>, StorageOptions {
  /** Makes a missing value from the argument: reading the region loads. */
  readonly generate?: Generator<V, A> | undefined
  /** Called by `set` before the cache is written; when it fails, the cache stays as it was. */
  readonly writeThrough?: ((key: A, value: V) => Awaitable<unknown>) | undefined
  /** Makes a key of the argument. Default: text and segments as they are, anything else as one segment. */
  readonly key?: ((argument: A) => KeyLike) | undefined
  /** Told of trouble in this region that is no caller's, in place of the cache's `onError`. */
  readonly onError?: OnError | undefined
  /** Replace options that were given before; the data stays. Default `false`. */
  readonly replace?: boolean | undefined
}

/** A region with a generator: its verbs take the generator's argument, and reading loads. */
export interface GeneratedRegion<V, A>
  extends Pick<Region, "clear" | "invalidate" | "invalidateTags" | "keys" | "memoize" | "memoizeMany" | "prune" | "region"> {
  get(argument: A, options?: LoadOptions<V>): Promise<V>
  getEntry(argument: A, options?: ReadOptions): Promise<Entry<V> | undefined>
  getMany(args: Iterable<A>, options?: GetOptions<V>): Promise<V[]>
  peek(argument: A): V | undefined
  has(argument: A, options?: ReadOptions): Promise<boolean>
  set(argument: A, value: V, options?: WriteOptions): Promise<void>
  setMany(entries: Iterable<readonly [argument: A, value: V, options?: WriteOptions]>, options?: WriteOptions): Promise<void>
  getOrSet(argument: A, fallback: Fallback<V> | V, options?: LoadOptions<V>): Promise<V>
  getOrSetMany(
    args: Iterable<A>,
    fallback: (missing: A[], context: LoadContext<V>) => ManyResult<V> | Promise<ManyResult<V>>,
    options?: LoadOptions<V>,
  ): Promise<V[]>
  touch(argument: A, ttl?: Parameters<Region["touch"]>[1]): Promise<boolean>
  delete(...args: readonly A[]): Promise<number>
  expire(...args: readonly A[]): Promise<number>
  isLoading(argument: A): boolean
  batch<R>(work: (batch: GeneratedRegion<V, A>) => R | Promise<R>): Promise<R>
  generate(generator: Generator<V, A>): GeneratedRegion<V, A>
}

const ownNames = ["generate", "writeThrough", "key", "replace", "onError", ...storageNames]

/** Finds or makes the region `name` below `parent`, with `options` given once. */
export function regionKit(
  parent: Kit,
  name: string,
  options: object | undefined,
  make: (kit: Kit) => object,
): object {
  if (typeof name !== "string" || name === "" || name.length > 1024) {
    throw new CacheError("OPTION_INVALID", "The name of a region is text of 1 to 1024 characters.")
  }
  const { shared, hub, scope } = parent
  const place = parent.place.region(name)
  let known = shared.regions.get(place.base)
  if (!known) {
    const kit = { place, hub, shared, scope: shared.scope, settings: inherited(parent.settings) }
    known = { kit, face: make(kit) }
    shared.regions.set(place.base, known)
  }
  if (options) configure(parent, known.kit, name, options)
  // A bound view has regions of its own over the same settings.
  return scope === shared.scope ? known.face : make({ ...known.kit, scope })
}

/** Sets what makes a region's missing values. */
export function setGenerator({ settings }: Kit, generator: unknown): void {
  if (typeof generator !== "function") throw new CacheError("OPTION_INVALID", "A generator is a function of the argument and the context.")
  settings.generate = generator as Generator<unknown, unknown> // Its region's type says what it takes and gives.
}

function inherited(parent: Settings): Settings {
  return {
    home: () => parent.home(),
    ownsHome: false,
    configured: false,
    ...withPolicy(parent.policy),
    hot: undefined,
    generate: undefined,
    writeThrough: undefined,
    toKey: undefined,
  }
}

function configure(parent: Kit, kit: Kit, name: string, given: object): void {
  const { settings } = kit
  // Typed by the region's face; inside, arguments and values are unknown.
  const options = given as RegionOptions<unknown, unknown>
  if (settings.configured && !options.replace) {
    throw new CacheError("REGION_CONFIGURED", `The region ${JSON.stringify(name)} has its options already. Pass them once, or with replace: true.`)
  }
  for (const named of ["generate", "writeThrough", "key"] as const) {
    if (options[named] !== undefined && typeof options[named] !== "function") {
      throw new CacheError("OPTION_INVALID", `The option ${named} must be a function.`)
    }
  }
  const policy = resolvePolicy(parent.settings.policy, options, ownNames)
  const { generate, writeThrough, key } = options
  Object.assign(settings, inherited(parent.settings), withPolicy(policy), { configured: true, generate, writeThrough, toKey: key })
  if (options.onError) kit.hub.onErrors.set(kit.place.base, options.onError)
  if (storageNames.some((own) => options[own] !== undefined)) {
    settings.home = ownHome(parent, options)
    settings.ownsHome = true
  }
}

/** A storage of a region's own: another adapter, or its cache's adapter with another codec or tier. */
function ownHome(parent: Kit, options: StorageOptions): () => Engine {
  let above: Engine | undefined
  let own: Engine | undefined
  return () => {
    const now = parent.settings.home()
    if (!own || (options.adapter === undefined && above !== now)) {
      above = now
      const source =
        options.adapter === undefined ? now.source.derive(options) : sourceOf(options, parent.shared)
      if (own) {
        parent.shared.engines.delete(own)
        own.retire(Number.POSITIVE_INFINITY).catch(() => {})
      }
      own = new Engine(source, parent.hub)
      parent.shared.engines.add(own)
    }
    return own
  }
}

/** Where an act on a place and all regions in it, or on the whole cache, must reach: each storage once. */
export function reach(kit: Kit, isWhole = false): Target[] {
  const { settings, place, shared } = kit
  const engines = new Set<Engine>([settings.home()])
  const policy: Policy = settings.policy
  for (const { kit: region } of shared.regions.values()) {
    if (region.settings.ownsHome && (isWhole || region.place.base.startsWith(place.base))) engines.add(region.settings.home())
  }
  return [...engines].map((engine) => ({ engine, place, policy }))
}
