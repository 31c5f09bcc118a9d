import type { Awaitable } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import type { StaleReason } from "../base/events.ts"
import { freshUntil, type Kept, type State, stateOf } from "../entry.ts"
import type { Fallback } from "./context.ts"
import { isEarly } from "./early.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import type { Policy } from "./options.ts"
import type { Place } from "./place.ts"
import type { Scope } from "./scope.ts"
import { thisTurn } from "./turn.ts"

/** Writes an entry that lives for `life` ms; `isLate` tells whether the write has run out of time. */
export type WriteEntry = (key: string, kept: Kept, life: number, isLate: () => boolean) => Awaitable<unknown>

/** Called when a caller is served from the cache, with the end of the entry's freshness in ms since epoch. */
export type Served = (freshUntil: number) => void

/** One caller's request and its options. */
export interface Call {
  readonly engine: Engine
  readonly place: Place
  /** The key as given, for messages and events. */
  readonly name: string
  /** The storage key. */
  readonly key: string
  readonly fallback: Fallback<unknown>
  readonly policy: Policy
  /** Whether a stale entry will do. */
  readonly servesStale?: boolean | undefined
  readonly scope: Scope
  /** Ms since epoch; the timeouts count from here. */
  readonly startedAt: number
  /** What it shares with the other keys of one `getOrSetMany`. */
  readonly bulk?: BulkCall | undefined
  /** Replaces the store's own write. */
  readonly write?: WriteEntry | undefined
  /** The engine that emits the `set` event, where that is a batch's. */
  readonly teller?: Engine | undefined
  /** The options of this very call, unresolved. */
  readonly given?: { readonly ttl?: unknown; readonly grace?: unknown } | undefined
  readonly onServe?: Served | undefined
}

/** What the calls of one `getOrSetMany` do together. */
export interface BulkCall {
  /** Reads the call's entry again, past any near tier. */
  readAnew(call: Call): Awaitable<Found>
  /** Called when this caller waits for another caller's load. */
  onJoin(): void
  /** Called when `flight` is about to call its fallback. */
  onLoad(flight: Flight): void
}

/** What a caller gets. */
export interface Answer {
  readonly value: unknown
}

/** In place of an answer: the caller looks for a flight again, and starts one if none runs. */
export const nextRound = undefined

/** Whether to refresh a fresh entry before its deadline. */
export function isDueEarly({ kept, limit }: Found, { policy }: Pick<Call, "policy">): boolean {
  if (!kept) return false
  const until = Math.min(freshUntil(kept, limit), kept.createdAt + policy.maxAge)
  return isEarly(kept, until, now(), policy.early)
}

/** Whether the entry is fresh, stale or gone for this call, given its `maxAge`. */
export function judge({ kept, limit }: Found, { policy }: Pick<Call, "policy">): State {
  return kept ? stateOf(kept, now(), policy.maxAge, limit) : "gone"
}

/** Whether an entry in this state satisfies a call, or all callers of a flight. */
export function isServed(state: State, { servesStale }: Pick<Call, "servesStale">): boolean {
  return state === "fresh" || (state === "stale" && servesStale === true)
}

/** Serves a caller the entry found, and counts it: as a hit, or as stale for `reason`. */
export function serve(
  { engine, place, name, onServe }: Call,
  { kept, limit }: Found,
  reason?: StaleReason,
): Answer | undefined {
  if (!kept) return undefined
  onServe?.(freshUntil(kept, limit))
  if (reason) engine.hub.servedStale(place, name, kept, reason)
  else engine.hub.hit(place, name, kept)
  return { value: engine.out(kept) }
}

/**
 * Whether a call may join a flight: not if it asks for a fresh load; not a flight that is fenced, overdue, or settled
 * by its challenger; and across requests only where both may share.
 */
export function canJoin(flight: Flight, { policy, scope }: Call): boolean {
  const mayShare = (scope.shares && flight.isShared) || flight.turn === thisTurn()
  const isHeld = flight.fenced || flight.outcome || flight.isOverdue(policy.leaseTtl)
  return !policy.fresh && !isHeld && mayShare
}

/** Whether the load of this key failed recently, so that a stale value is served without another attempt. */
export function isBackedOff({ engine, key, policy }: Call): boolean {
  return !policy.fresh && engine.backoff.holds(key)
}

/** Whether a load failed because its function changed its arguments: a bug that no stale value should hide. */
export function isMisuse(error: unknown, { name }: Call): boolean {
  return error instanceof CacheError && error.code === "ARGUMENT_CHANGED" && error.key === name
}

/** The error of a caller whose `hardTimeout` has passed. */
export function tooLate({ name, policy }: Call): CacheError {
  return new CacheError(
    "FALLBACK_TIMEOUT",
    `No value of ${shortKey(name)} came within ${policy.hardTimeout} ms. Raise hardTimeout, or set grace to serve stale values.`,
    { key: name },
  )
}

/** The error of a fallback that would wait for itself. */
export function reentrant({ name }: Call): CacheError {
  return new CacheError(
    "REENTRANT",
    `The fallback of ${shortKey(name)} asks for its own key and would wait for itself. Load the value without the cache.`,
    { key: name },
  )
}
