import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { left, now, passed } from "../base/clock.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import { laterThan } from "../base/token.ts"
import { pathText } from "../codec/path.ts"
import { jittered, type Kept, makeKept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import { type Call, isMisuse } from "./call.ts"
import { Context } from "./context.ts"
import { derived, tell } from "./draft.ts"
import type { Engine } from "./engine.ts"
import { copyFor, snapshot } from "./entries.ts"
import type { Flight } from "./flight.ts"
import { type Found, isLive } from "./found.ts"
import { marksFor } from "./marks.ts"
import type { Policy } from "./options.ts"
import type { LoadedValue, Outcome } from "./outcome.ts"
import type { Work } from "./queue.ts"
import { inside } from "./reentry.ts"

/** The load of a flight, from the fallback to the fenced write. The fallback's error reaches all callers untouched. */
export async function load(flight: Flight, call: Call, found: Found): Promise<Outcome> {
  const { engine, place, name, policy, fallback } = call
  const context = new Context(flight, call, found)
  flight.context = context
  // Lets the rest of this turn join, and a memoized function recurse to any depth without growing the stack.
  await undefined
  const completed = completeVersions(flight, call)
  if (isPromise(completed)) await completed
  if (flight.isLeft || (flight.fenced && !flight.isWanted)) return { type: "held" }
  const startedAt = now()
  flight.isLater = laterThan(startedAt)
  flight.live(startedAt)
  flight.hasTried = true
  engine.hub.load(place, name)
  call.bulk?.onLoad(flight)
  try {
    const raw = await inside([flight], () => fallback(context))
    const kept = context.keptAs(raw)
    // A key that a fallback of many leaves out has no value to validate; what `keep()` keeps was validated when read.
    const isJudged = policy.schema && !kept && !(context.skipped && raw === undefined)
    const value = isJudged ? await validateLoaded(raw, call) : raw
    const copy = flight.isJoined ? copyFor(engine, value) : value
    const loaded = { value, raw: kept ? kept.raw : raw, copy }
    flight.loaded = loaded
    const took = passed(startedAt)
    engine.hub.done(place, name, took)
    engine.backoff.forget(call.key)
    const published = publish({ ...loaded, flight, call, context, startedAt, took })
    if (isPromise(published)) await published
    return { type: "loaded", ...loaded }
  } catch (error) {
    engine.hub.failed(place, name, passed(startedAt), error)
    if (found.kept && !flight.fenced && !isMisuse(error, call)) engine.backoff.failed(call.key)
    return { type: "failed", error }
  }
}

/**
 * Creates missing region versions, so that an invalidation during the load is detected. If they could not be read,
 * reads them once more, in the rest of a tenth of `storeTimeout`, so that a hanging storage is not waited for twice.
 */
function completeVersions(flight: Flight, call: Call): Awaitable<void> {
  const { engine, place } = call
  const { store } = engine
  if (!store) return
  const regions = flight.tokens?.slice(0, place.versionKeys.length)
  return regions && engine.versions(store).isComplete(regions) ? undefined : makeVersions(flight, call, store)
}

/** The asynchronous part of {@link completeVersions}. A failure is an event; then the load stores nothing. */
async function makeVersions(flight: Flight, call: Call, store: Store): Promise<void> {
  const { engine, place, policy, startedAt } = call
  const versions = engine.versions(store)
  const rest = left(startedAt, policy.storeTimeout / 10)
  if (!flight.tokens && rest > 0) {
    const again = () => versions.read(flight.versionKeys)
    // The first read has reported the failure.
    flight.tokens = await engine.guard<Flight["tokens"]>(again, rest, "", () => undefined)
  }
  const captured = flight.tokens
  if (!captured) return
  const regions = place.versionKeys.length
  const before = captured.slice(0, regions)
  try {
    const make = () => versions.current(place.versionKeys, before)
    const made = await engine.guard(make, policy.storeTimeout, "")
    flight.tokens = [...made, ...captured.slice(regions)]
  } catch (error) {
    if (!isReadOnly(error)) engine.hub.trouble(place, "", error)
    flight.tokens = undefined
  }
}

/** Whether the adapter refuses writes on purpose, which is not reported. */
function isReadOnly(error: unknown): boolean {
  return error instanceof CacheError && error.code === "ADAPTER_ABILITY"
}

/** A load whose fallback has returned. */
interface Loaded extends LoadedValue {
  readonly flight: Flight
  readonly call: Call
  readonly context: Context
  /** When the fallback started, ms since epoch. */
  readonly startedAt: number
  /** How long it took, in ms. */
  readonly took: number
}

/** Stores the loaded value, unless the flight is fenced. A failure is an event: the caller gets the value. */
function publish(loaded: Loaded): Awaitable<unknown> {
  const { flight, call, context, raw } = loaded
  const { engine, place, name, policy } = call
  const failed = (error: unknown) => {
    if (!isReadOnly(error)) engine.hub.trouble(place, name, error)
  }
  try {
    // A fenced flight no longer sees invalidations, so any tag that its fallback chose may have been invalidated.
    const isEnded = (tag: string) =>
      flight.invalidatedTags?.has(tag) || (flight.fenced && !policy.tags.includes(tag))
    flight.isInvalidated = flight.tags.some(isEnded)
    if (flight.fenced || context.skipped || !flight.tokens) return undefined
    const stored = policy.shouldCache ? storeIf(loaded) : storeLoaded(loaded, raw)
    return isPromise(stored) ? stored.catch(failed) : undefined
  } catch (error) {
    return failed(error)
  }
}

/** Stores the value if `shouldCache` agrees. Its result is awaited: a promise would always be truthy. */
async function storeIf(loaded: Loaded): Promise<void> {
  const { engine, name, policy } = loaded.call
  // Later changes to the value must not reach the storage.
  const own = snapshot(engine, loaded.raw)
  // In Policy, which does not know the type of the value, the parameter is `never`.
  if (await (policy.shouldCache as ShouldCache)(loaded.value, { key: name })) await storeLoaded(loaded, own)
}

/** Stores `value` under the versions from before the load, after the pending writes of its key. */
function storeLoaded({ flight, call, context, startedAt, took }: Loaded, value: unknown): Awaitable<unknown> {
  const { engine, place, key, name, policy } = call
  const { ttl: given, grace, tags } = context.decided(policy)
  // The ttl of an entry that `keep()` renews was jittered when first written.
  const ttl = given === context.renewed?.ttl ? given : jittered(given, policy.jitter)
  const known = marksFor(flight, call, tags, context.renewed)
  const waits = isPromise(known) || engine.queue.isBusy([key])
  // Later changes to the value must not reach the storage.
  const own = waits && !policy.shouldCache ? snapshot(engine, value) : value
  return chain(known, (marks) => {
    const { store } = engine
    flight.isInvalidated ||= marks === undefined
    if (!marks || !store) return undefined
    return chain(isSuperseded(flight, call, startedAt), (isOld) => {
      if (isOld) return undefined
      const kept = makeKept({ value: own, createdAt: startedAt, ttl, grace, took, tags, marks })
      return chain(writeFenced(flight, call, store, kept), (isKept) => {
        if (isKept) tell(call.teller ?? engine, () => engine.hub.tell(place, name, "set"), key)
      })
    })
  })
}

/** Writes the loaded value, or removes the key if its life is already over. Returns whether the entry is kept. */
function writeFenced(flight: Flight, call: Call, store: Store, kept: Kept): Awaitable<boolean> {
  const { engine, key, policy } = call
  const work: Work<boolean> = (isLate) => {
    if (flight.fenced) return false
    const into = derived(engine, store)
    const life = kept.freshUntil + kept.grace - now()
    const isKept = kept.ttl > 0 && life > 0
    const written: Awaitable<unknown> = isKept
      ? (call.write ?? into.write.bind(into))(key, kept, life, isLate)
      : into.adapter.delete(key)
    return chain(written, () => isKept)
  }
  return engine.queue.ordered([key], policy.storeTimeout, (run) => run(work))
}

/** Whether the lease has run out and its next holder has stored a newer entry. */
function isSuperseded(flight: Flight, call: Call, createdAt: number): Awaitable<boolean> {
  const { engine, place, key, policy } = call
  if (!policy.lease || !engine.store?.adapter.lock || !flight.isOverdue(policy.leaseTtl)) return false
  return chain(
    engine.readAnew(place, key, policy),
    ({ kept }) => kept !== undefined && kept.createdAt > createdAt,
  )
}

type ShouldCache = (value: unknown, context: { key: string }) => boolean

/** The result of a read, if its entry validates by the call's schema; else corrupt. Synchronous without a schema. */
export function validateFound(
  read: Awaitable<Found>,
  { engine, policy }: Pick<Call, "engine" | "policy">,
): Awaitable<Found> {
  const { schema } = policy
  return schema ? chain(read, (found) => validateBy(found, engine, schema)) : read
}

/** The result of a read, as it was before a schema transformed its value. */
export function beforeSchema(found: Found): Found {
  return found.kept?.made ? { ...found, kept: found.kept.made } : found
}

async function validateBy(found: Found, engine: Engine, schema: Schema): Promise<Found> {
  // An entry past its grace is gone, even if the storage still has it.
  if (!isLive(found)) return found
  try {
    // A copy, because a schema may change its input.
    const result = await schema["~standard"].validate(engine.out(found.kept))
    if (!result.issues) return { ...found, kept: { ...found.kept, value: result.value, made: found.kept } }
  } catch {
    // A schema that throws has not validated the value.
  }
  return { ...found, kept: undefined, reason: "corrupt" }
}

type Schema = NonNullable<Policy["schema"]>

/**
 * The loaded value, as this caller's schema returns it.
 *
 * @throws {CacheError} `FALLBACK_RESULT` with the path, but no message of an issue: that may contain the value.
 */
export async function validateLoaded(value: unknown, { policy, name }: Call): Promise<unknown> {
  const result = await policy.schema?.["~standard"].validate(value)
  if (!result?.issues) return result ? result.value : value
  throw new CacheError(
    "FALLBACK_RESULT",
    `The schema refuses what the fallback of ${shortKey(name)} returned: ${pathText(result.issues[0]?.path)}. Fix one of them.`,
    { key: name },
  )
}
