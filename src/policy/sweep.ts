// The verbs about a whole place: invalidate (and tags), clear, keys, prune.
import { type Awaitable, isPromise, quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { CacheError } from "../base/errors.ts"
import { scrubbed } from "../base/scrub.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import { isLive } from "./found.ts"
import { alone } from "./ordered.ts"
import { keyOf, type Place } from "./place.ts"
import type { Mode } from "./tokens.ts"
import type { Target } from "./write.ts"

/** Ends every entry of a place and the regions in it by renewing its version: O(1), however many there are. */
export async function invalidatePlace(target: Target, mode: Mode): Promise<void> {
  const { place } = target
  await renew(target, place.versionKeys.slice(-2), mode, (on) => beatPlace(on, place, mode))
}

/** Ends every entry with one of `tags` by renewing their versions: O(1) a tag. */
export async function invalidateByTags(target: Target, tags: readonly string[], mode: Mode): Promise<void> {
  if (tags.length === 0) return
  const { place } = target
  const [root] = place.versionKeys
  const beatOrRemember = (flight: Flight) => {
    const { found } = flight
    // One of another prefix has other tags.
    if (flight.versionKeys[0] !== root) return false
    const replaced = isLive(found) ? found.kept.tags : []
    if ([...flight.policy.tags, ...flight.tags, ...replaced].some((tag) => tags.includes(tag))) return true
    flight.invalidatedTags ??= new Set()
    for (const tag of tags) flight.invalidatedTags.add(tag)
    // A flight that hangs remembers so many at most: then it is beaten.
    return flight.invalidatedTags.size > 1000
  }
  const keys = place.tagKeys([...new Set(tags)])
  await renew(target, keys, mode, ({ flights }) => flights.fenceWhere(beatOrRemember, mode))
}

/**
 * Renews versions: nothing stands of what was written before or is still being written; all that comes later does.
 *
 * @param beat - Beats the flights that this ends. Called before the storage is asked, and after.
 */
async function renew(
  target: Target,
  keys: readonly string[],
  mode: Mode,
  beat: (on: Engine) => void,
): Promise<void> {
  const { engine } = target
  engine.draft?.ends(beat)
  beat(engine)
  const work = (store: Store) => () => engine.versions(store).renew(keys, mode)
  await alone(target, work, () => false)
  beat(engine)
}

/** Removes what is under a place, and nothing else. */
export async function clearPlace(target: Target): Promise<void> {
  const { engine, place } = target
  beatPlace(engine, place)
  const work = (store: Store) => async (isLate: () => boolean) => {
    // Without a list of keys, ours cannot be told from a neighbour's. So the entries are only invalidated; the storage
    // drops each when its life is over.
    if (place.base === "" && engine.lane.hasPrefixes && !store.adapter.keys) {
      await engine.versions(store).renew(place.versionKeys, "hard")
      return
    }
    // Where the storage answers at once nothing is awaited: all is gone when the call returns.
    const hasOthers = place.base === "" && hasAny(store.adapter.keys?.("@") ?? [])
    if (!(isPromise(hasOthers) ? await hasOthers : hasOthers)) {
      for (const start of place.base === "" ? [""] : [place.base, ...place.versionStarts]) {
        if (!isLate()) await store.adapter.clear(start)
      }
      return
    }
    // Caches with a prefix share the storage: their keys and versions stay.
    const mine: string[] = []
    for await (const key of store.adapter.keys?.("") ?? []) {
      if (isLate()) return
      if (/^(@|#[hs](@|=@))/.test(key)) continue
      if (mine.push(key) === 1000) await store.remove(mine.splice(0))
    }
    if (mine.length > 0 && !isLate()) await store.remove(mine)
  }
  await alone(target, work, (key) => place.holds(key))
  beatPlace(engine, place)
}

function hasAny(keys: Iterable<string> | AsyncIterable<string>): Awaitable<boolean> {
  if (!(Symbol.iterator in keys)) return hasAnyLater(keys)
  for (const _ of keys) return true
  return false
}

async function hasAnyLater(keys: AsyncIterable<string>): Promise<boolean> {
  for await (const _ of keys) return true
  return false
}

/** Beats the flights of a place and the regions in it, and forgets their back-offs. */
function beatPlace(engine: Engine, place: Place, mode?: Mode): void {
  engine.flights.fenceWhere((flight) => place.holds(flight.key), mode)
  engine.backoff.forgetWhere((key) => place.holds(key))
}

/** The keys of live entries of a place itself, without its regions, as given. */
export async function* keysOf({ engine, place, policy }: Target): AsyncGenerator<string, void, undefined> {
  let end: (() => unknown) | undefined
  const over = engine.listings.begin()
  try {
    const store = engine.store ?? (await engine.opened(policy.storeTimeout))
    if (!store.adapter.keys) {
      throw new CacheError(
        "ADAPTER_ABILITY",
        `The adapter "${store.adapter.name}" cannot list its keys. Use one that can, such as memory or sqlite.`,
      )
    }
    const page: string[] = []
    const listed = scrubbed(() => store.adapter.keys?.(place.start) ?? [])
    const steps = Symbol.asyncIterator in listed ? listed[Symbol.asyncIterator]() : listed[Symbol.iterator]()
    end = () => steps.return?.()
    while (end) {
      const { done, value } = await engine.guard(() => steps.next(), policy.storeTimeout, "")
      if (done) end = undefined
      else if (place.own(value) !== undefined) page.push(value)
      if (page.length < (end ? 100 : 1)) continue
      const keys = page.splice(0)
      const found = await engine.readMany(place, keys, policy, { rejects: true })
      for (const [i, key] of keys.entries()) if (isLive(found[i])) yield keyOf(key)
    }
  } finally {
    over()
    // The caller has stopped in the middle.
    if (end) quietly(end)
  }
}

/** Drops what is past grace; answers how many, 0 where the adapter has no way. It has thirty times `storeTimeout`. */
export async function pruneAll({ engine, policy }: Target): Promise<number> {
  const store = engine.store ?? (await engine.opened(policy.storeTimeout))
  return (await engine.guard(() => store.adapter.prune?.(now()), 30 * policy.storeTimeout, "")) ?? 0
}
