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
 * @param keeps - Tells which class instances are copied. Default all: an unwelcome one is refused when it is written.
 */
export function snapshot(engine: Engine, value: unknown, keeps: Keeps = () => true): unknown {
  return isIsolated(engine) ? tryClone(value, keeps) : value
}

/** A copy of a loaded value, for a caller that did not lead the load. A value that cannot be copied stays what it is. */
export function copyFor(engine: Engine, value: unknown): unknown {
  return snapshot(engine, value, () => false)
}

/** Whether values are copied on their way in and out of the storage. */
export function isIsolated({ store, source }: Engine): boolean {
  return (store?.adapter ?? source.adapter)?.copy !== "none"
}
