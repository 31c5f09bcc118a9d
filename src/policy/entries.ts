import { now } from "../base/clock.ts"
import { tryClone } from "../codec/clone.ts"
import { type Entry, freshUntil, type Kept, stateOf } from "../entry.ts"
import type { Engine } from "./engine.ts"

/** An entry as a caller sees it, with a value of its own. For `isLast` see {@link Engine.out}. */
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
 * A copy of a value that will be written later. Class instances are copied, too: the write refuses what is unsupported.
 */
export function snapshot(engine: Engine, value: unknown): unknown {
  return isIsolated(engine) ? tryClone(value, () => true) : value
}

/** A copy of a value that did not come from the storage. What cannot be copied is returned as it is. */
export function copyFor(engine: Engine, value: unknown): unknown {
  return isIsolated(engine) ? tryClone(value) : value
}

/** Whether values are copied on the way in and out of the storage. */
export function isIsolated({ store, source }: Engine): boolean {
  return (store?.adapter ?? source.adapter)?.copy !== "none"
}
