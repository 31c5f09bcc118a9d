import { now } from "../base/clock.ts"
import { type Keeps, tryClone } from "../codec/clone.ts"
import { type Entry, freshUntil, type Kept, stateOf } from "../entry.ts"
import type { Engine } from "./engine.ts"

/** An entry as a caller sees it, with a value of its own; for `isLast` see {@link Engine.out}. */
export function toEntry(kept: Kept, engine: Engine, limit?: number, isLast?: boolean): Entry<unknown> {
  const until = freshUntil(kept, limit)
  return {
    value: engine.out(kept, isLast),
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
  return isIsolated(engine) ? tryClone(value, keeps) : value
}

/** What a caller is handed of what another's load has brought: a copy; what cannot be copied as it is. */
export function copyFor(engine: Engine, value: unknown): unknown {
  return snapshot(engine, value, () => false)
}

/** Whether its values are copied on their way in and out. */
export function isIsolated({ store, source }: Engine): boolean {
  return (store?.adapter ?? source.adapter)?.copy !== "none"
}
