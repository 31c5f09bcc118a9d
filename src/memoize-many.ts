import { isPromise, quietly } from "./base/awaitable.ts"
import { argumentChanged, misuse } from "./base/errors.ts"
import { isA, isObject } from "./base/kind.ts"
import { canonical, isStillNamed, type Key } from "./key.ts"
import { type MemoizeOptions, prepare, ttlNow, watch } from "./memoize.ts"
import { finderIn, type ManyResult } from "./policy/answers.ts"
import type { LoadOptions } from "./policy/options.ts"
import type { Region } from "./region.ts"

/** A function of many ids that returns what a fallback of `getOrSetMany` may return. */
export type ManyFn<I, V> = (...ids: I[]) => ManyResult<V> | Promise<ManyResult<V>>

/**
 * A memoized function of many ids. It passes `this` on. `F` is the type of the original, which differs where a schema
 * sets `V`.
 */
export type MemoizedMany<I, V, F = ManyFn<I, V>> = ((...ids: I[]) => Promise<V[]>) & {
  /** The fresh value of one id, or `undefined`. Never calls the function. */
  get(id: I): Promise<V | undefined>
  /** Stores `value` for one id. Rejects when the storage fails. */
  set(value: V, id: I): Promise<void>
  /** Removes the values of `ids`; returns how many there were. */
  delete(...ids: I[]): Promise<number>
  /** Makes the values of `ids` stale now; returns how many there were. */
  expire(...ids: I[]): Promise<number>
  /** Calls the function for all `ids` and stores what it returns. */
  refresh(...ids: I[]): Promise<V[]>
  /** The key of an id's value, for the verbs of the cache. */
  keyFor(id: I): Key<V>
  /** The function itself, without the cache. */
  readonly original: F
}

/** Serves a function of many ids from `cache`, with one entry per id. */
export function memoizeMany<I, V>(
  cache: Region,
  fn: ManyFn<I, V>,
  options: MemoizeOptions<I[], V> = {},
): MemoizedMany<I, V> {
  const { name, region } = prepare(cache, fn, options)
  const { key, ignore, bypass, onHit, ttl } = options
  if (ignore)
    throw misuse("The option ignore has no meaning here: each argument is an id of its own. Use key.")
  const keyFor = (id: I): Key<V> => canonical([`${name}()`, key ? key(id) : id])

  async function load(self: unknown, ids: I[], more?: LoadOptions<V>): Promise<V[]> {
    const texts = ids.map(keyFor)
    const byText = new Map<unknown, I>(ids.map((id, at) => [texts[at], id]))
    const fallback = async (missing: unknown[]): Promise<ManyResult<V>> => {
      const wanted = missing.map((text) => byText.get(text) as I) // Each was made from one of the ids.
      const isAsBefore = key ? watch(wanted) : () => true
      const result = await Reflect.apply(fn, self, wanted)
      for (const [at, id] of wanted.entries()) {
        const text = String(missing[at])
        if (!isStillNamed(text, () => keyFor(id)) || !isAsBefore()) throw argumentChanged(name, text)
      }
      return byKey(wanted, missing, result)
    }
    const all = ttlNow(ttl, more)
    if (!onHit) return await region.getOrSetMany<V>(texts, fallback, all)
    const served = new Map<unknown, number>()
    const values = await region.serveMany<V>(texts, fallback, all, (text, until) => served.set(text, until))
    for (const [at, text] of texts.entries()) {
      const expiresAt = served.get(text)
      if (expiresAt === undefined || !served.delete(text)) continue
      const info = { key: text, args: ids.slice(at, at + 1), value: values[at] as V, expiresAt } // As many as texts.
      quietly(() => Reflect.apply(onHit, self, [info]))
    }
    return values
  }

  async function memoized(this: unknown, ...ids: I[]): Promise<V[]> {
    const isBypassed = ids.length > 0 && bypass?.(...ids)
    return load(
      this,
      ids,
      (isPromise(isBypassed) ? await isBypassed : isBypassed) ? { fresh: true } : undefined,
    )
  }
  Object.defineProperty(memoized, "name", { value: name })
  return Object.assign(memoized, {
    get: async (id: I) => region.get<V>(keyFor(id)),
    set: async (value: V, id: I) => region.set(keyFor(id), value, ttlNow(ttl)),
    delete: async (...ids: I[]) => region.delete(...ids.map(keyFor)),
    expire: async (...ids: I[]) => region.expire(...ids.map(keyFor)),
    refresh: async (...ids: I[]) => load(undefined, ids, { fresh: true }),
    keyFor,
    original: fn,
  })
}

/** Converts a result by id to one by `keys`: a Map may have the ids themselves, a record has their texts. */
function byKey<I, V>(ids: readonly I[], keys: readonly unknown[], result: ManyResult<V>): ManyResult<V> {
  // An array, or a wrong shape, which getOrSetMany rejects.
  if (!isObject(result)) return result
  if (!isA(result, "Map") && Symbol.iterator in result) return result
  const find = finderIn<V>(result, ids)
  const values = new Map<unknown, V>()
  for (const [at, id] of ids.entries()) {
    const found = find(id)
    if (found) values.set(keys[at], found.value)
  }
  return values
}
