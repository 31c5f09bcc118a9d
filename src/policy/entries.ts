import { now } from "../base/clock.ts"
import { type Keeps, tryClone } from "../codec/clone.ts"
import { type Entry, freshUntil, type Kept, stateOf } from "../entry.ts"
import type { Store } from "../store/store.ts"
import type { Engine } from "./engine.ts"

/** An entry as a caller sees it, with a value of his own; for `isLast` see {@link Store.out}. */
export function toEntry(kept: Kept, store: Store, limit?: number, isLast?: boolean): Entry<unknown> {
  const until = freshUntil(kept, undefined, limit)
  return {
    value: store.out(kept, isLast),
    createdAt: kept.createdAt,
    freshUntil: until,
    staleUntil: until + kept.grace,
    stale: stateOf(kept, now(), undefined, limit) !== "fresh",
    tags: [...kept.tags],
  }
}

/**
 * A copy of a value that is to be written later; what cannot be copied is judged when it is written.
 *
 * @param keeps - Tells which class instances are copied. Default all: those that are not welcome are refused later.
 */
export function snapshot(engine: Engine, value: unknown, keeps: Keeps = () => true): unknown {
  const adapter = engine.store?.adapter ?? engine.source.adapter
  if (adapter?.copy === "none") return value
  return tryClone(value, keeps)
}
