import { CacheError } from "./base/errors.ts"
import { isPlain } from "./base/kind.ts"
import { isRecord, judgeOptions } from "./base/rules.ts"
import { ownKeys } from "./codec/own-keys.ts"
import type { Kit, Known, Shared } from "./kit.ts"
import { Engine } from "./policy/engine.ts"
import type { Source } from "./policy/opening.ts"
import { keyOf, type Place } from "./policy/place.ts"
import { forCaller } from "./policy/storage-errors.ts"
import type { Target } from "./policy/write.ts"
import { type StorageOptions, storageRules } from "./source.ts"

/** The defined members of `options` that concern the storage, with copies of the encryption keys. */
export function storageOf({ encrypt, ...options }: StorageOptions): StorageOptions {
  const said = Object.entries({ ...options, encrypt: encrypt && ownKeys(encrypt) }).filter(
    ([name, value]) => Object.hasOwn(storageRules, name) && value !== undefined,
  )
  return Object.fromEntries(said)
}

/** Rejects an unknown alias, unknown options for it, and any options beside an adapter object. */
export function checkAdapter(shared: Pick<Shared, "check">, adapter: unknown, options: object = {}): void {
  if (typeof adapter === "string") shared.check(adapter, options)
  else judgeOptions(options, {}, " for an adapter object: its factory takes them")
}

/** Whether two sets of storage options mean the same storage: their members are equal, lists and records by content. */
export function sameStorage(one: object, other: object): boolean {
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => {
      const [mine, its]: unknown[] = [Reflect.get(one, name), Reflect.get(other, name)]
      return mine === its || (hasContent(mine) && hasContent(its) && sameStorage(mine, its))
    })
  )
}

/**
 * Whether `value` is compared by content. Not if it has a `get`, as adapters have: two of them may have equal members.
 */
function hasContent(value: unknown): value is object {
  if (Array.isArray(value) || value instanceof Uint8Array) return true
  return isRecord(value) && isPlain(value) && !("get" in value)
}

/** Waits for what runs on a storage, then closes it; until then the cache's `close()` closes it. `next` replaces it. */
export function retire({ shared, hub }: Kit, engine: Engine, next?: Source): void {
  // Over the same adapter, earlier loads would overwrite what is written from now on.
  if (next?.adapter && next.adapter === engine.source.adapter) engine.flights.end()
  const ended = engine.listings.finish(Infinity).then(() => engine.retire(Infinity))
  const over = () => void shared.engines.delete(engine)
  ended.catch((error: unknown) => hub.trouble(undefined, "", error)).then(over)
  const scope = shared.scope()
  scope.background?.(ended)
  // Where nothing keeps the request alive, its end may go unnoticed.
  if (!scope.shares) over()
}

/** Makes the engine of a cache or region, which reports evictions and errors with keys as given. */
export function engineOf(kit: Kit, source: Source): Engine {
  const { shared, hub } = kit
  const engine = new Engine(source, hub)
  if (kit.place.base.startsWith("@")) engine.lane.hasPrefixes = true
  engine.onReport = (event, isAdapters) => {
    // All engines over one adapter receive its reports; the first one emits them. Each emits those of its own near
    // tier.
    if (isAdapters && source.adapter && event.tier !== "near" && heardBy(shared, source) !== engine) return
    const { key, tier } = event
    if (event.type === "evict") {
      // Without listeners it is only counted.
      const at = hub.events.listening > 0 ? placeOf(kit, key) : kit.place
      hub.evicted(at, at.own(event.key) ?? event.key, tier)
    } else {
      const error = forCaller(event.error)
      const name = key === undefined ? error instanceof CacheError && error.key : keyOf(key)
      hub.trouble(placeOf(kit, key), name || "", error, tier)
    }
  }
  shared.engines.add(engine)
  return engine
}

/** The first open engine over the adapter object of a source. */
function heardBy({ engines }: Shared, { adapter }: Source): Engine | undefined {
  for (const engine of engines) if (engine.store && engine.source.adapter === adapter) return engine
  return undefined
}

/** The place that the storage key `key` lies in. */
function placeOf({ place, shared }: Kit, key: string | undefined): Place {
  if (key === undefined) return place
  for (const { kit } of shared.regions.values()) if (kit.place.own(key) !== undefined) return kit.place
  return place
}

/** A region's own storage: another adapter, or its cache's adapter with another codec or tier. */
export function ownHome({ kit, parent }: Known, options: StorageOptions): () => Engine {
  let above: Engine | undefined
  let own: Engine | undefined
  return () => {
    const home = parent.settings.home()
    if (!own || (options.adapter === undefined && above !== home)) {
      above = home
      // A near tier and arguments belong to the adapter they were given with.
      const isOther = options.adapter !== undefined
      const source = home.source.derive({
        ...(isOther && { near: undefined, arguments: undefined }),
        ...options,
      })
      if (own) retire(kit, own, source)
      own = engineOf(kit, source)
    }
    return own
  }
}

/**
 * Every storage that an operation must reach: that of the cache or region and of its regions, or all of the cache's.
 */
export function reach(kit: Kit, isWhole = false): Target[] {
  const { settings, place, shared } = kit
  const places = new Map<Engine, Place>([[settings.home(), place]])
  if (isWhole && shared.engine) places.set(shared.engine, place)
  const { policy } = settings
  for (const { kit: region } of shared.regions.values()) {
    if (!region.settings.ownsHome || !(isWhole || region.path.startsWith(kit.path))) continue
    const engine = region.settings.home()
    // Only this region's part of that storage.
    if (!places.has(engine)) places.set(engine, region.place)
  }
  return [...places].map(([engine, place]) => ({ engine, place, policy }))
}
