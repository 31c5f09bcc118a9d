import { isPromise } from "../base/awaitable.ts"
import { left } from "../base/clock.ts"
import type { CacheError } from "../base/errors.ts"
import type { StaleReason } from "../base/events.ts"
import { type Answer, type Call, judge, serve, tooLate } from "./call.ts"
import type { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import { validated } from "./load.ts"
import { patience } from "./timeout.ts"

/** Whether a caller waits however long it takes: then he needs no more than the promise. */
export function isEndless(limit: number, { policy }: Call): boolean {
  return limit === Infinity && policy.signal === undefined
}

/** Waits for `promise` for what is left of `limit`; answers whether it came in time. His own signal ends a caller. */
export async function inTime(
  flight: Flight,
  call: Call,
  promise: Promise<unknown>,
  limit: number,
): Promise<boolean> {
  const { policy, startedAt } = call
  const ms = limit === Infinity ? limit : left(startedAt, limit)
  try {
    return await patience(promise, ms, policy.signal)
  } catch (reason) {
    leave(flight, call)
    throw reason
  }
}

/** What `promise` brings, if it does within the caller's `hardTimeout`. */
export async function bounded<T>(flight: Flight, call: Call, promise: Promise<T>): Promise<T> {
  const { hardTimeout } = call.policy
  if (isEndless(hardTimeout, call) || (await inTime(flight, call, promise, hardTimeout))) return promise
  throw givenUp(flight, call)
}

/** The error of a caller who has waited for as long as he would, which does not count as leaving. */
export function givenUp(flight: Flight, call: Call): CacheError {
  flight.rest()
  return tooLate(call)
}

/** One caller less waits for a flight; the last one to go ends it, unless it goes on behind them. */
export function leave(flight: Flight, { engine }: Call): void {
  if (!flight.leave()) return
  flight.fence()
  engine.flights.remove(flight)
}

/** Serves a stale entry, if its grace has not ended while this caller waited. */
export function serveStale(call: Call, stale: Found, reason: StaleReason): Answer | undefined {
  return judge(stale, call) === "stale" ? serve(call, stale, reason) : undefined
}

/**
 * Serves a stale entry after a while, if nothing has ended it since: a hard invalidation ends it for good. Who has no
 * time left for another look is served what he was to be served, unless it was replaced here.
 */
export async function serveStill(
  flight: Flight,
  call: Call,
  stale: Found,
  reason: StaleReason,
): Promise<Answer | undefined> {
  const { engine, place, key, policy } = call
  const reading = validated(engine.read(place, key, policy), call)
  if (
    isPromise(reading) &&
    !isEndless(policy.hardTimeout, call) &&
    !(await inTime(flight, call, reading, policy.hardTimeout))
  )
    return flight.isReplaced ? undefined : serveStale(call, stale, reason)
  const again = await reading
  if (again.reason === "unavailable") return serveStale(call, stale, reason)
  const state = judge(again, call)
  return state === "gone" ? undefined : serve(call, again, state === "stale" ? reason : undefined)
}
