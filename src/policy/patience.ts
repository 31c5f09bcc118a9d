import { left } from "../base/clock.ts"
import type { CacheError } from "../base/errors.ts"
import { type Call, tooLate } from "./call.ts"
import type { Flight } from "./flight.ts"
import { isWorker, poll } from "./scope.ts"
import { settlesWithin } from "./timeout.ts"

/** One call's wait for a flight. */
export interface Wait {
  readonly flight: Flight
  readonly call: Call
  /** Another call leads the flight. */
  readonly joins: boolean
  /** It joins a flight that began before: what that has captured may be outdated. */
  readonly isLate: boolean
  /** It joins a flight whose leader has another schema, and judges for itself. */
  readonly isOther: boolean
}

/** Whether there is nothing more to wait for: the flight has ended, or has held its key for too long. */
export function isOver({ flight, call, isLate }: Wait): boolean {
  return flight.outcome !== undefined || (isLate && flight.isOverdue(call.policy.leaseTtl))
}

/** Waits for a promise of the flight's as this call may, until `settled` at least. */
export function follow(
  { isLate }: Wait,
  promise: () => Promise<unknown>,
  settled: () => boolean,
): Promise<unknown> {
  // A promise of another request may be dropped with it, and its continuations may run in the wrong request:
  // only a look at the flight by this request's own timer is safe.
  return isLate && isWorker() ? poll(settled) : promise()
}

/** Waits for `promise` for what is left of `limit`; answers whether it came in time. The call's own signal ends it. */
export async function inTime(
  { flight, call }: Wait,
  promise: Promise<unknown>,
  limit: number,
): Promise<boolean> {
  const { policy, startedAt } = call
  const ms = limit === Infinity ? limit : left(startedAt, limit)
  try {
    return await settlesWithin(promise, ms, policy.signal)
  } catch (reason) {
    leave(flight, call, reason)
    throw reason
  }
}

/** What `promise` brings, if it does within the call's `hardTimeout`. */
export function bounded<T>(wait: Wait, promise: Promise<T>): Promise<T> {
  const { hardTimeout } = wait.call.policy
  if (isEndless(hardTimeout, wait.call)) return promise
  return inTime(wait, promise, hardTimeout).then((isInTime) => {
    if (isInTime) return promise
    throw givenUp(wait)
  })
}

/** The error of a caller that has waited for as long as it would, which does not count as leaving. */
export function givenUp({ flight, call }: Wait): CacheError {
  flight.rest()
  return tooLate(call)
}

/** Whether a caller waits however long it takes: then it needs no more than the promise. */
export function isEndless(limit: number, { policy }: Call): boolean {
  return limit === Infinity && policy.signal === undefined
}

/** One caller less waits for a flight, and for those after it; the last one to go ends it, unless it goes on behind them. */
export function leave(flight: Flight, { engine }: Call, reason?: unknown): void {
  flight.leave()
  // Who leaves for no reason of his own may be on his way to the next one.
  for (let at: Flight | undefined = flight; at?.end(reason); at = reason ? at.next : undefined) {
    at.fence()
    engine.flights.remove(at)
  }
}
