import { now } from "./base/clock.ts"
import { CacheError, type MissReason, shortKey } from "./base/errors.ts"
import { type Entry, type Kept, type State, stateOf } from "./entry.ts"
import { canonical, type KeyLike, keyText } from "./key.ts"
import type { Hot, Kit } from "./kit.ts"
import type { Engine, Found } from "./policy/engine.ts"
import { toEntry } from "./policy/entries.ts"
import { type Call, getOrSet, isBackedOff, isDueEarly, joinAtOnce, refresh } from "./policy/get-or-set.ts"
import type { Fallback, LoadContext } from "./policy/load.ts"
import { type LoadOptions, type Policy, type ReadOptions, resolvePolicy, type WriteOptions } from "./policy/options.ts"
import { isInside } from "./policy/reentry.ts"
import { patience } from "./policy/timeout.ts"
import type { Item, Target } from "./policy/write.ts"

/** Options of a read that finds nothing. */
export interface GetOptions<V> extends ReadOptions {
  /** What a miss answers. Default `undefined`. */
  readonly default?: V | undefined
  /** Throw `CACHE_MISS` on a miss. Default `false`. */
  readonly required?: boolean | undefined
}

/** The text of a key as given: by the region's own key function, or an argument of its generator. */
export function nameOf({ settings }: Kit, key: unknown): string {
  const { toKey, generate } = settings
  if (toKey) return keyText(toKey(key))
  // Guarded by keyText, whatever the caller's types said.
  return generate && typeof key !== "string" && !Array.isArray(key) ? canonical([key]) : keyText(key as KeyLike)
}

/**
 * The fresh entry of `key` where that can be told in a few steps, which most hits in memory can; counted as a hit.
 *
 * An entry made under the very array of marks that was seen to stand, on an adapter that has counted no change of
 * tokens since, stands too; and that array nobody else has, so the entry is one of ours.
 */
export function hotHit({ settings, place, hub }: Kit, key: unknown): Kept | undefined {
  const { hot } = settings
  if (hot === undefined || typeof key !== "string" || hot.engine !== settings.home()) return undefined
  // Ours, if its marks are: asked next.
  const kept = hot.adapter.get(place.full(key)) as Kept | undefined
  if (kept === undefined || kept.marks !== hot.marks || hot.changes !== hot.adapter.tokenChanges()) return undefined
  if (now() >= kept.freshUntil) return undefined
  hub.hit(place, key, kept)
  return kept
}

/** Remembers what a hit was told by. */
function heat({ settings }: Kit, engine: Engine, kept: Kept): void {
  const { store } = engine
  const { tokenChanges } = store?.adapter ?? {}
  if (!store || !tokenChanges || kept.tags.length > 0 || settings.toKey) return
  const adapter = store.adapter as Hot["adapter"] // It has tokenChanges.
  settings.hot = { engine, adapter, store, marks: kept.marks, changes: adapter.tokenChanges() }
}

/** The value of one key: at once from a synchronous storage. */
export function readOne(kit: Kit, key: KeyLike, options: GetOptions<unknown> | undefined): unknown {
  const { settings, place, hub } = kit
  const { generate } = settings
  const engine = settings.home()
  if (generate) return load(kit, key, (context: LoadContext) => generate(key, context), options)
  const name = typeof key === "string" && !settings.toKey ? key : nameOf(kit, key)
  const full = place.full(name)
  const known = engine.store?.now(full)
  if (options === undefined && settings.isPlain && isHit(engine, kit, known) && now() < known.freshUntil) {
    heat(kit, engine, known)
    hub.hit(place, name, known)
    return engine.store?.out(known)
  }
  return readSlowly(kit, engine, name, full, options, known)
}

/** Whether a synchronous storage has an entry whose versions stand. */
function isHit(engine: Engine, { place }: Kit, known: Kept | MissReason | undefined): known is Kept {
  return typeof known === "object" && engine.store !== undefined && engine.versions(engine.store).stands(known, place.versions)
}

async function readSlowly(
  kit: Kit,
  engine: Engine,
  name: string,
  full: string,
  options: GetOptions<unknown> | undefined,
  known: Kept | MissReason | undefined,
): Promise<unknown> {
  const { settings, place, hub } = kit
  const policy = resolvePolicy(settings.reading, options, readNames)
  const found = await patiently(engine.read(place, full, policy, known), policy)
  const state = report(kit, found, name, policy)
  if (found.kept && state !== "gone") return engine.store?.out(found.kept)
  const reason = found.kept ? "expired" : found.reason
  hub.miss(place, name, reason)
  if (!options?.required) return options?.default
  throw new CacheError("CACHE_MISS", `There is no fresh value of ${shortKey(name)}: ${reason}.`, { key: name, reason })
}

const readNames = ["default", "required"]

/** The entries of many keys; those that may not be served are `undefined`. Silent ones are not counted. */
export async function readMany(
  kit: Kit,
  keys: readonly KeyLike[],
  options: GetOptions<unknown> | undefined,
  isSilent = false,
): Promise<(Entry<unknown> | undefined)[]> {
  const { settings, place, hub } = kit
  const engine = settings.home()
  const policy = resolvePolicy(settings.reading, options, readNames)
  const named = keys.map((key) => nameOf(kit, key))
  if (named.length === 0) return []
  const unique = [...new Set(named)]
  const fulls = unique.map((name) => place.full(name))
  const [first] = fulls
  const reads =
    fulls.length === 1 && first !== undefined
      ? engine.read(place, first, policy).then((found) => [found])
      : engine.readMany(place, fulls, policy)
  const all = await patiently(reads, policy)
  const byName = new Map(unique.map((name, i) => [name, all[i]]))
  return named.map((name) => {
    const found = byName.get(name)
    const state = found ? (isSilent ? judge(found, policy) : report(kit, found, name, policy)) : "gone"
    if (found?.kept && state !== "gone" && engine.store) {
      return { ...toEntry(found.kept, engine.store, now(), found.limit), stale: state === "stale" }
    }
    if (!isSilent) hub.miss(place, name, found?.kept ? "expired" : (found?.reason ?? "absent"))
    return undefined
  })
}

/** What is known at once and fresh; counts as nothing. */
export function peekNow(kit: Kit, key: KeyLike): unknown {
  const { settings, place } = kit
  const engine = settings.home()
  const found = engine.peek(place, place.full(nameOf(kit, key)))
  return found?.kept && judge(found, settings.reading) === "fresh" ? engine.store?.out(found.kept) : undefined
}

/** How a read may use what it found: stale counts only where it is welcome. */
function judge({ kept, limit }: Found, policy: Policy): State {
  const state = kept ? stateOf(kept, now(), policy.maxAge, limit) : "gone"
  return state === "stale" && !policy.stale ? "gone" : state
}

function report({ hub, place }: Kit, found: Found, name: string, policy: Policy): State {
  const state = judge(found, policy)
  if (found.kept && state === "fresh") hub.hit(place, name, found.kept)
  if (found.kept && state === "stale") hub.servedStale(place, name, found.kept, "asked")
  return state
}

async function patiently<T>(read: Promise<T>, { signal }: Policy): Promise<T> {
  if (signal) await patience(read, Number.POSITIVE_INFINITY, signal)
  return read
}

/** The value of a key, loaded on a miss: at once where a synchronous storage has it fresh, or stale and asked for so. */
export function load(kit: Kit, key: KeyLike, fallback: unknown, options: LoadOptions<unknown> | undefined): unknown {
  const { settings, place, hub } = kit
  const isPlain = settings.isPlain && (options === undefined || isPlainRead(options))
  const engine = settings.home()
  const name = typeof key === "string" && !settings.toKey ? key : nameOf(kit, key)
  const full = place.full(name)
  const known = engine.store?.now(full)
  if (isPlain && isHit(engine, kit, known)) {
    const time = now()
    if (time < known.freshUntil) {
      heat(kit, engine, known)
      hub.hit(place, name, known)
      return engine.store?.out(known)
    }
    // While its refresh runs, a stale hit asks no more of the options than this one.
    const running = (options?.softTimeout ?? settings.policy.softTimeout) === 0 ? engine.flights.get(full) : undefined
    if (running && time < known.freshUntil + known.grace && !isInside(running)) {
      hub.servedStale(place, name, known, "timeout")
      return engine.store?.out(known)
    }
  }
  const policy = resolvePolicy(settings.policy, options, readNames)
  const call: Call = { engine, place, name, key: full, fallback: asFallback(fallback), policy, scope: kit.scope(), startedAt: now() }
  // A flight that runs has read already.
  if (known === undefined || policy.fresh || policy.schema || policy.signal) return getOrSet(call)
  if (typeof known === "string" && engine.flights.get(full)) return joinAtOnce(call) ?? getOrSet(call)
  if (!isHit(engine, kit, known)) return getOrSet({ ...call, found: engine.read(place, full, policy, known) })
  return loadKnown(call, known)
}

/** As {@link load} for an entry that is known and stands: fresh by these options, or stale, or to be replaced. */
function loadKnown(call: Call, kept: Kept): unknown {
  const { engine, place, name, key, policy } = call
  const found: Found = { kept, limit: Number.POSITIVE_INFINITY, reason: "expired", versions: undefined }
  const state = stateOf(kept, now(), policy.maxAge)
  const running = engine.flights.get(key)
  const withVersions = (): Call => ({ ...call, found: engine.read(place, key, policy, kept) })
  if (state === "fresh") {
    if (!running && isDueEarly(found, call)) refresh(withVersions())
    engine.hub.hit(place, name, kept)
    return engine.store?.out(kept)
  }
  const servesStale = state === "stale" && policy.softTimeout === 0 && !(running && isInside(running))
  if (!servesStale) return getOrSet(withVersions())
  const isWaiting = isBackedOff(call)
  if (!running && !isWaiting) refresh(withVersions())
  engine.hub.servedStale(place, name, kept, isWaiting ? "backoff" : "timeout")
  return engine.store?.out(kept)
}

/** Whether nothing in `options` changes how a hit is judged. */
export function isPlainRead(options: Omit<LoadOptions, "shouldCache" | "schema"> & { readonly schema?: unknown }): boolean {
  return (
    !options.fresh &&
    !options.early &&
    options.signal === undefined &&
    options.schema === undefined &&
    (options.maxAge === undefined || options.maxAge === Number.POSITIVE_INFINITY)
  )
}

/** A call for one key of many. */
export function toCall(kit: Kit, key: KeyLike, fallback: Fallback<unknown>, options: object | undefined): Call {
  const { settings, place } = kit
  const name = nameOf(kit, key)
  const policy = resolvePolicy(settings.policy, options, readNames)
  return { engine: settings.home(), place, name, key: place.full(name), fallback, policy, scope: kit.scope(), startedAt: now() }
}

/** Where an explicit write of this region goes. */
export function toTarget({ settings, place }: Kit, policy: Policy = settings.policy): Target {
  return { engine: settings.home(), place, policy }
}

/** A value to be written, its options resolved. */
export function toItem(kit: Kit, key: KeyLike, value: unknown, options: WriteOptions | undefined): Item {
  return { name: nameOf(kit, key), value, policy: resolvePolicy(kit.settings.policy, options) }
}

function asFallback(fallback: unknown): Fallback<unknown> {
  // The verb's type says what a function takes and gives.
  return typeof fallback === "function" ? (fallback as Fallback<unknown>) : () => fallback
}
