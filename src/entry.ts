import type { Tier } from "./base/events.ts"

/** What a cache keeps for a key: the value, its deadlines, and what can invalidate it. */
export interface Kept {
  /** The version of this shape; a record of another one is a miss. */
  readonly format: 1
  readonly value: unknown
  /** Milliseconds since epoch, when its load started or `set` was called. */
  readonly createdAt: number
  /**
   * Milliseconds since epoch; `Infinity` never ends. Negative where it was expired then: by whatever clock, it is not
   * fresh any more.
   */
  readonly freshUntil: number
  /** Milliseconds. */
  readonly ttl: number
  /** Milliseconds after `freshUntil` in which it may be served stale. */
  readonly grace: number
  /** Milliseconds its load took, 0 for a set. */
  readonly took: number
  readonly tags: readonly string[]
  /** Versions of regions and tags when it was made. */
  readonly marks: readonly string[]
  /** Which of two tiers it was read from. */
  readonly tier?: Tier
  /** The entry of the storage, where the value is what a schema has made of that one's: whatever it is, it is handed out. */
  readonly made?: Kept
}

/** An entry that is fresh for `ttl` ms from `createdAt` on. */
export function makeKept({ value, createdAt, ttl, grace, took, tags, marks }: Made): Kept {
  return { format: 1, value, createdAt, freshUntil: createdAt + ttl, ttl, grace, took, tags, marks }
}

type Made = Omit<Kept, "format" | "freshUntil" | "tier" | "made">

/** Spreads `ttl` by ± `jitter`; what was to be stored stays to be stored. */
export function jittered(ttl: number, jitter: number): number {
  return jitter > 0 && ttl > 0 ? Math.max(1, Math.round(ttl + (2 * Math.random() - 1) * jitter)) : ttl
}

/** A value with its deadlines and tags, as a caller sees it. All times are milliseconds since epoch. */
export interface Entry<V> {
  /** What was stored: a copy, the caller's own. */
  readonly value: V
  /** When its fallback started, or `set` was called. */
  readonly createdAt: number
  /** `Infinity` if it never expires. */
  readonly freshUntil: number
  /** `freshUntil` plus grace. */
  readonly staleUntil: number
  /** Whether `freshUntil` has passed, or it was expired. */
  readonly stale: boolean
  /** What `invalidateTags` ends it by. */
  readonly tags: readonly string[]
}

/** How an entry stands: to be served, to be served only where stale is welcome, or not at all. */
export type State = "fresh" | "stale" | "gone"

/**
 * Until when an entry is fresh, in ms since epoch: its own deadline, or when it was expired by an invalidation (`limit`),
 * whichever comes first.
 */
export function freshUntil(kept: Kept, limit: number = Infinity): number {
  return Math.min(Math.abs(kept.freshUntil), limit)
}

/**
 * Judges an entry at `now`: fresh until {@link freshUntil}, then stale to the end of its grace, then gone. Its grace
 * begins when it would have ended without anybody's `maxAge`; without grace it is never stale.
 */
export function stateOf(kept: Kept, now: number, maxAge: number = Infinity, limit: number = Infinity): State {
  // Versions tell that it was expired, or its sign; when, by whose clock, matters for its grace alone. One of the
  // future is not young: how old it is, nobody knows.
  if (limit === Infinity && now < kept.freshUntil && Math.abs(now - kept.createdAt) < maxAge) return "fresh"
  return kept.grace > 0 && now < freshUntil(kept, limit) + kept.grace ? "stale" : "gone"
}

/** Whether `record` has the shape of a {@link Kept}. Cheap: it does not look into the value, tags or marks. */
export function isKept(record: unknown): record is Kept {
  if (typeof record !== "object" || record === null) return false
  // Seen as a partial record: every member is judged below before anyone relies on it.
  const kept = record as Partial<Record<keyof Kept, unknown>>
  return (
    kept.format === 1 &&
    isTime(kept.createdAt) &&
    isTime(kept.freshUntil) &&
    isTime(kept.ttl) &&
    isTime(kept.grace) &&
    isTime(kept.took) &&
    Array.isArray(kept.tags) &&
    Array.isArray(kept.marks)
  )
}

/** `record` as one read from `tier`, if it is an entry. */
export function inTier<T>(record: T, tier: Tier): T {
  return isKept(record) ? { ...record, tier } : record
}

/** A number, infinite ones included, but not NaN. */
function isTime(value: unknown): boolean {
  // biome-ignore lint/suspicious/noSelfCompare: NaN alone differs from itself, and this is on the path of every hit.
  return typeof value === "number" && value === value
}
