import { type Awaitable, chain } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import { type Call, canJoin, isBackedOff, isDueEarly, isServed, judge, nextRound, reentrant } from "./call.ts"
import { copyFor } from "./entries.ts"
import { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import { permitLoad } from "./lease.ts"
import { load, validateFound } from "./load.ts"
import type { Outcome } from "./outcome.ts"
import { isEndless, leave, type Wait } from "./patience.ts"
import { isInside } from "./reentry.ts"
import { thisTurn } from "./turn.ts"
import { atEnd, ownLoad, waitFor } from "./waiting.ts"

/**
 * Serves a key: fresh from the storage, or by one load that all its callers share, or stale within its grace.
 *
 * This is the whole policy, from top to bottom. A flight is registered before the first asynchronous step, storage read
 * included. A round ends with an answer, or with a reason for another round: an invalidation, a challenger, an entry
 * that was fresh for the leader but is too old for this caller. {@link run} is the flight, with the load in `load.ts`;
 * what its callers get, and when, is in `waiting.ts`.
 *
 * @param found - The storage's answer, if it was read already.
 */
export async function getOrSet(call: Call, found?: Awaitable<Found>): Promise<unknown> {
  const { engine, key, policy } = call
  if (policy.signal?.aborted) throw policy.signal.reason
  let known = found
  let previous: Flight | undefined
  for (;;) {
    const running = engine.flights.get(key)
    if (isInside(engine.flights, key)) throw reentrant(call)
    const joins = running !== undefined && canJoin(running, call)
    const flight = joins ? running : startFlight(call, known, running)
    previous?.settleWith(flight, policy.leaseTtl)
    const answer = await waitFor(flight, call, joins)
    leave(flight, call)
    if (answer === ownLoad) return getOrSet({ ...call, scope: { ...call.scope, shares: false } })
    if (answer !== nextRound) return answer.value
    previous = flight
    known = undefined // The next round reads again.
  }
}

/**
 * The fast path after a miss, for the leader and callers of the same turn who join: they only await the flight's end.
 *
 * @param found - What was read, to start a flight if none runs. Without it the call can only join.
 * @returns `undefined` if the fast path does not apply: then use {@link getOrSet}.
 */
export function loadAtOnce(call: Call, found?: Found): Promise<unknown> | undefined {
  const { engine, place, name, key, policy } = call
  const running = engine.flights.get(key)
  if (!(running ?? found) || !isEndless(policy.hardTimeout, call)) return undefined
  if (running && (running.turn !== thisTurn() || !canJoin(running, call))) return undefined
  if (isInside(engine.flights, key)) return undefined
  const flight = running ?? startFlight(call, found, undefined)
  flight.enter()
  if (running) engine.hub.joined(place, name)
  const wait: Wait = { flight, call, joins: running !== undefined, isLate: false }
  return (running ? flight.shared(policy.leaseTtl) : flight.done).then(() => {
    leave(flight, call)
    return chain(atEnd(wait, undefined), (answer) => (answer ? answer.value : getOrSet(call)))
  })
}

/** Reloads the key of `kept` in the background, unless a flight runs that this call may join. */
export function refresh(call: Call, kept: Kept): void {
  const { engine, place, key, policy } = call
  const running = engine.flights.get(key)
  if (!running || !canJoin(running, call))
    startFlight(call, engine.read(place, key, policy, kept), running, true)
}

/** Registers a flight and starts it. It runs to its end even if its callers leave. */
function startFlight(
  call: Call,
  known: Awaitable<Found> | undefined,
  running: Flight | undefined,
  background = false,
): Flight {
  const { engine, policy, scope, key } = call
  const flight = new Flight(call, background)
  running?.settleWith(flight, policy.leaseTtl)
  // An overdue flight is fenced later, when this one begins to load: this one may find a hit and load nothing.
  if (policy.fresh) engine.flights.fence(key)
  engine.flights.add(flight)
  const ended = runToEnd(flight, call, known)
  scope.background?.(ended)
  return flight
}

/** Runs a flight from its read to its outcome. Never rejects. */
async function runToEnd(flight: Flight, call: Call, known: Awaitable<Found> | undefined): Promise<void> {
  const { engine } = call
  const end = engine.busy.begin()
  let outcome: Outcome
  try {
    outcome = await run(flight, call, known)
  } catch (error) {
    outcome = { type: "failed", error }
  }
  flight.release()
  engine.flights.remove(flight)
  // Callers may have joined since the load ended. None can from here on, and the leader does not have the value yet.
  if (outcome.type === "loaded" && outcome.copy === outcome.value && flight.isJoined)
    outcome = { ...outcome, copy: copyFor(engine, outcome.value) }
  flight.settle(outcome)
  end()
}

/** Read, take the lease, load, store. */
function run(flight: Flight, call: Call, known: Awaitable<Found> | undefined): Awaitable<Outcome> {
  const { engine, place, key, name, policy } = call
  return chain(validateFound(known ?? engine.read(place, key, policy), call), (found) => {
    flight.capture(found)
    const state = judge(found, call)
    if (isServed(state, flight) && !flight.background) {
      // An early refresh: the callers are served the entry found, and the flight goes on without them.
      if (!isDueEarly(found, call) || isBackedOff(call)) return { type: "found", found }
      flight.background = true
    }
    const isMissed = state === "gone" || (policy.softTimeout > 0 && !isBackedOff(call))
    if (isMissed && !flight.background && !policy.fresh) engine.hub.miss(place, name, found.reason)
    if (flight.isLeft || (state === "stale" && isBackedOff(call))) return { type: "held" }

    flight.challenge(policy.leaseTtl) // Before taking the lease, which an older flight may hold.
    return chain(permitLoad(flight, call, found), (permit) =>
      permit.type === "load" ? loadOrJoin(flight, call, permit.found) : permit,
    )
  })
}

/** Loads; in a batch, joins a load of the key that runs outside of it, if there is one. */
function loadOrJoin(flight: Flight, call: Call, found: Found): Promise<Outcome> {
  const { engine, policy } = call
  const outside = engine.draft?.outside(flight, call, canJoin)
  if (outside) return getOrSet(outside).then((value) => ({ type: "loaded", value, raw: value, copy: value }))
  flight.challenge(policy.leaseTtl) // More may have become overdue while this one waited for the lease.
  return load(flight, call, found)
}
