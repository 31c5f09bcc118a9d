import { left, poll } from "../base/clock.ts"
import type { CacheError } from "../base/errors.ts"
import { type Call, tooLate } from "./call.ts"
import type { Flight } from "./flight.ts"
import { isWorker } from "./scope.ts"
import { settlesWithin } from "./timeout.ts"

/** One caller's wait for a flight. */
export interface Wait {
  readonly flight: Flight
  readonly call: Call
  /** Whether another call leads the flight. */
  readonly joins: boolean
  /** Whether it joined in a later turn than the flight began: what that captured may be outdated. */
  readonly isLate: boolean
}

/** Whether the wait has ended: the flight has an outcome, or has held its key for too long. */
export function isOver({ flight, call, isLate }: Wait): boolean {
  return flight.outcome !== undefined || (isLate && flight.isOverdue(call.policy.leaseTtl))
}

/** Waits for a promise of the flight; if another request may lead that, polls `settled` instead. */
export function follow(
  { isLate }: Wait,
  promise: () => Promise<unknown>,
  settled: () => boolean,
): Promise<unknown> {
  // On Workers a promise of another request may be dropped with it, and may resume in the wrong request. Only polling
  // by this request's own timer is safe. At the global scope there are no timers.
  return isLate && isWorker() ? poll(settled).catch(promise) : promise()
}

/**
 * Waits for `promise` until `limit` ms after the call began; returns whether it settled in time. Rejects when the
 * call's signal aborts, and when `promise` does.
 */
export async function inTime(
  { flight, call }: Wait,
  promise: Promise<unknown>,
  limit: number,
): Promise<boolean> {
  try {
    return await settlesWithin(promise, left(call.startedAt, limit), call.policy.signal)
  } catch (reason) {
    leave(flight, call, [reason])
    throw reason
  }
}

/** The result of `promise`. Rejects with `FALLBACK_TIMEOUT` once the call's `hardTimeout` has passed. */
export function bounded<T>(wait: Wait, promise: Promise<T>): Promise<T> {
  const { hardTimeout } = wait.call.policy
  if (isEndless(hardTimeout, wait.call)) return promise
  return inTime(wait, promise, hardTimeout).then((isInTime) => {
    if (isInTime) return promise
    throw givenUp(wait)
  })
}

/** The error of a caller that has timed out. Its flight goes on, but stops its timers if no other caller waits. */
export function givenUp({ flight, call }: Wait): CacheError {
  flight.rest()
  return tooLate(call)
}

/** Whether the caller sets no end to its wait: no `limit` and no signal. */
export function isEndless(limit: number, { policy }: Call): boolean {
  return limit === Infinity && policy.signal === undefined
}

/**
 * Removes one caller from a flight. The last to leave ends it, unless it runs in the background.
 *
 * @param gone - The reason of the caller's signal, if that has aborted.
 */
export function leave(flight: Flight, { engine }: Call, gone?: readonly [reason: unknown]): void {
  flight.leave()
  // A caller that aborts leaves the challengers as well. Any other may be about to join the next of them.
  for (let at: Flight | undefined = flight; at?.end(gone?.[0]); at = gone && at.next) {
    at.fence()
    engine.flights.remove(at)
  }
}
