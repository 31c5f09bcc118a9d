import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { left, now, passed } from "../base/clock.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import { laterThan } from "../base/token.ts"
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
import type { Brought, Outcome } from "./outcome.ts"
import { inside } from "./reentry.ts"

/** The load of a flight, from the fallback to the fenced write. All its callers get the fallback's error, untouched. */
export async function load(flight: Flight, call: Call, found: Found): Promise<Outcome> {
  const { engine, place, name, policy, fallback } = call
  const context = new Context(flight, call, found)
  flight.context = context
  // Let the rest of this turn ask first. And a memoized function may call itself, however deep: no stack grows.
  await undefined
  const completed = completeVersions(flight, call)
  if (isPromise(completed)) await completed
  if (flight.isLeft || (flight.fenced && !flight.isWanted)) return { type: "held" }
  const startedAt = now()
  flight.isLater = laterThan(startedAt)
  flight.live(startedAt)
  flight.hasTried = true
  engine.hub.load(place, name)
  try {
    const raw = await inside([flight], () => fallback(context))
    const kept = context.keptAs(raw)
    // A key that a fallback of many leaves out has no value to judge; what `keep()` keeps was judged when it was read.
    const isJudged = policy.schema && !kept && !(context.skipped && raw === undefined)
    const value = isJudged ? await validateLoaded(raw, call) : raw
    const copy = flight.isJoined ? copyFor(engine, value) : value
    const brought = { value, raw: kept ? kept.raw : raw, copy }
    flight.brought = brought
    const took = passed(startedAt)
    engine.hub.done(place, name, took)
    engine.backoff.forget(call.key)
    const published = publish({ ...brought, flight, call, context, startedAt, took })
    if (isPromise(published)) await published
    return { type: "loaded", ...brought }
  } catch (error) {
    engine.hub.failed(place, name, passed(startedAt), error)
    if (found.kept && !flight.fenced && !isMisuse(error, call)) engine.backoff.failed(call.key)
    return { type: "failed", error }
  }
}

/**
 * Makes the versions of the regions that are absent, so that an invalidation during the load is seen. If they could not
 * be read, reads them once more, in what is left of a tenth of `storeTimeout`: what hangs is not waited for twice.
 */
function completeVersions(flight: Flight, call: Call): Awaitable<void> {
  const { engine, place } = call
  const { store } = engine
  if (!store) return
  const regions = flight.tokens?.slice(0, place.versionKeys.length)
  return regions && engine.versions(store).isComplete(regions) ? undefined : makeVersions(flight, call, store)
}

/** The part of {@link completeVersions} that asks the storage. Trouble is an event; then the load stores nothing. */
async function makeVersions(flight: Flight, call: Call, store: Store): Promise<void> {
  const { engine, place, policy, startedAt } = call
  const versions = engine.versions(store)
  const rest = left(startedAt, policy.storeTimeout / 10)
  if (!flight.tokens && rest > 0) {
    const again = () => versions.read(flight.versionKeys)
    // The read before it has told of the trouble already.
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

/** Whether the storage is read only by intent, which is no trouble. */
function isReadOnly(error: unknown): boolean {
  return error instanceof CacheError && error.code === "ADAPTER_ABILITY"
}

/** A load whose fallback has answered. */
interface Loaded extends Brought {
  readonly flight: Flight
  readonly call: Call
  readonly context: Context
  /** When the fallback started, ms since epoch. */
  readonly startedAt: number
  /** How long it took, in ms. */
  readonly took: number
}

/** Stores what was loaded, unless something has beaten the flight. Trouble is an event: the caller gets the value. */
function publish(loaded: Loaded): Awaitable<unknown> {
  const { flight, call, context, raw } = loaded
  const { engine, place, name, policy } = call
  const failed = (error: unknown) => {
    if (!isReadOnly(error)) engine.hub.trouble(place, name, error)
  }
  try {
    // A beaten flight no longer hears of invalidations: any tag that its fallback chose may have been ended.
    const isEnded = (tag: string) =>
      flight.invalidatedTags?.has(tag) || (flight.fenced && !policy.tags.includes(tag))
    flight.isInvalidated = flight.tags.some(isEnded)
    if (flight.fenced || context.skipped || !flight.tokens) return undefined
    const stored = policy.shouldCache ? storeIf(loaded) : store(loaded, raw)
    return isPromise(stored) ? stored.catch(failed) : undefined
  } catch (error) {
    return failed(error)
  }
}

/** Stores the value if `shouldCache` says so. An asynchronous one is awaited: its promise would always say yes. */
async function storeIf(loaded: Loaded): Promise<void> {
  const { engine, name, policy } = loaded.call
  // What others change in it while we wait must not reach the storage.
  const own = snapshot(engine, loaded.raw)
  // Its parameter is `never` in Policy, which does not know the type of the value.
  if (await (policy.shouldCache as ShouldCache)(loaded.value, { key: name })) await store(loaded, own)
}

/** Stores `value` under the versions from before the load, after the writes of its key that are under way. */
function store({ flight, call, context, startedAt, took }: Loaded, value: unknown): Awaitable<unknown> {
  const { engine, place, key, name, policy } = call
  const { ttl: given, grace, tags } = context.decided(policy)
  // The ttl of an entry that `keep()` renews was spread when it was first written.
  const ttl = given === context.renewed?.ttl ? given : jittered(given, policy.jitter)
  const known = marksFor(flight, call, tags, context.renewed)
  const waits = isPromise(known) || engine.queue.isBusy([key])
  // What others change in it while we wait must not reach the storage.
  const own = waits && !policy.shouldCache ? snapshot(engine, value) : value
  return chain(known, (marks) => {
    const { store: into } = engine
    flight.isInvalidated ||= marks === undefined
    if (!marks || !into) return undefined
    return chain(isSucceeded(flight, call, startedAt), (succeeded) => {
      if (succeeded) return undefined
      const kept = makeKept({ value: own, createdAt: startedAt, ttl, grace, took, tags, marks })
      return chain(writeFenced(flight, call, into, kept), (isKept) => {
        if (isKept) tell(call.teller ?? engine, () => engine.hub.tell(place, name, "set"), key)
      })
    })
  })
}

/** Writes what was loaded, or removes the key if its life is over already. Answers whether the entry is kept. */
function writeFenced(flight: Flight, call: Call, store: Store, kept: Kept): Awaitable<boolean> {
  const { engine, key, policy } = call
  return engine.queue.ordered([key], policy.storeTimeout, () => (isLate) => {
    if (flight.fenced) return false
    const into = derived(engine, store)
    const life = kept.freshUntil + kept.grace - now()
    const isKept = kept.ttl > 0 && life > 0
    const written: Awaitable<unknown> = isKept
      ? (call.write ?? into.write.bind(into))(key, kept, life, isLate)
      : into.adapter.delete(key)
    return chain(written, () => isKept)
  })
}

/** Whether its lease has run out, and its next holder has stored a younger entry. */
function isSucceeded(flight: Flight, call: Call, createdAt: number): Awaitable<boolean> {
  const { engine, place, key, policy } = call
  if (!policy.lease || !engine.store?.adapter.lock || !flight.isOverdue(policy.leaseTtl)) return false
  return chain(
    engine.readAnew(place, key, policy),
    ({ kept }) => kept !== undefined && kept.createdAt > createdAt,
  )
}

type ShouldCache = (value: unknown, context: { key: string }) => boolean

/** What was found, if it validates by the call's schema; else corrupt. At once where there is no schema. */
export function validateFound(
  read: Awaitable<Found>,
  { engine, policy }: Pick<Call, "engine" | "policy">,
): Awaitable<Found> {
  const { schema } = policy
  return schema ? chain(read, (found) => validateBy(found, engine, schema)) : read
}

/** What was found, as it was before a schema made something of it. */
export function beforeSchema(found: Found): Found {
  return found.kept?.made ? { ...found, kept: found.kept.made } : found
}

async function validateBy(found: Found, engine: Engine, schema: Schema): Promise<Found> {
  // An entry past its grace is gone, though a storage may still have it.
  if (!isLive(found)) return found
  try {
    // A copy: a schema may change what it is given.
    const result = await schema["~standard"].validate(engine.out(found.kept))
    if (!result.issues) return { ...found, kept: { ...found.kept, value: result.value, made: found.kept } }
  } catch {
    // A schema that throws has not validated.
  }
  return { ...found, kept: undefined, reason: "corrupt" }
}

type Schema = NonNullable<Policy["schema"]>

/** What was loaded, as this caller's schema returns it. @throws {CacheError} `FALLBACK_RESULT`. */
export async function validateLoaded(value: unknown, { policy, name }: Call): Promise<unknown> {
  const result = await policy.schema?.["~standard"].validate(value)
  if (!result?.issues) return result ? result.value : value
  throw new CacheError(
    "FALLBACK_RESULT",
    `What the fallback of ${shortKey(name)} returned does not validate (${result.issues.length} issues). Mend it or the schema.`,
    { key: name },
  )
}
