import { left, poll } from "../base/clock.ts"
import type { CacheError } from "../base/errors.ts"
import { type Call, tooLate } from "./call.ts"
import type { Flight } from "./flight.ts"
import { isWorker } from "./scope.ts"
import { settlesWithin } from "./timeout.ts"

/** One call's wait for a flight. */
export interface Wait {
  readonly flight: Flight
  readonly call: Call
  /** Another call leads the flight. */
  readonly joins: boolean
  /** It joins a flight that began before: what that has captured may be outdated. */
  readonly isLate: boolean
}

/** Whether there is nothing more to wait for: the flight has ended, or has held its key for too long. */
export function isOver({ flight, call, isLate }: Wait): boolean {
  return flight.outcome !== undefined || (isLate && flight.isOverdue(call.policy.leaseTtl))
}

/** Waits for a promise of the flight; where another request may lead that, for `settled` to say yes. */
export function follow(
  { isLate }: Wait,
  promise: () => Promise<unknown>,
  settled: () => boolean,
): Promise<unknown> {
  // A promise of another request may be dropped with it, and its continuations may run in the wrong request:
  // only a look at the flight by this request's own timer is safe. At the global scope there are no timers.
  return isLate && isWorker() ? poll(settled).catch(promise) : promise()
}

/**
 * Waits for `promise` until `limit` ms after the call began; answers whether it settled in time. Rejects when the
 * call's own signal aborts, and as `promise` does.
 */
export async function inTime(
  { flight, call }: Wait,
  promise: Promise<unknown>,
  limit: number,
): Promise<boolean> {
  try {
    return await settlesWithin(promise, left(call.startedAt, limit), call.policy.signal)
  } catch (reason) {
    leave(flight, call, reason)
    throw reason
  }
}

/** What `promise` brings. Rejects with `FALLBACK_TIMEOUT` when the call's `hardTimeout` has passed. */
export function bounded<T>(wait: Wait, promise: Promise<T>): Promise<T> {
  const { hardTimeout } = wait.call.policy
  if (isEndless(hardTimeout, wait.call)) return promise
  return inTime(wait, promise, hardTimeout).then((isInTime) => {
    if (isInTime) return promise
    throw givenUp(wait)
  })
}

/** The error of a caller whose time is over. Its flight goes on, but stops its timers if nobody else waits. */
export function givenUp({ flight, call }: Wait): CacheError {
  flight.rest()
  return tooLate(call)
}

/** Whether nothing of its own ends a caller's wait: no `limit` and no signal. */
export function isEndless(limit: number, { policy }: Call): boolean {
  return limit === Infinity && policy.signal === undefined
}

/** Takes one caller off a flight. The last one to go ends it, unless it runs in the background. */
export function leave(flight: Flight, { engine }: Call, reason?: unknown): void {
  flight.leave()
  // A caller with a reason leaves the challengers as well; without one, it may be on its way to the next of them.
  for (let at: Flight | undefined = flight; at?.end(reason); at = reason ? at.next : undefined) {
    at.fence()
    engine.flights.remove(at)
  }
}
