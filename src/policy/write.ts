// Explicit writes fence the flights of their keys twice: when they begin, so that no caller joins an outdated load, and
// when they end, so that a load begun in between does not outlive them. They reject when the storage fails.
import { type Awaitable, chain, isPromise, together } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { jittered, type Kept, makeKept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import { tell } from "./draft.ts"
import type { Engine } from "./engine.ts"
import { isIsolated, snapshot } from "./entries.ts"
import { isLive } from "./found.ts"
import { currentMarks } from "./marks.ts"
import { bulkTimeout, type Policy } from "./options.ts"
import { inOrder } from "./ordered.ts"
import type { Place } from "./place.ts"
import { byTag } from "./tokens.ts"

/** Where an explicit write goes, and with which options. */
export interface Target {
  readonly engine: Engine
  readonly place: Place
  readonly policy: Policy
}

/** A value to write under a key as given. */
export interface Item {
  readonly name: string
  readonly value: unknown
  readonly policy: Policy
}

/** Replaces values and all their deadlines. */
export async function setAll(target: Target, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return
  const { engine, place, policy } = target
  const keys = items.map(({ name }) => place.full(name))
  engine.fence(keys)
  const createdAt = now()
  const tags = tagsOf(items)
  const versionKeys = place.versionKeysOf(tags)
  const { store } = engine
  // A set that waits for other writes reads the versions after them: a clear among them removes the earlier ones.
  const early =
    store && !engine.queue.isBusy(keys) ? currentMarks(engine, store, versionKeys, policy) : undefined
  const isPrompt = early !== undefined && !isPromise(early)
  // Later changes by the caller must not reach the storage.
  const own = isPrompt ? items : items.map((item) => ({ ...item, value: snapshot(engine, item.value) }))
  const write = (into: Store, tokens: readonly string[]) => () =>
    // Until an alias is open, it is not known whether its storage copies.
    put(target, into, isIsolated(engine) ? own : items, createdAt, tags, tokens)
  const plan = (into: Store) =>
    chain(early ?? currentMarks(engine, into, versionKeys, policy), (tokens) => write(into, tokens))
  const done =
    isPrompt && store
      ? engine.queue.ordered(keys, bulkTimeout(policy, keys), (run) => run(write(store, early)))
      : inOrder(target, keys, plan, policy.storeTimeout)
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

/** An entry to write for `life` ms. */
export type EntryWrite = readonly [key: string, kept: Kept, life: number]

/** Writes values; removes keys whose ttl is 0. `tokens` are the versions of the regions, then of all `tags`. */
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

/** The tags of all items, each once. */
function tagsOf(items: readonly Item[]): readonly string[] {
  return items.some(({ policy }) => policy.tags.length > 0)
    ? [...new Set(items.flatMap(({ policy }) => policy.tags))]
    : []
}

/**
 * Returns a function that picks the marks of one entry, by its tags, from the `tokens` of the regions and all `tags`.
 */
function marker(
  place: Place,
  tags: readonly string[],
  tokens: readonly string[],
): (own: readonly string[]) => readonly string[] {
  // Entries without tags share one array.
  if (tags.length === 0) return () => tokens
  const regions = tokens.slice(0, place.versionKeys.length)
  const tagged = byTag(tags, tokens.slice(regions.length))
  return (own) => [...regions, ...own.flatMap((tag) => tagged.get(tag) ?? [])] // Each tag is in the map.
}

/** Writes entries and removes the keys `gone`. */
export function change(
  store: Store,
  writes: readonly EntryWrite[],
  gone: readonly string[],
): Awaitable<unknown> {
  const [first] = writes
  const write = () => (writes.length > 1 ? store.writeMany(writes) : first && store.write(...first))
  // Both start now: if the first hung, the second would come late, and undo what others have written since.
  return gone.length > 0 ? together<unknown>([write, () => store.remove(gone)]) : write()
}

/** Removes keys, which must be unique; returns how many live entries there were. */
export async function removeAll(target: Target, names: readonly string[]): Promise<number> {
  if (names.length === 0) return 0
  const { engine, place, policy } = target
  const keys = names.map((name) => place.full(name))
  engine.fence(keys)
  try {
    const done = inOrder(
      target,
      keys,
      (store) => (isLate) =>
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
