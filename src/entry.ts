import type { Tier } from "./base/events.ts"
import { isObject } from "./base/kind.ts"

/** What a cache keeps for a key: the value, its deadlines, and what can invalidate it. */
export interface Kept {
  /** The version of this shape. A record of another version is a miss. */
  readonly format: 1
  readonly value: unknown
  /** Milliseconds since epoch, when its load started or `set` was called. */
  readonly createdAt: number
  /**
   * Milliseconds since epoch; `Infinity` never ends. Negative if the entry was expired at that time: then it is not
   * fresh, whatever a clock says.
   */
  readonly freshUntil: number
  /** Milliseconds. */
  readonly ttl: number
  /** Milliseconds after `freshUntil` in which it may be served stale. */
  readonly grace: number
  /** Milliseconds its load took, 0 for a set. */
  readonly took: number
  readonly tags: readonly string[]
  /** The versions of its regions and tags when it was made. */
  readonly marks: readonly string[]
  /** Which of two tiers it was read from. */
  readonly tier?: Tier
  /** The entry as it is stored, where `value` is what a schema has made of the stored one: it may be anything. */
  readonly made?: Kept
}

/** An entry that is fresh for `ttl` ms from `createdAt` on. */
export function makeKept({ value, createdAt, ttl, grace, took, tags, marks }: Made): Kept {
  return { format: 1, value, createdAt, freshUntil: createdAt + ttl, ttl, grace, took, tags, marks }
}

type Made = Omit<Kept, "format" | "freshUntil" | "tier" | "made">

/** Spreads `ttl` by ± `jitter`, both in ms. Never makes 0 of it, which would store nothing. */
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

/** Whether an entry may be served: "fresh" always, "stale" where stale is welcome, "gone" never. */
export type State = "fresh" | "stale" | "gone"

/**
 * Until when an entry is fresh, in ms since epoch: until its own deadline, or until a soft invalidation expired it
 * (`limit`), whichever comes first.
 */
export function freshUntil(kept: Kept, limit: number = Infinity): number {
  return Math.min(Math.abs(kept.freshUntil), limit)
}

/**
 * Judges an entry at `now`: fresh until {@link freshUntil}, then stale to the end of its grace, then gone. A `maxAge`
 * can end its freshness earlier, but not its grace. Without grace it is never stale.
 */
export function stateOf(kept: Kept, now: number, maxAge: number = Infinity, limit: number = Infinity): State {
  // Whether it was expired is told by `limit` or by the sign of its deadline, and not by a clock: the time of that
  // matters for the grace alone. An entry from the future, made by a clock that was ahead, is not young either.
  if (limit === Infinity && now < kept.freshUntil && Math.abs(now - kept.createdAt) < maxAge) return "fresh"
  return kept.grace > 0 && now < freshUntil(kept, limit) + kept.grace ? "stale" : "gone"
}

/** Whether `record` has the shape of a {@link Kept}. Cheap: it does not look into the value, tags or marks. */
export function isKept(record: unknown): record is Kept {
  if (!isObject(record)) return false
  // Seen as a partial record: every member is judged below.
  const kept = record as Partial<Record<keyof Kept, unknown>>
  return (
    kept.format === 1 &&
    isNumber(kept.createdAt) &&
    isNumber(kept.freshUntil) &&
    isNumber(kept.ttl) &&
    isNumber(kept.grace) &&
    isNumber(kept.took) &&
    Array.isArray(kept.tags) &&
    Array.isArray(kept.marks)
  )
}

/** `record`, marked as read from `tier` if it is an entry. */
export function inTier<T>(record: T, tier: Tier): T {
  return isKept(record) ? { ...record, tier } : record
}

/** Whether it is a number, perhaps infinite, but not NaN. */
function isNumber(value: unknown): boolean {
  // biome-ignore lint/suspicious/noSelfCompare: NaN alone differs from itself, and this is on the path of every hit.
  return typeof value === "number" && value === value
}
