import { now } from "../base/clock.ts"
import { tryClone } from "../codec/clone.ts"
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
 * A copy of a value that is to be written later, instances of all classes included: an unwelcome one is refused when it
 * is written.
 */
export function snapshot(engine: Engine, value: unknown): unknown {
  return isIsolated(engine) ? tryClone(value, () => true) : value
}

/** A copy of a value that does not come from the storage. What cannot be copied stays what it is. */
export function copyFor(engine: Engine, value: unknown): unknown {
  return isIsolated(engine) ? tryClone(value) : value
}

/** Whether values are copied on their way in and out of the storage. */
export function isIsolated({ store, source }: Engine): boolean {
  return (store?.adapter ?? source.adapter)?.copy !== "none"
}
