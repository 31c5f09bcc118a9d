import { type Awaitable, isPromise } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import { type Call, canJoin, isBackedOff, isDueEarly, judge, nextRound, reentrant } from "./call.ts"
import { copyFor } from "./entries.ts"
import { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import { lead } from "./lease.ts"
import { load, validateFound } from "./load.ts"
import type { Outcome } from "./outcome.ts"
import { isEndless, leave } from "./patience.ts"
import { isInside } from "./reentry.ts"
import { isWorker } from "./scope.ts"
import { thisTurn } from "./turn.ts"
import { ownLoad, waitFor } from "./waiting.ts"

/**
 * Serves a key: fresh from the storage, or by the one load that all its callers share, or stale within its grace.
 *
 * Read from top to bottom this is the whole policy. A flight is registered before anything is awaited, its storage
 * read included. A round ends with an answer, or with news that ask for another round: an invalidation, a challenger,
 * an entry that was fresh for the leader but is too old for this caller.
 */
export async function getOrSet(call: Call): Promise<unknown> {
  const { engine, key, policy } = call
  policy.signal?.throwIfAborted()
  let known = call.found
  for (let previous: Flight | undefined; ; known = undefined) {
    const running = engine.flights.get(key)
    if (isInside(engine.flights, key)) throw reentrant(call)
    const joins = running !== undefined && canJoin(running, call)
    const flight = joins ? running : depart(call, known, running)
    if (previous?.isOverdue(policy.leaseTtl) && !isWorker()) previous.settleWith(flight)
    const answer = await waitFor(flight, call, joins)
    leave(flight, call)
    if (answer === ownLoad) return getOrSet({ ...call, scope: { ...call.scope, shares: false } })
    if (answer !== nextRound) return answer.value
    previous = flight
  }
}

/**
 * The short way for one of many callers that find nothing in the same turn: the end of the flight is all it needs.
 * `undefined` where there is more to it.
 */
export function joinAtOnce(call: Call): Promise<unknown> | undefined {
  const { engine, place, name, key, policy } = call
  const flight = engine.flights.get(key)
  if (!flight || flight.turn !== thisTurn() || !isEndless(policy.hardTimeout, call)) return undefined
  if (!canJoin(flight, call) || isInside(engine.flights, key)) return undefined
  flight.enter()
  engine.hub.joined(place, name)
  return flight.shared(policy.leaseTtl).then(() => {
    leave(flight, call)
    const { outcome } = flight
    if (outcome?.type === "loaded")
      return copyFor(engine, flight.by.policy.schema ? outcome.raw : outcome.copy)
    if (outcome?.type === "failed") throw outcome.error
    return getOrSet(call)
  })
}

/** Refreshes a key of which `kept` is known behind its callers' backs, unless a flight that this one may join does so. */
export function refresh(call: Call, kept: Kept): void {
  const { engine, place, key, policy } = call
  const running = engine.flights.get(key)
  if (!running || !canJoin(running, call)) depart(call, engine.read(place, key, policy, kept), running, true)
}

/** Starts a flight and registers it. It runs to its end, whoever waits. */
function depart(
  call: Call,
  known: Awaitable<Found> | undefined,
  running: Flight | undefined,
  background = false,
): Flight {
  const { engine, policy, scope, key } = call
  const flight = new Flight(call, background)
  // On Workers a request drops what another one settles.
  if (running?.isOverdue(policy.leaseTtl) && !isWorker()) running.settleWith(flight)
  // One that has held its key too long is beaten by a load alone: it may be a hit that is led here.
  if (policy.fresh) engine.flights.fence(key)
  engine.flights.add(flight)
  const end = engine.busy.begin()
  const over = run(flight, call, known).then((outcome) => {
    engine.flights.remove(flight)
    flight.settle(outcome)
    end()
  })
  scope.background(over)
  return flight
}

/** The life of a flight: read, take the lease, load, store. Never rejects. */
async function run(flight: Flight, call: Call, known: Awaitable<Found> | undefined): Promise<Outcome> {
  const { engine, place, name, policy } = call
  try {
    const read = validateFound(known ?? engine.read(place, call.key, policy), call)
    const found = isPromise(read) ? await read : read
    flight.capture(found, place.versionKeysOf(policy.tags))
    const state = judge(found, call)
    if (state === "fresh" && !flight.background) {
      // Refreshed early, the flight goes on behind its callers, who have what they came for.
      if (!isDueEarly(found, call) || isBackedOff(call)) return { type: "found", found }
      flight.background = true
    }
    const isMissed = state === "gone" || (policy.softTimeout > 0 && !isBackedOff(call))
    if (isMissed && !flight.background && !policy.fresh) engine.hub.miss(place, name, found.reason)
    if (flight.isLeft || (state === "stale" && isBackedOff(call))) return { type: "held" }

    const challenge = () => engine.flights.challenge(flight, policy.leaseTtl)
    challenge() // At once, for the lease that they may hold,
    const asked = lead(flight, call, found)
    const right = isPromise(asked) ? await asked : asked
    if (right.type !== "load") return right
    const outside = engine.draft?.outside(flight, call, canJoin)
    if (outside) {
      const value = await getOrSet(outside)
      return { type: "loaded", value, raw: value, copy: value }
    }
    challenge() // and those of whom it became due meanwhile.
    return await load(flight, call, right.found)
  } catch (error) {
    return { type: "failed", error }
  } finally {
    flight.release()
  }
}
