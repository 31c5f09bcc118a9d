// The verbs for a whole place: invalidate (and tags), clear, keys, prune.
import { type Awaitable, chain, isPromise, quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { CacheError } from "../base/errors.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import { isLive } from "./found.ts"
import { alone } from "./ordered.ts"
import { keyOf, type Place } from "./place.ts"
import type { Mode } from "./tokens.ts"
import type { Target } from "./write.ts"

/** Ends every entry of a place and its regions by renewing its version: O(1), however many there are. */
export async function invalidatePlace(target: Target, mode: Mode): Promise<void> {
  const { place } = target
  await renew(target, place.versionKeys.slice(-2), mode, (on) => fencePlace(on, place, mode))
}

/** Ends every entry with one of `tags` by renewing their versions: O(1) per tag. */
export async function invalidateByTags(target: Target, tags: readonly string[], mode: Mode): Promise<void> {
  if (tags.length === 0) return
  const { place } = target
  const [root] = place.versionKeys
  const fenceOrRemember = (flight: Flight) => {
    const { found } = flight
    // A cache with another prefix has other tags.
    if (flight.versionKeys[0] !== root) return false
    const replaced = isLive(found) ? found.kept.tags : []
    if ([...flight.policy.tags, ...flight.tags, ...replaced].some((tag) => tags.includes(tag))) return true
    flight.invalidatedTags ??= new Set()
    for (const tag of tags) flight.invalidatedTags.add(tag)
    // A hanging flight remembers only so many tags: then it is fenced.
    return flight.invalidatedTags.size > 1000
  }
  const keys = place.tagKeys([...new Set(tags)])
  await renew(target, keys, mode, ({ flights }) => flights.fenceWhere(fenceOrRemember, mode))
}

/**
 * Renews versions: this ends everything written before or being written now, and nothing written later.
 *
 * @param fence - Fences the flights that this ends. Called before the storage write, and after.
 */
async function renew(
  target: Target,
  keys: readonly string[],
  mode: Mode,
  fence: (on: Engine) => void,
): Promise<void> {
  const { engine } = target
  engine.draft?.ends(fence)
  fence(engine)
  const work = (store: Store) => () => engine.versions(store).renew(keys, mode)
  await alone(target, work, () => false)
  fence(engine)
}

/** Removes everything under a place, and nothing else. */
export async function clearPlace(target: Target): Promise<void> {
  const { engine, place } = target
  fencePlace(engine, place)
  const work = (store: Store) => async (isLate: () => boolean) => {
    // If keys cannot be listed, ours cannot be told from a neighbour's. So the entries are only invalidated; the
    // storage drops each when its life is over.
    if (place.base === "" && engine.lane.hasPrefixes && !store.adapter.keys) {
      await engine.versions(store).renew(place.versionKeys, "hard")
      return
    }
    // On a synchronous storage nothing is awaited: everything is gone when the call returns.
    const hasOthers = place.base === "" && hasAny(store.adapter.keys?.("@") ?? [])
    if (!(isPromise(hasOthers) ? await hasOthers : hasOthers)) {
      for (const start of place.base === "" ? [""] : [place.base, ...place.versionStarts]) {
        if (!isLate()) await store.adapter.clear(start)
      }
      return
    }
    // Caches with a prefix share the storage: their keys and versions stay.
    const mine: string[] = []
    for await (const key of (await store.adapter.keys?.("")) ?? []) {
      if (isLate()) return
      if (/^(@|#[hs](@|=@))/.test(key)) continue
      if (mine.push(key) === 1000) await store.remove(mine.splice(0))
    }
    if (mine.length > 0 && !isLate()) await store.remove(mine)
  }
  await alone(target, work, (key) => place.holds(key))
  fencePlace(engine, place)
}

/** What an adapter lists. The promise of an `async keys()` (rather than `async *keys()`) is awaited. */
type Listed = Awaitable<Iterable<string> | AsyncIterable<string>>

function hasAny(listed: Listed): Awaitable<boolean> {
  return chain(listed, (keys) => {
    const steps = iteratorOf(keys)
    return chain<IteratorResult<string>, boolean>(steps.next(), ({ done }) => {
      if (!done) quietly(() => steps.return?.())
      return !done
    })
  })
}

function iteratorOf(
  keys: Iterable<string> | AsyncIterable<string>,
): Iterator<string> | AsyncIterator<string> {
  return Symbol.asyncIterator in keys ? keys[Symbol.asyncIterator]() : keys[Symbol.iterator]()
}

/** Fences the flights of a place and its regions, and forgets their back-offs. */
function fencePlace(engine: Engine, place: Place, mode?: Mode): void {
  engine.flights.fenceWhere((flight) => place.holds(flight.key), mode)
  engine.backoff.forgetWhere((key) => place.holds(key))
}

/** The keys, as given, of live entries of a place itself, without its regions. */
export async function* keysOf({ engine, place, policy }: Target): AsyncGenerator<string, void, undefined> {
  let end: (() => unknown) | undefined
  const over = engine.listings.begin()
  try {
    const store = await engine.opened(policy.storeTimeout)
    if (!store.adapter.keys) {
      throw new CacheError(
        "ADAPTER_ABILITY",
        `The adapter "${store.adapter.name}" cannot list its keys. Use one that can, such as memory or sqlite.`,
      )
    }
    const page: string[] = []
    const listed =
      (await engine.guard(() => store.adapter.keys?.(place.start), policy.storeTimeout, "")) ?? []
    const steps = iteratorOf(listed)
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
    // The caller has stopped iterating.
    if (end) quietly(end)
  }
}

/** Drops what is past grace; returns how many, or 0 where the adapter cannot. It has thirty times `storeTimeout`. */
export async function pruneAll({ engine, policy }: Target): Promise<number> {
  const store = await engine.opened(policy.storeTimeout)
  // A third-party adapter may return anything.
  return Number(await engine.guard(() => store.adapter.prune?.(now()), 30 * policy.storeTimeout, "")) || 0
}
