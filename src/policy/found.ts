import { now } from "../base/clock.ts"
import type { MissReason } from "../base/errors.ts"
import { type Kept, stateOf } from "../entry.ts"

/** The result of a read. */
export interface Found {
  /** The entry, in whatever state. */
  readonly kept: Kept | undefined
  /** When a soft invalidation expired it, in ms since epoch; `Infinity` if none has. */
  readonly limit: number
  /** Why there is none. If there is one: "expired", for when it is no longer fresh. */
  readonly reason: MissReason
  /** The versions it was judged by, then those of the load's tags; `undefined` if they could not be read. */
  readonly tokens: readonly string[] | undefined
  /** The tier that had the record, if it was read from one of several. */
  readonly tier: Kept["tier"]
}

/** The result for `kept`, whose versions yield `limit`: see `limitOf`. */
export function foundIn(kept: Kept, limit: number, tokens?: readonly string[]): Found {
  if (limit === -Infinity) return nothing("invalidated", tokens, kept.tier)
  return { kept, limit, reason: "expired", tokens, tier: kept.tier }
}

/** A miss and its reason. */
export function nothing(reason: MissReason, tokens?: readonly string[], tier?: Kept["tier"]): Found {
  return { kept: undefined, limit: 0, reason, tokens, tier }
}

/** A result with an entry. */
interface Live extends Found {
  readonly kept: Kept
}

/** Whether there is an entry: fresh, or stale within its grace. */
export function isLive(found: Found | undefined): found is Live {
  return found?.kept !== undefined && stateOf(found.kept, now(), undefined, found.limit) !== "gone"
}

/** The message about junk. A read-only storage keeps it. */
export const noEntry =
  "The stored record is not an entry: a miss. It is removed, unless the storage is read-only."
