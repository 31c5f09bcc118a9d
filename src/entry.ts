import type { Tier } from "./base/events.ts"
import { isObject } from "./base/kind.ts"

/** What a cache stores for a key: the value, its deadlines, and what can invalidate it. */
export interface Kept {
  /** The version of this format. A record of another version is a miss. */
  readonly format: 1
  readonly value: unknown
  /** When its load started or `set` was called, in ms since epoch. */
  readonly createdAt: number
  /**
   * Ms since epoch; `Infinity` never ends. Negative if the entry was expired at that time: then it is not fresh,
   * whatever a clock says.
   */
  readonly freshUntil: number
  /** In ms. */
  readonly ttl: number
  /** How long after `freshUntil` it may be served stale, in ms. */
  readonly grace: number
  /** How long its load took, in ms; 0 for a set. */
  readonly took: number
  readonly tags: readonly string[]
  /** The versions of its regions and tags when it was made. */
  readonly marks: readonly string[]
  /** The tier it was read from, if there are two. */
  readonly tier?: Tier
  /** The stored entry, if `value` is what a schema returned for the stored value. It may be anything. */
  readonly made?: Kept
}

/** An entry that is fresh for `ttl` ms from `createdAt`. */
export function makeKept({ value, createdAt, ttl, grace, took, tags, marks }: Made): Kept {
  return { format: 1, value, createdAt, freshUntil: createdAt + ttl, ttl, grace, took, tags, marks }
}

type Made = Omit<Kept, "format" | "freshUntil" | "tier" | "made">

/** Spreads `ttl` by ± `jitter`, both in ms. Never returns 0, which would store nothing. */
export function jittered(ttl: number, jitter: number): number {
  return jitter > 0 && ttl > 0 ? Math.max(1, Math.round(ttl + (2 * Math.random() - 1) * jitter)) : ttl
}

/** A value with its deadlines and tags. All times are milliseconds since epoch. */
export interface Entry<V> {
  /** A copy of what was stored, the caller's own. */
  readonly value: V
  /** When its fallback started, or `set` was called. */
  readonly createdAt: number
  /** `Infinity` if it never expires. */
  readonly freshUntil: number
  /** `freshUntil` plus grace. */
  readonly staleUntil: number
  /** Whether `freshUntil` has passed, or it was expired. */
  readonly stale: boolean
  /** The tags that `invalidateTags` finds it by. */
  readonly tags: readonly string[]
}

/** Whether an entry may be served: "fresh" always, "stale" where stale is allowed, "gone" never. */
export type State = "fresh" | "stale" | "gone"

/**
 * Until when an entry is fresh, in ms since epoch: until its deadline, or until a soft invalidation expired it
 * (`limit`), whichever is earlier.
 */
export function freshUntil(kept: Kept, limit: number = Infinity): number {
  return Math.min(Math.abs(kept.freshUntil), limit)
}

/**
 * The state of an entry at `now`: fresh until {@link freshUntil}, then stale until its grace ends, then gone. A
 * `maxAge` can end its freshness earlier, but not its grace. Without grace it is never stale.
 */
export function stateOf(kept: Kept, now: number, maxAge: number = Infinity, limit: number = Infinity): State {
  // Whether it was expired shows in `limit` or in the sign of its deadline, not by a clock: the time of that only
  // matters for grace. An entry from the future, made by a clock that was ahead, is not fresh either.
  if (limit === Infinity && now < kept.freshUntil && Math.abs(now - kept.createdAt) < maxAge) return "fresh"
  return kept.grace > 0 && now < freshUntil(kept, limit) + kept.grace ? "stale" : "gone"
}

/** Whether `record` has the shape of a {@link Kept}. Cheap: does not look into the value, tags or marks. */
export function isKept(record: unknown): record is Kept {
  if (!isObject(record)) return false
  // Every member is checked below.
  const kept = record as Partial<Record<keyof Kept, unknown>>
  return (
    kept.format === 1 &&
    isNumber(kept.createdAt) &&
    isNumber(kept.freshUntil) &&
    isNumber(kept.ttl, 0) &&
    isNumber(kept.grace, 0) &&
    isNumber(kept.took, 0) &&
    Array.isArray(kept.tags) &&
    Array.isArray(kept.marks)
  )
}

/** `record`, labelled as read from `tier` if it is an entry. */
export function inTier<T>(record: T, tier: Tier): T {
  return isKept(record) ? { ...record, tier } : record
}

/** Whether it is a number of at least `least`, possibly infinite, but not NaN. */
function isNumber(value: unknown, least: number = -Infinity): boolean {
  return typeof value === "number" && value >= least
}
