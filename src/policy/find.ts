import { type Awaitable, attempt, both, chain, isPromise, together } from "../base/awaitable.ts"
import type { MissReason } from "../base/errors.ts"
import type { Kept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import { derived } from "./draft.ts"
import type { Engine } from "./engine.ts"
import { type Found, foundIn, noEntry, nothing } from "./found.ts"
import type { Policy } from "./options.ts"
import { keyOf, type Place } from "./place.ts"
import { byTag, limitOf } from "./tokens.ts"
import type { Versions } from "./versions.ts"

/** Where to look for entries, and with which options. */
export interface Search {
  readonly engine: Engine
  readonly store: Store
  readonly place: Place
  readonly policy: Policy
}

/** The entry at `key`: see {@link Engine.read}. Throws and rejects like the storage. */
export function find(
  search: Search,
  key: string,
  known: Kept | MissReason | undefined,
  isLast = false,
): Awaitable<Found> {
  const { engine, store, place, policy } = search
  const written = engine.lane.count
  const clears = isLast ? undefined : engine.lane.clears
  const versions = engine.versions(store)
  const { changes } = versions
  // Requested first, so that a batching adapter puts both into one request.
  const tokens = versions.read(place.versionKeysOf(policy.tags))
  const read = () => (policy.fresh ? "absent" : (known ?? store.read(key)))
  return both<readonly string[], Kept | MissReason, Found>(tokens, read, (tokens, kept) => {
    if (isTorn(engine, clears)) return find(search, key, undefined, true)
    if (typeof kept === "string") return missed(search, key, kept, tokens, written === engine.lane.count)
    const regions = tokens.slice(0, place.versionKeys.length)
    if (kept.tags.length === 0) return judged(search, kept, regions, tokens, changes)
    return chain(versions.read(place.tagKeys(kept.tags)), (ofTags) =>
      isTorn(engine, clears)
        ? find(search, key, undefined, true)
        : judged(search, kept, [...regions, ...ofTags], tokens, changes),
    )
  })
}

/**
 * Whether a clear has begun or ended since the count was `clears`: then some versions are from before it and some from
 * after, and an absent soft version looks as if it had never existed. Such a read is repeated once.
 */
function isTorn({ lane }: Engine, clears: number | undefined): boolean {
  return clears !== undefined && clears !== lane.clears
}

/** Options of {@link findMany}. */
export interface ReadManyOptions {
  /** Read past any near tier. */
  readonly anew?: boolean
  /** Leave junk to the caller, which is a write of these keys: removing it here would wait for that write. */
  readonly keepsJunk?: boolean
  /** Reject if the storage fails, without an `error` event. Default: an event and misses. */
  readonly rejects?: boolean
}

/** As {@link find}, for many keys; one round trip where the adapter can. */
export function findMany(
  search: Search,
  keys: readonly string[],
  options: ReadManyOptions,
  isLast = false,
): Awaitable<Found[]> {
  const { engine, store, place, policy } = search
  const { anew, keepsJunk } = options
  const clears = isLast ? undefined : engine.lane.clears
  const written = keepsJunk ? undefined : engine.lane.count
  const versions = engine.versions(store)
  const { changes } = versions
  const ask = (names: readonly string[], of: readonly string[] = []): Awaitable<readonly string[]> =>
    anew
      ? chain(store.adapter.forget?.([...of, ...names]), () => versions.readAnew(names))
      : versions.read(names)
  const tokens = ask(place.versionKeysOf(policy.tags), keys)
  // A near tier must forget the entries before they are requested.
  const entries = () => (anew ? chain(tokens, () => store.readMany(keys)) : store.readMany(keys))
  return both<readonly string[], readonly (Kept | MissReason)[], Found[]>(tokens, entries, (tokens, all) => {
    // One batched read for all their tags.
    const tags = [...new Set(all.flatMap((kept) => (typeof kept === "string" ? [] : kept.tags)))]
    return chain(tags.length > 0 ? ask(place.tagKeys(tags)) : [], (ofTags) => {
      if (isTorn(engine, clears)) return findMany(search, keys, options, true)
      const tagged = byTag(tags, ofTags)
      const regions = tokens.slice(0, place.versionKeys.length)
      const isUnwritten = written === engine.lane.count
      const judge = (kept: Kept | MissReason, i: number) => {
        if (typeof kept === "string") return missed(search, keys[i] ?? "", kept, tokens, isUnwritten)
        const own = kept.tags.flatMap((tag) => tagged.get(tag) ?? []) // Each tag is in the map.
        return judged(search, kept, [...regions, ...own], tokens, changes)
      }
      return together(all.map((kept, i) => () => judge(kept, i)))
    })
  })
}

/**
 * Judges an entry by its versions.
 *
 * @param own - The versions of its regions and tags.
 * @param tokens - The versions that a load would be stored under.
 * @param changes - The adapter's count of changes before these were read.
 */
function judged(
  { engine, store }: Search,
  kept: Kept,
  own: readonly string[],
  tokens: readonly string[],
  changes: number | undefined,
): Found {
  const limit = limitOf(kept.marks, own)
  if (limit === Infinity) engine.versions(store).stood(kept, changes)
  return foundIn(kept, limit, tokens)
}

/**
 * Reports a miss, and removes junk.
 *
 * @param isUnwritten - Whether nothing was written since the read began, so that the record is still junk.
 */
function missed(
  { engine, store, place, policy }: Search,
  key: string,
  reason: MissReason,
  tokens: readonly string[],
  isUnwritten: boolean,
): Awaitable<Found> {
  const found = nothing(reason, tokens)
  if (reason !== "corrupt") return found
  engine.hub.trouble(place, keyOf(key), new Error(noEntry))
  if (!isUnwritten) return found
  const answer = () => found
  const removed = attempt(() =>
    engine.queue.ordered([key], policy.storeTimeout, (run) =>
      run(() => derived(engine, store).adapter.delete(key)),
    ),
  )
  return removed.then(answer, answer)
}

/** A miss, where the versions are known synchronously: the fast path of most misses. */
export function absentIn(versions: Versions, place: Place, { tags }: Policy): Found | undefined {
  try {
    const tokens = versions.read(place.versionKeysOf(tags))
    return isPromise(tokens) ? undefined : nothing("absent", tokens)
  } catch {
    return undefined // find() runs into the same failure, and reports it.
  }
}
