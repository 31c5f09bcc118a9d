import { hush, isPromise } from "./base/awaitable.ts"
import { now } from "./base/clock.ts"
import type { MissReason } from "./base/errors.ts"
import type { Kept } from "./entry.ts"
import type { Hot, Kit } from "./kit.ts"
import type { Engine } from "./policy/engine.ts"

/** {@link hotEntry}, counted as a hit. */
export function hotHit(kit: Kit, key: unknown): Kept | undefined {
  const kept = hotEntry(kit, key)
  // Only strings are hot keys.
  if (kept !== undefined) kit.hub.hit(kit.place, key as string, kept)
  return kept
}

/**
 * The fresh entry of `key`, if that can be decided in a few steps, as for most hits in memory.
 *
 * An entry is valid if the versions it was made under are still those of its regions and tags. Entries written together
 * share one array of marks. If that array was found valid and the adapter has counted no token change since, every
 * entry that holds this very array is valid (and is ours, because nobody else has the array). An entry with tags has an
 * array of its own, so it is remembered individually.
 */
export function hotEntry({ settings, place }: Kit, key: unknown): Kept | undefined {
  const { hot } = settings
  if (hot === undefined || !settings.isPlain || typeof key !== "string") return undefined
  if (hot.engine !== settings.home()) {
    // The storage was swapped: forget the old one.
    settings.hot = undefined
    return undefined
  }
  const { adapter } = hot
  const full = place.full(key)
  const time = now()
  try {
    // It is an entry if it has these marks or was found valid, which is checked next.
    const kept = (adapter.peek ? adapter.peek(full, time) : adapter.get(full)) as Kept | undefined
    if (kept?.marks !== hot.marks && !(kept && hot.standing.get(kept) === hot.changes)) {
      if (isPromise(kept)) {
        // The adapter has become asynchronous: the read that follows asks it again.
        settings.hot = undefined
        hush(kept)
      }
    } else if (time < kept.freshUntil && hot.changes === adapter.tokenChanges(time)) return kept
  } catch {
    // The read that follows runs into the same failure, and reports it.
  }
  return undefined
}

/** Remembers what showed that `kept` is a hit, so that {@link hotEntry} can decide the next one in a few steps. */
export function heat({ settings }: Kit, engine: Engine, kept: Kept): void {
  const { store } = engine
  if (!store || settings.toKey) return
  const { changes, standing } = engine.versions(store)
  if (changes === undefined) return
  const adapter = store.adapter as Hot["adapter"] // It has counted changes.
  // The marks of an entry with tags are its own.
  const marks =
    kept.tags.length === 0 ? kept.marks : settings.hot?.changes === changes ? settings.hot.marks : []
  settings.hot = { engine, adapter, store, marks, changes, standing }
}

/** Whether a synchronous storage has an entry whose versions are unchanged. */
export function isHit(engine: Engine, { place }: Kit, known: Kept | MissReason | undefined): known is Kept {
  return (
    typeof known === "object" &&
    engine.store !== undefined &&
    engine.versions(engine.store).stands(known, place.versionKeys)
  )
}
