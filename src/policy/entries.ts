import { type Entry, freshUntil, type Kept } from "../entry.ts"
import type { Store } from "../store/store.ts"

/** An entry as a caller sees it, with a value of his own. */
export function toEntry(kept: Kept, store: Store, now: number, limit?: number): Entry<unknown> {
  const until = freshUntil(kept, undefined, limit)
  return {
    value: store.out(kept),
    createdAt: kept.createdAt,
    freshUntil: until,
    staleUntil: until + kept.grace,
    stale: now >= until,
    tags: [...kept.tags],
  }
}
