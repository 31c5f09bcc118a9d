import { type Awaitable, chain, isPromise, together } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { freshUntil, jittered, type Kept, makeKept, stateOf } from "../entry.ts"
import type { Store } from "../store/store.ts"
import { derived, tell } from "./draft.ts"
import type { Engine } from "./engine.ts"
import { snapshot } from "./entries.ts"
import { type Found, isLive } from "./found.ts"
import { currentMarks } from "./marks.ts"
import { bulkTimeout, type Policy } from "./options.ts"
import { inOrder } from "./ordered.ts"
import type { Place } from "./place.ts"
import { byTag, limitOf } from "./tokens.ts"
import { only } from "./told.ts"

/** Where an explicit write goes, and by which options. */
export interface Target {
  readonly engine: Engine
  readonly place: Place
  readonly policy: Policy
}

/** A value to be written under a key as given. */
export interface Item {
  readonly name: string
  readonly value: unknown
  readonly policy: Policy
}

/*
 * Explicit writes beat the flights of their keys twice: when they begin, so that nobody joins what they outdate, and
 * when they end, so that what began meanwhile does not outlive them. They reject when the storage fails.
 */

/** Replaces values and all their deadlines. */
export async function setAll(target: Target, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return
  const { engine, place, policy } = target
  const keys = items.map(({ name }) => place.full(name))
  engine.fence(keys)
  const createdAt = now()
  const tags = tagsOf(items)
  const versionKeys = place.versionKeysOf(tags)
  const ms = bulkTimeout(policy, keys)
  const { store } = engine
  // What waits for others reads the versions when they are done: a clear among them takes the old ones along.
  const early =
    store && !engine.queue.isBusy(keys) ? currentMarks(engine, store, versionKeys, policy) : undefined
  const isPrompt = early !== undefined && !isPromise(early)
  // What the caller does to its values while we wait must not reach the storage.
  const own = isPrompt ? items : items.map((item) => ({ ...item, value: snapshot(engine, item.value) }))
  const later = (into: Store, isLate: () => boolean) =>
    chain(early ?? currentMarks(engine, into, versionKeys, policy), (tokens) => {
      const write = () => put(target, into, own, createdAt, tags, tokens)
      return isLate() ? undefined : engine.guard(write, ms, only(keys))
    })
  const done =
    isPrompt && store
      ? engine.queue.ordered(keys, ms, () => put(target, store, own, createdAt, tags, early))
      : inOrder(target, keys, later, policy.storeTimeout)
  if (isPromise(done)) {
    try {
      await done
    } finally {
      engine.fence(keys)
    }
  }
  tell(engine, () => {
    for (const { name, policy: own } of items) engine.hub.tell(place, name, own.ttl > 0 ? "set" : "delete")
  })
}

type EntryWrite = readonly [key: string, kept: Kept, life: number]

/** Writes values under the `tokens` of the regions and then of all their `tags`. */
function put(
  { place }: Target,
  store: Store,
  items: readonly Item[],
  createdAt: number,
  tags: readonly string[],
  tokens: readonly string[],
): Awaitable<unknown> {
  const marksOf = marker(place, tags, tokens)
  const writes: EntryWrite[] = []
  const gone: string[] = []
  for (const { name, value, policy: own } of items) {
    const key = place.full(name)
    const ttl = jittered(own.ttl, own.jitter)
    const { grace } = own
    const marks = marksOf(own.tags)
    const kept = makeKept({ value, createdAt, ttl, grace, took: 0, tags: own.tags, marks })
    if (ttl > 0) writes.push([key, kept, ttl + grace])
    else gone.push(key)
  }
  return change(store, writes, gone)
}

function tagsOf(items: readonly Item[]): readonly string[] {
  return items.some(({ policy }) => policy.tags.length > 0)
    ? [...new Set(items.flatMap(({ policy }) => policy.tags))]
    : []
}

/** Picks the marks of an entry with some of `tags`. */
function marker(
  place: Place,
  tags: readonly string[],
  tokens: readonly string[],
): (own: readonly string[]) => readonly string[] {
  // Entries without tags share the very array.
  if (tags.length === 0) return () => tokens
  const regions = tokens.slice(0, place.versionKeys.length)
  const tagged = byTag(tags, tokens.slice(regions.length))
  return (own) => [...regions, ...own.flatMap((tag) => tagged.get(tag) ?? [])] // All of them are in it.
}

function change(store: Store, writes: readonly EntryWrite[], gone: readonly string[]): Awaitable<unknown> {
  const [first] = writes
  const write = () => (writes.length > 1 ? store.writeMany(writes) : first && store.write(...first))
  // Both begin now: what came second would come after what others have written since, where the first one hangs.
  return gone.length > 0 ? together<unknown>([write, () => store.remove(gone)]) : write()
}

/** Removes keys, each named once; answers how many live entries there were. */
export async function removeAll(target: Target, names: readonly string[]): Promise<number> {
  if (names.length === 0) return 0
  const { engine, place, policy } = target
  const keys = names.map((name) => place.full(name))
  engine.fence(keys)
  try {
    const done = inOrder(target, keys, (store, isLate) =>
      chain(engine.readMany(place, keys, policy, { keepsJunk: true, rejects: true }), (found) => {
        const live = found.filter(isLive).length
        return isLate() ? live : chain(store.remove(keys), () => live)
      }),
    )
    const live = isPromise(done) ? await done : done
    tell(engine, () => {
      for (const name of names) engine.hub.tell(place, name, "delete")
    })
    return live
  } finally {
    engine.fence(keys)
  }
}

/** Makes live entries stale now and keeps them within grace, each named once; answers how many there were. */
export async function expireAll(target: Target, names: readonly string[]): Promise<number> {
  const { engine, place } = target
  const count = await rewrite(target, names, (kept, limit, at) => {
    const until = freshUntil(kept, limit)
    // One whose ttl is over by this clock may be fresh by another.
    const isExpired = kept.freshUntil < 0 || limit < Infinity
    return isExpired && until <= at ? kept : { ...kept, freshUntil: -Math.min(at, until) }
  })
  tell(engine, () => {
    for (const name of names) engine.hub.tell(place, name, "expire")
  })
  return count
}

/** Restarts the ttl of a live entry, its own or the one given; answers whether there was one. */
export async function touchOne(target: Target, name: string, ttl: number | undefined): Promise<boolean> {
  if (ttl === 0) return (await removeAll(target, [name])) > 0
  const touched = await rewrite(
    target,
    [name],
    (kept, _limit, at) => {
      const life = ttl ?? kept.ttl
      return { ...kept, ttl: life, freshUntil: at + life }
    },
    true,
  )
  return touched > 0
}

type Rewrite = (kept: Kept, limit: number, at: number) => Kept

/**
 * Reads and writes live entries back changed, in the order of writes, so that none is swapped with another. With
 * `outlives` they outlive the soft invalidations they have seen.
 */
async function rewrite(
  target: Target,
  names: readonly string[],
  rewritten: Rewrite,
  outlives = false,
): Promise<number> {
  if (names.length === 0) return 0
  const { engine, place, policy } = target
  const keys = names.map((name) => place.full(name))
  engine.fence(keys, true)
  engine.draft?.beats(keys)
  try {
    const done = inOrder(target, keys, (store, isLate) => {
      const into = derived(engine, store)
      const reading = engine.readMany(place, keys, policy, { anew: true, keepsJunk: true, rejects: true })
      return chain(reading, (found) => {
        const versionsOf = ({ kept }: Found) =>
          outlives ? engine.versions(store).read(kept ? place.versionKeysOf(kept.tags) : []) : undefined
        const read = together<readonly string[] | undefined>(found.map((one) => () => versionsOf(one)))
        return chain(read, (tokens) => {
          const { writes, gone, live } = changedEntries(keys, found, tokens, rewritten)
          return isLate() ? live : chain(change(into, writes, gone), () => live)
        })
      })
    })
    return isPromise(done) ? await done : done
  } finally {
    engine.fence(keys, true)
  }
}

/** What is to be written and removed to change the live ones of `found`; those with `tokens` outlive soft invalidations. */
function changedEntries(
  keys: readonly string[],
  found: readonly Found[],
  tokens: readonly (readonly string[] | undefined)[],
  rewritten: Rewrite,
): { readonly writes: readonly EntryWrite[]; readonly gone: readonly string[]; readonly live: number } {
  const at = now()
  const writes: EntryWrite[] = []
  const gone: string[] = []
  let live = 0
  for (const [i, key] of keys.entries()) {
    const one = found[i]
    const own = tokens[i]
    // What could not be judged rightly may be served again later, and fresh; what was evicted, by another's memory.
    if (!one?.kept && (!own || one?.reason !== "absent")) gone.push(key)
    if (!one?.kept || !isLive(one)) continue
    const { kept } = one
    // A soft invalidation that came since the read may have ended it.
    const isEnded = own && stateOf(kept, at, undefined, limitOf(kept.marks, own)) === "gone"
    if (!isEnded) live++
    const changed = rewritten(kept, one.limit, at)
    if (changed === kept) continue
    // Never a newer hard version: an invalidation that came since the read must win.
    const marks = own ? kept.marks.map((mark, n) => (n % 2 === 0 ? mark : (own[n] ?? ""))) : kept.marks
    const life = freshUntil(changed) + changed.grace - at
    if (life > 0 && !isEnded) writes.push([key, { ...changed, marks }, life])
    else gone.push(key)
  }
  return { writes, gone, live }
}
