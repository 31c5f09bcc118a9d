import { type Awaitable, attempt, isPromise } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import { isBehind } from "./behind.ts"
import {
  type Answer,
  type Call,
  canJoin,
  isBackedOff,
  isDueEarly,
  isMisuse,
  judge,
  reentrant,
  serve,
} from "./call.ts"
import { type Brought, Flight, type Outcome } from "./flight.ts"
import type { Found } from "./found.ts"
import { lead } from "./lease.ts"
import { checked, load, unjudged, validated } from "./load.ts"
import { isInside } from "./reentry.ts"
import { thisTurn } from "./turn.ts"
import { bounded, givenUp, inTime, isEndless, leave, serveStale, serveStill } from "./waiting.ts"

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
  for (let left: Flight | undefined; ; known = undefined) {
    const running = engine.flights.get(key)
    if (running && isInside(running)) throw reentrant(call)
    const joins = running !== undefined && canJoin(running, call)
    const flight = joins ? running : depart(call, known, running)
    if (left?.isOverdue(policy.leaseTtl) && call.scope.settlesOthers) left.follow(flight)
    const answer = await waitFor(flight, call, joins)
    leave(flight, call)
    if (answer) return answer.value
    left = flight
  }
}

/**
 * The short way for one of many who find nothing in the same turn: the end of the flight is all he needs.
 * `undefined` where there is more to it.
 */
export function joinAtOnce(call: Call): Promise<unknown> | undefined {
  const { engine, place, name, key, policy } = call
  const flight = engine.flights.get(key)
  if (!flight || flight.turn !== thisTurn() || !isEndless(policy.hardTimeout, call)) return undefined
  if (!canJoin(flight, call) || isInside(flight)) return undefined
  flight.enter()
  engine.hub.joined(place, name)
  return flight.shared(policy.leaseTtl).then(() => {
    leave(flight, call)
    const { outcome } = flight
    if (outcome?.type === "loaded") return flight.schema ? outcome.raw : outcome.value
    if (outcome?.type === "failed") throw outcome.error
    return getOrSet(call)
  })
}

/** Refreshes a key of which `kept` is known behind its callers' backs, unless a flight that he may join does so. */
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
  const flight = new Flight(key, background)
  flight.schema = policy.schema
  flight.isFresh = policy.fresh
  flight.isShared = scope.shares
  const overdue = running?.isOverdue(policy.leaseTtl) ?? false
  if (overdue && scope.settlesOthers) running?.follow(flight)
  // One that does not look for what is stored is beaten by a load alone.
  const isBeaten = overdue && !running?.isFresh
  if (policy.fresh) engine.flights.fence(key)
  else if (isBeaten) engine.flights.fenceOwn(key)
  engine.flights.add(flight)
  const over = engine.track(
    run(flight, call, known).then((outcome) => {
      engine.flights.remove(flight)
      flight.settle(outcome)
    }),
  )
  scope.background(over)
  return flight
}

/** The life of a flight: read, take the lease, load, store. Never rejects. */
async function run(flight: Flight, call: Call, known: Awaitable<Found> | undefined): Promise<Outcome> {
  const { engine, place, name, policy } = call
  try {
    const found = await validated(known ?? engine.read(place, call.key, policy), call)
    flight.capture(found, place.names(policy.tags))
    const state = judge(found, call)
    if (state === "fresh" && !flight.background) {
      // Refreshed early, the flight goes on behind its callers, who have what they came for.
      if (!isDueEarly(found, call) || isBackedOff(call)) return { type: "found", found }
      flight.background = true
    }
    const isMissed = state === "gone" || (policy.softTimeout > 0 && !isBackedOff(call))
    if (isMissed && !flight.background && !policy.fresh) engine.hub.miss(place, name, found.reason)
    if (flight.isLeft || (state === "stale" && isBackedOff(call))) return { type: "held" }

    const asked = lead(flight, call, found)
    const turn = isPromise(asked) ? await asked : asked
    if (turn.type !== "load") return turn
    const outside = engine.draft?.outside(flight, call, canJoin)
    if (outside) {
      const value = await getOrSet(outside)
      return { type: "loaded", value, raw: value }
    }
    engine.flights.challenge(flight, policy.leaseTtl)
    return await load(flight, call, turn.found)
  } catch (error) {
    return { type: "failed", error }
  } finally {
    flight.release()
  }
}

/**
 * Waits for a flight as long as this caller's options let him, and tells what he gets: nothing, for another round,
 * when the flight was left behind by an invalidation elsewhere, hangs, or brought what is too old for him.
 */
async function waitFor(flight: Flight, call: Call, joins: boolean): Promise<Answer | undefined> {
  const { engine, policy, scope } = call
  const sameTurn = flight.turn === thisTurn()
  const isOver = () =>
    flight.outcome !== undefined || (joins && !sameTurn && flight.isOverdue(policy.leaseTtl))
  const isRead = () => flight.found !== undefined || isOver()
  flight.enter()

  if (!isRead()) {
    const read = joins ? scope.follow(() => flight.read, isRead, sameTurn) : flight.read
    await bounded(flight, call, read)
  }
  if (joins && !sameTurn) {
    const left = isBehind(engine, flight, call.place, policy.storeTimeout)
    if (await bounded(flight, call, left)) return undefined
  }

  // Another schema than the leader's judges for itself; and what he did not look for, or refused, may be there.
  const isOther = joins && policy.schema !== flight.schema
  const checks = isOther && policy.schema !== undefined
  let { found } = flight
  if (joins && (flight.isFresh || (isOther && found?.reason === "corrupt"))) {
    const read = attempt(() => validated(engine.read(call.place, call.key, policy), call))
    found = await bounded(flight, call, read)
  } else if (isOther && found) {
    const own = validated(unjudged(found), call)
    found = isPromise(own) ? await bounded(flight, call, own) : own
  }
  const bring = ({ value, raw }: Brought): Awaitable<Answer | undefined> => {
    if (joins && !sameTurn && flight.isEnded) return undefined
    if (!isOther) return { value }
    return checks ? bounded(flight, call, checked(raw, call)).then((own) => ({ value: own })) : { value: raw }
  }
  const state = found && !policy.fresh ? judge(found, call) : "gone"
  if (found && state === "fresh") return serve(call, found)
  let stale = state === "stale" ? found : undefined
  if (stale && isBackedOff(call) && !flight.hasTried) return serve(call, stale, "backoff")

  if (joins) {
    // Who is served stale at once waits for nothing.
    if (!stale || policy.softTimeout > 0) engine.hub.joined(call.place, call.name)
    call.onJoin?.()
  }
  // At once, however fast the load he has begun may be.
  const isPrompt = sameTurn && policy.softTimeout <= 0 && stale !== undefined
  if (isPrompt || !isOver()) {
    const end = joins ? scope.follow(() => flight.shared(policy.leaseTtl), isOver, sameTurn) : flight.done
    const limit = stale ? Math.min(policy.softTimeout, policy.hardTimeout) : policy.hardTimeout
    if (isEndless(limit, call)) await end
    else if (!(await inTime(flight, call, end, limit))) {
      // From here on the flight has nobody to lose.
      flight.background = true
      // He does not wait for the storage to take what is there.
      if (flight.brought && !isPrompt) return bring(flight.brought)
      if (!stale) throw givenUp(flight, call)
      // For one who did not wait, nothing can have come between.
      const isAtOnce = limit <= 0 && !flight.fenced
      const answer = isAtOnce
        ? serveStale(call, stale, "timeout")
        : await serveStill(flight, call, stale, "timeout")
      if (answer) return answer
      // What he was to be served has ended meanwhile: he waits on, like one who had found nothing.
      stale = undefined
      if (!(await inTime(flight, call, end, policy.hardTimeout))) throw givenUp(flight, call)
    }
  }

  const { outcome } = flight
  switch (outcome?.type) {
    case "loaded":
      return bring(outcome)
    case "failed": {
      const answer =
        stale && !isMisuse(outcome.error, call) && (await serveStill(flight, call, stale, "failed"))
      if (answer) return answer
      throw outcome.error
    }
    case "found":
      // What his own schema refused above he loads himself.
      if (checks || judge(outcome.found, call) !== "fresh") return undefined
      return serve(call, isOther ? unjudged(outcome.found) : outcome.found)
    default:
      if (!outcome || !stale) return undefined
      return flight.fenced ? serveStill(flight, call, stale, "held") : serveStale(call, stale, "held")
  }
}
