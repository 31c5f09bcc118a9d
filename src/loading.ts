import { isPromise } from "./base/awaitable.ts"
import { now } from "./base/clock.ts"
import { argumentChanged, misuse } from "./base/errors.ts"
import { isObject } from "./base/kind.ts"
import { heat, isHit } from "./hits.ts"
import { isStillNamed, type KeyLike } from "./key.ts"
import type { Generator, Kit } from "./kit.ts"
import { type Call, isBackedOff, isDueEarly, isServed, judge, type Served, serve } from "./policy/call.ts"
import type { Fallback } from "./policy/context.ts"
import type { Engine } from "./policy/engine.ts"
import { copyFor, isIsolated } from "./policy/entries.ts"
import { type Found, foundIn } from "./policy/found.ts"
import { gathered, type Read } from "./policy/gather.ts"
import { getOrSet, loadAtOnce, refresh } from "./policy/get-or-set.ts"
import { loadMany, type ManyFallback } from "./policy/many.ts"
import { type LoadOptions, resolvePolicy } from "./policy/options.ts"
import { isInside } from "./policy/reentry.ts"
import { type GetOptions, listOf, nameOf, ownOf, readRules, readSlowly } from "./reading.ts"

/**
 * The value of one key; synchronous if a synchronous storage has it. In a region with a generator, a miss loads it.
 *
 * @param read - Replaces the engine's read, where that takes I/O.
 */
export function readOne(
  kit: Kit,
  key: KeyLike,
  options: GetOptions<unknown> | undefined,
  read?: Read,
): unknown {
  const { settings, place, hub } = kit
  const { generate } = settings
  if (generate) return serveOrLoad(kit, key, fallbackOf(kit, generate, key), options, undefined, read, true)
  const engine = settings.home()
  const name = nameOf(kit, key)
  const known = engine.store?.ask(place.full(name))
  if (options === undefined && settings.isPlain && isHit(engine, kit, known) && now() < known.freshUntil) {
    heat(kit, engine, known)
    hub.hit(place, name, known)
    return engine.out(known, true)
  }
  return readSlowly(kit, name, options, known)
}

/** A fallback that makes the value of `argument` as it is now, even if the caller changes it later. */
function fallbackOf(kit: Kit, generate: Generator<unknown, unknown>, argument: unknown): Fallback<unknown> {
  const own = ownOf(kit, argument)
  return unchanged(kit, argument, own, (context) => generate(own, context))
}

/** Runs `run`, but rejects if the argument is no copy and has changed by the end: the value belongs to another key. */
function unchanged(kit: Kit, given: unknown, own: unknown, run: Fallback<unknown>): Fallback<unknown> {
  if (typeof own !== "object" || own !== given) return run
  return async (context) => {
    const value = await run(context)
    if (!isStillNamed(context.key, () => nameOf(kit, own))) throw argumentChanged("a function", context.key)
    return value
  }
}

/** The values of many generator arguments: read together where that takes I/O, each made by a call of its own. */
export function readGenerated(
  kit: Kit,
  keys: readonly KeyLike[],
  options: GetOptions<unknown> | undefined,
): Promise<unknown[]> {
  const read = gathered(({ engine, place, policy }, wanted) => engine.readMany(place, wanted, policy))
  return Promise.all(keys.map(async (key) => readOne(kit, key, options, read)))
}

/**
 * The value of a key, loaded on a miss. Synchronous if a synchronous storage has it fresh, or stale and the options do
 * not wait for the load. `onServe` is called if it is served from the cache.
 *
 * @param isRead - Whether a stale entry is served as it is if the options ask for stale ones.
 */
export function serveOrLoad(
  kit: Kit,
  key: KeyLike,
  fallback: unknown,
  options: LoadOptions<unknown> | undefined,
  onServe?: Served,
  read?: Read,
  isRead?: boolean,
): unknown {
  const { settings, place, hub } = kit
  const engine = settings.home()
  const name = nameOf(kit, key)
  const full = place.full(name)
  const known = engine.store?.ask(full)
  const isPlain = settings.isPlain && (options === undefined || isPlainRead(options))
  if (isPlain && isHit(engine, kit, known) && now() < known.freshUntil) {
    heat(kit, engine, known)
    onServe?.(known.freshUntil)
    hub.hit(place, name, known)
    return engine.out(known, true)
  }
  const call = toCall(kit, name, asFallback(fallback, engine), options, onServe, isRead)
  const { policy } = call
  // A running flight has already read: it is joined below.
  if (read && known === undefined && !policy.fresh && !engine.flights.get(full))
    return getOrSet(call, read(call))
  if (known === undefined || policy.fresh || policy.schema || policy.signal) return getOrSet(call)
  if (typeof known === "string" && engine.flights.get(full)) return loadAtOnce(call) ?? getOrSet(call)
  if (isHit(engine, kit, known)) return loadKnown(call, foundIn(known, Infinity))
  const found = engine.read(place, full, policy, known)
  return isPromise(found) ? getOrSet(call, found) : loadKnown(call, found)
}

/** {@link serveOrLoad} for what is known synchronously: an entry, or a miss. */
function loadKnown(call: Call, found: Found): unknown {
  const { engine, place, key, policy } = call
  const { kept, tokens } = found
  if (!kept) return loadAtOnce(call, found) ?? getOrSet(call, found)
  const state = judge(found, call)
  if (isServed(state, call)) {
    if (isDueEarly(found, call) && !isBackedOff(call)) refresh(call, kept)
    return serve(call, found, state === "stale" ? "asked" : undefined)?.value
  }
  const servesStale =
    state === "stale" &&
    Math.min(policy.softTimeout, policy.hardTimeout) <= 0 &&
    !isInside(engine.flights, key)
  if (!servesStale) return getOrSet(call, tokens ? found : engine.read(place, key, policy, kept))
  const isWaiting = isBackedOff(call)
  if (!isWaiting) refresh(call, kept)
  return serve(call, found, isWaiting ? "backoff" : "timeout")?.value
}

/** Whether no option changes how a hit is judged. */
export function isPlainRead(
  options: Omit<LoadOptions, "shouldCache" | "schema"> & { readonly schema?: unknown },
): boolean {
  return (
    isObject(options) &&
    !options.fresh &&
    !options.early &&
    options.signal === undefined &&
    options.schema === undefined &&
    (options.maxAge === undefined || options.maxAge === Infinity)
  )
}

/** The values of many keys; the missing ones are loaded in one call. */
export async function loadAll(
  kit: Kit,
  keys: Iterable<KeyLike>,
  fallback: ManyFallback<unknown>,
  options: object | undefined,
  onServe?: (key: KeyLike, ...served: Parameters<Served>) => void,
): Promise<unknown[]> {
  kit.settings.home()
  if (typeof fallback !== "function") {
    throw misuse("The fallback of many keys must be a function of the missing ones.")
  }
  const given = listOf(keys)
  const own = given.map((key) => ownOf(kit, key))
  return loadMany(own, fallback, (key, run, at) => {
    const served: Served | undefined = onServe && ((freshUntil) => onServe(key, freshUntil))
    return toCall(kit, nameOf(kit, key), unchanged(kit, given[at], key, run), options, served)
  })
}

function toCall(
  kit: Kit,
  name: string,
  fallback: Fallback<unknown>,
  options: Call["given"],
  onServe: Served | undefined,
  isRead?: boolean,
): Call {
  const { settings, place } = kit
  const policy = resolvePolicy(settings.policy, options, readRules)
  return {
    engine: settings.home(),
    place,
    name,
    key: place.full(name),
    fallback,
    policy,
    servesStale: isRead && policy.stale,
    scope: kit.scope(),
    startedAt: now(),
    given: options && { ...options },
    onServe,
  }
}

/** `fallback` if it is a function, else a function that returns the given value, as it is now. */
function asFallback(fallback: unknown, engine: Engine): Fallback<unknown> {
  // The verb's type determines what the function takes and returns.
  if (typeof fallback === "function") return fallback as Fallback<unknown>
  // What cannot be stored is returned as it is, and reported. Until an alias is open, it is not known whether its
  // storage copies.
  const value = copyFor(engine, fallback)
  return () => (isIsolated(engine) ? value : fallback)
}
