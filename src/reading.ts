import { type Awaitable, chain, hush, isPromise } from "./base/awaitable.ts"
import { CacheError, type MissReason, misuse, shortKey } from "./base/errors.ts"
import { aBoolean, anything, type Rules } from "./base/rules.ts"
import { tryClone } from "./codec/clone.ts"
import type { Entry, Kept, State } from "./entry.ts"
import { canonical, type KeyLike, keyText } from "./key.ts"
import type { Kit } from "./kit.ts"
import { judge } from "./policy/call.ts"
import { toEntry } from "./policy/entries.ts"
import type { Found } from "./policy/found.ts"
import { validateFound } from "./policy/load.ts"
import { type Policy, type ReadOptions, resolvePolicy } from "./policy/options.ts"
import { settlesWithin } from "./policy/timeout.ts"

/** Options of `get`, `getEntry` and `getMany`. */
export interface GetOptions<V> extends ReadOptions {
  /** Returned on a miss. Default `undefined`. */
  readonly default?: V | undefined
  /** Throw `CACHE_MISS` on a miss. Default `false`. */
  readonly required?: boolean | undefined
}

/** The text of a key or of a generator's argument; by the region's key function, if it has one. */
export function nameOf({ settings, path }: Kit, key: unknown): string {
  const { toKey, generate } = settings
  if (toKey) return keyText(toKey(key))
  // The region may get its generator later: an argument has the same text before.
  if (typeof key !== "string" && (generate || path !== "")) return canonical(key)
  return keyText(key as KeyLike) // It rejects invalid keys, whatever the caller's types claim.
}

/** The texts of `keys`, each once. */
export function namesOf(kit: Kit, keys: readonly KeyLike[]): readonly string[] {
  return [...new Set(keys.map((key) => nameOf(kit, key)))]
}

/** A copy of a key as it is now. In a region with a key function, which may take class instances, the key itself. */
export function ownOf<K>({ settings }: Kit, key: K): K {
  return typeof key === "object" && !settings.toKey ? (tryClone(key) as K) : key // A copy is of the same type.
}

/** The value of one key that was not a plain synchronous hit; on a miss by the options as they were at the call. */
export async function readSlowly(
  kit: Kit,
  name: string,
  options: GetOptions<unknown> | undefined,
  known: Kept | MissReason | undefined,
): Promise<unknown> {
  const { settings, place, hub } = kit
  const engine = settings.home()
  const policy = resolvePolicy(settings.reading, options, readRules)
  const own = { ...options }
  const found = await patiently(
    validateFound(engine.read(place, place.full(name), policy, known), { engine, policy }),
    policy,
  )
  const state = report(kit, found, name, policy)
  if (found.kept && state !== "gone") return engine.out(found.kept, true)
  hub.miss(place, name, found.reason)
  if (!own.required) return own.default
  throw missing(name, found)
}

function missing(name: string, { reason }: Found): CacheError {
  return new CacheError("CACHE_MISS", `There is no fresh value of ${shortKey(name)}: ${reason}.`, {
    key: name,
    reason,
  })
}

/** The rules of what {@link GetOptions} adds to the options of a policy. */
export const readRules: Rules = { default: anything, required: aBoolean }

/**
 * The entries of many keys; `undefined` for those that may not be served, or an error if they are `required`. A silent
 * read counts as neither hit nor miss, and ignores `required`.
 */
export async function readMany(
  kit: Kit,
  keys: readonly KeyLike[],
  options: GetOptions<unknown> | undefined,
  isSilent = false,
): Promise<(Entry<unknown> | undefined)[]> {
  const { settings, place, hub } = kit
  const engine = settings.home()
  const policy = resolvePolicy(settings.reading, options, readRules)
  const required = options?.required
  const named = keys.map((key) => nameOf(kit, key))
  if (named.length === 0) return []
  const unique = [...new Set(named)]
  const fulls = unique.map((name) => place.full(name))
  const [first] = fulls
  const reads =
    fulls.length === 1 && first !== undefined
      ? chain(engine.read(place, first, policy), (found) => [found])
      : engine.readMany(place, fulls, policy)
  const all = await patiently(
    chain(reads, (found) => Promise.all(found.map((one) => validateFound(one, { engine, policy })))),
    policy,
  )
  const isUnique = unique.length === named.length
  const byName = new Map(unique.map((name, i) => [name, all[i]]))
  let lost: CacheError | undefined
  const entries = named.map((name) => {
    const found = byName.get(name) as Found // Each was read.
    const state = isSilent ? judgeRead(found, policy) : report(kit, found, name, policy)
    if (found.kept && state !== "gone") {
      return { ...toEntry(found.kept, engine, found.limit, isUnique), stale: state === "stale" }
    }
    if (isSilent) return undefined
    hub.miss(place, name, found.reason)
    if (required) lost ??= missing(name, found)
    return undefined
  })
  if (lost) throw lost
  return entries
}

/** The keys as a list. */
export function listOf<K extends KeyLike>(keys: Iterable<K>): K[] {
  if (typeof Object(keys)[Symbol.iterator] === "function") return [...keys]
  throw misuse("Keys must be an array or another iterable.")
}

/** The values of many keys, or what a miss returns. */
export async function readValues(
  kit: Kit,
  keys: readonly KeyLike[],
  options: GetOptions<unknown> | undefined,
): Promise<unknown[]> {
  const otherwise = options?.default
  const entries = await readMany(kit, keys, options)
  return entries.map((entry) => (entry ? entry.value : otherwise))
}

/** The fresh value of a key if known synchronously. Counts as neither hit nor miss. */
export function peekNow(kit: Kit, key: KeyLike): unknown {
  const { settings, place } = kit
  const engine = settings.home()
  const found = engine.peek(place, place.full(nameOf(kit, key)))
  if (!found?.kept || judgeRead(found, settings.reading) !== "fresh") return undefined
  const value = engine.out(found.kept, true)
  const { schema } = settings.reading
  if (!schema) return value
  try {
    const result = schema["~standard"].validate(value)
    // An asynchronous schema gives no answer yet.
    if (isPromise(result)) hush(result)
    else if (!result.issues) return result.value
  } catch {
    // A schema that throws has not validated the value.
  }
  return undefined
}

/** Whether a read may use what it found: stale entries count only where they are allowed. */
function judgeRead(found: Found, policy: Policy): State {
  const state = judge(found, { policy })
  return state === "stale" && !policy.stale ? "gone" : state
}

/** As {@link judgeRead}, and counts what is served. */
function report({ hub, place }: Kit, found: Found, name: string, policy: Policy): State {
  const state = judgeRead(found, policy)
  if (found.kept && state === "fresh") hub.hit(place, name, found.kept)
  if (found.kept && state === "stale") hub.servedStale(place, name, found.kept, "asked")
  return state
}

/** `read`, unless the caller's signal aborts first. */
function patiently<T>(read: Awaitable<T>, { signal }: Policy): Awaitable<T> {
  return signal ? settlesWithin(Promise.resolve(read), Infinity, signal).then(() => read) : read
}
