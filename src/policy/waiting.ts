import { type Awaitable, attempt, hush, isPromise } from "../base/awaitable.ts"
import type { StaleReason } from "../base/events.ts"
import { isBehind } from "./behind.ts"
import { type Answer, type Call, isBackedOff, isMisuse, isServed, judge, nextRound, serve } from "./call.ts"
import { copyFor, isIsolated } from "./entries.ts"
import type { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import { beforeSchema, validateFound, validateLoaded } from "./load.ts"
import type { LoadedValue } from "./outcome.ts"
import { bounded, follow, givenUp, inTime, isEndless, isOver, type Wait } from "./patience.ts"
import { isWorker } from "./scope.ts"
import { thisTurn } from "./turn.ts"

/**
 * Waits for a flight as long as the options of `call` allow, and returns what the caller gets: {@link nextRound} if the
 * flight was outdated by an invalidation elsewhere, hangs, or found an entry that is too old.
 *
 * @param joins - Whether another call leads the flight.
 */
export async function waitFor(flight: Flight, call: Call, joins: boolean): Promise<Answer | undefined> {
  const { engine, place, policy } = call
  const isLate = flight.turn !== thisTurn()
  const wait: Wait = { flight, call, joins, isLate }
  flight.enter()
  flight.servesStale &&= call.servesStale

  const isRead = () => flight.found !== undefined || isOver(wait)
  if (!isRead()) {
    const read = follow(wait, () => flight.read, isRead)
    await bounded(wait, read)
  }
  // Before the versions, so that a storage that batches is asked once.
  const own = foundFor(wait)
  const leaders = flight.found
  if (isLate) {
    if (isPromise(own)) hush(own)
    // What an earlier turn captured may have been invalidated elsewhere since.
    if (await bounded(wait, isBehind(engine, flight, place, policy.storeTimeout))) return nextRound
  }
  const found = isPromise(own) ? await bounded(wait, own) : own
  const state = found && !policy.fresh ? judge(found, call) : "gone"
  if (found && isServed(state, call)) return serve(call, found, state === "stale" ? "asked" : undefined)
  const stale = state === "stale" ? found : undefined
  if (stale && isBackedOff(call) && !flight.hasTried) return serve(call, stale, "backoff")

  // The leader is served what it read before. This caller's own read came later, and no longer found that fresh.
  if (isLate && flight.outcome?.type === "found" && flight.outcome.found === leaders) return nextRound

  if (joins) {
    // A caller that is served stale at once does not wait for the load.
    if (!stale || policy.softTimeout > 0) engine.hub.joined(place, call.name)
    call.bulk?.onJoin()
  }
  // Served stale at once, even if the load that this call began has already ended.
  const isPrompt = !isLate && policy.softTimeout <= 0 && stale !== undefined
  return await (isPrompt || !isOver(wait) ? untilEnd(wait, stale, isPrompt) : atEnd(wait, stale))
}

/** Whether `call` validates values by another schema than `flight`. */
function schemasDiffer({ policy }: Call, flight: Flight): boolean {
  return policy.schema !== flight.policy.schema
}

/**
 * What the caller may be served: what the leader found or, where that is not usable, what the caller's own read finds.
 */
function foundFor({ flight, call, joins, isLate }: Wait): Awaitable<Found | undefined> {
  const { found } = flight
  const differs = schemasDiffer(call, flight)
  // The caller may find an entry where the leader has none: the leader did not read, or its schema refused what this
  // caller's accepts. And what it found in an earlier turn may have been replaced elsewhere since.
  const isOwn = flight.policy.fresh || (differs && found?.reason === "corrupt") || (isLate && found?.kept)
  if (joins && isOwn) {
    const reading = attempt(() => validateFound(call.engine.read(call.place, call.key, call.policy), call))
    return reading.then((own) => (own.reason === "unavailable" ? found : own))
  }
  return differs && found ? validateFound(beforeSchema(found), call) : found
}

/**
 * What the caller gets when the flight ends, or when the caller's own time runs out before.
 *
 * Uses `return await`, so that a rejection is handled at once: without it, it would be some microtasks later, and
 * Workers with a compatibility date before March 2026 would have reported it as unhandled by then.
 */
async function untilEnd(
  wait: Wait,
  stale: Found | undefined,
  isPrompt: boolean,
): Promise<Answer | undefined> {
  const { flight, call } = wait
  const { softTimeout, hardTimeout, leaseTtl } = call.policy
  const end = wait.joins
    ? follow(
        wait,
        () => flight.shared(leaseTtl),
        () => isOver(wait),
      )
    : flight.done
  const limit = stale ? Math.min(softTimeout, hardTimeout) : hardTimeout
  if (isEndless(limit, call)) await end
  else if (!(await inTime(wait, end, limit))) {
    // A caller's timeout does not end the flight.
    flight.background = true
    // The value is there and only being written. A copy, because other callers may still get the value.
    if (flight.loaded && !isPrompt) return deliver({ ...wait, joins: true }, flight.loaded, flight)
    if (!stale) throw givenUp(wait)
    // If the caller did not wait, nothing can have ended the stale entry.
    const isAtOnce = limit <= 0 && !flight.fenced
    const answer = isAtOnce ? serveStale(call, stale, "timeout") : await serveIfValid(wait, stale, "timeout")
    if (answer) return answer
    // The stale entry has ended: the caller waits on, as if it had found nothing.
    if (!(await inTime(wait, end, hardTimeout))) throw givenUp(wait)
    return await atEnd(wait, undefined)
  }
  return await atEnd(wait, stale)
}

/** What the caller gets, by the outcome of the flight. */
export function atEnd(wait: Wait, stale: Found | undefined): Awaitable<Answer | undefined> {
  const { flight, call } = wait
  const { outcome, by } = flight
  const differs = schemasDiffer(call, by)
  switch (outcome?.type) {
    case "loaded":
      return deliver(wait, outcome, by)
    case "failed":
      // It was another request that was aborted, not this one.
      if (wait.isLate && isWorker() && Object(outcome.error).name === "AbortError") return nextRound
      return failed(wait, stale, outcome.error)
    case "found":
      // The caller's own schema refused it in waitFor: load it.
      if ((differs && call.policy.schema) || judge(outcome.found, call) !== "fresh") return nextRound
      return serve(call, differs ? beforeSchema(outcome.found) : outcome.found)
    default:
      if (!outcome || !stale) return nextRound
      return flight.fenced ? serveIfValid(wait, stale, "held") : serveStale(call, stale, "held")
  }
}

async function failed(wait: Wait, stale: Found | undefined, error: unknown): Promise<Answer> {
  const isHidden = stale && !isMisuse(error, wait.call)
  const answer = isHidden && (await serveIfValid(wait, stale, "failed"))
  if (answer) return answer
  throw error
}

/** In place of an answer: another request's value cannot be used in this one, which must load its own. */
export const ownLoad: Answer = { value: undefined }

/**
 * Returns the loaded value, validated by the caller's own schema, unless an invalidation has ended it.
 *
 * The leader gets the value itself. Callers who joined, and a leader served by its challenger, get a copy. What cannot
 * be copied, such as a `Response`, they get as it is; but on Workers it may belong to the request that made it: see
 * {@link ownLoad}.
 */
function deliver(wait: Wait, { value, raw, copy }: LoadedValue, by: Flight): Awaitable<Answer | undefined> {
  const { flight, call, joins, isLate } = wait
  if (isLate && by.isInvalidated) return nextRound
  if (!joins && by === flight) return { value }
  const differs = schemasDiffer(call, by)
  const given = !differs || raw === value ? copy : raw
  const own = copyFor(call.engine, given)
  const isCopied = own !== given || own !== Object(own)
  if (isLate && isWorker() && !isCopied && isIsolated(call.engine)) return ownLoad
  if (!differs || !call.policy.schema) return { value: own }
  return bounded(wait, validateLoaded(own, call)).then((value) => ({ value }))
}

/** Serves a stale entry, unless its grace has ended while the caller waited. */
function serveStale(call: Call, stale: Found, reason: StaleReason): Answer | undefined {
  return judge(stale, call) === "stale" ? serve(call, stale, reason) : undefined
}

/**
 * Serves the stale entry after a wait, if a second read shows that it is still valid. If the caller's time runs out
 * before that read, it gets the first one's entry, unless this process has replaced that.
 */
async function serveIfValid(wait: Wait, stale: Found, reason: StaleReason): Promise<Answer | undefined> {
  const { flight, call } = wait
  const { engine, place, key, policy } = call
  const reading = validateFound(engine.read(place, key, policy), call)
  if (isPromise(reading) && !(await inTime(wait, reading, policy.hardTimeout)))
    return flight.isReplaced ? undefined : serveStale(call, stale, reason)
  const again = await reading
  if (again.reason === "unavailable") return serveStale(call, stale, reason)
  const state = judge(again, call)
  return state === "gone" ? undefined : serve(call, again, state === "stale" ? reason : undefined)
}
