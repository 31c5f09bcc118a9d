import { type Awaitable, attempt, chain, isPromise } from "../base/awaitable.ts"
import { left, now, passed } from "../base/clock.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import { tokensOf } from "../base/token.ts"
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

/** The load of a flight, from the fallback to the fenced write. Its error is everybody's, untouched. */
export async function load(flight: Flight, call: Call, found: Found): Promise<Outcome> {
  const { engine, place, name, policy, fallback } = call
  const context = new Context(flight, call, found)
  flight.context = context
  // After what is asked for in the same turn: a function that calls itself by its cache takes no stack.
  await undefined
  const grounded = ground(flight, call)
  if (isPromise(grounded)) await grounded
  if (flight.isLeft || (flight.fenced && !flight.isWanted)) return { type: "held" }
  const startedAt = now()
  flight.before = tokensOf(startedAt)
  flight.live(startedAt)
  flight.hasTried = true
  engine.hub.load(place, name)
  try {
    const raw = await inside([flight], () => fallback(context))
    const kept = context.keptAs(raw)
    // A key that a fallback of many leaves out has no value to judge, and what is kept on was judged when it was read.
    const isJudged = policy.schema && !kept && !(context.skipped && raw === undefined)
    const value = isJudged ? await validateLoaded(raw, call) : raw
    const copied = () => (flight.isJoined ? copyFor(engine, value) : value)
    const brought = { value, raw: kept ? kept.raw : raw, copy: copied() }
    flight.brought = brought
    const took = passed(startedAt)
    engine.hub.done(place, name, took)
    engine.backoff.forget(call.key)
    const published = publish(flight, call, context, brought, startedAt, took)
    if (isPromise(published)) {
      await published
      // Some may have come while it was stored.
      if (brought.copy === value) brought.copy = copied()
    }
    return { type: "loaded", ...brought }
  } catch (error) {
    engine.hub.failed(place, name, passed(startedAt), error)
    if (found.kept && !flight.fenced && !isMisuse(error, call)) engine.backoff.failed(call.key)
    return { type: "failed", error }
  }
}

/**
 * Makes the versions of the regions that are not there yet, so that an invalidation during the load is seen. A storage
 * that failed is asked for them once more, in what is left of the time it had.
 */
function ground(flight: Flight, call: Call): Awaitable<void> {
  const { engine, place } = call
  const { store } = engine
  if (!store) return
  const regions = flight.tokens?.slice(0, place.versionKeys.length)
  return regions && engine.versions(store).isComplete(regions) ? undefined : makeGround(flight, call, store)
}

async function makeGround(flight: Flight, call: Call, store: Store): Promise<void> {
  const { engine, place, policy, startedAt } = call
  const versions = engine.versions(store)
  const rest = left(startedAt, policy.storeTimeout)
  if (!flight.tokens && rest > 0) {
    // It has told of its trouble already.
    const again = attempt(() => engine.guard(() => versions.read(flight.versionKeys), rest, ""))
    flight.tokens = await again.catch(() => undefined)
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

/** A storage that is read only by intent is no trouble. */
function isReadOnly(error: unknown): boolean {
  return error instanceof CacheError && error.code === "ADAPTER_ABILITY"
}

/** Stores what was loaded, unless something has beaten the flight. Trouble is an event: the caller gets the value. */
function publish(
  flight: Flight,
  call: Call,
  context: Context,
  { value, raw }: Brought,
  createdAt: number,
  took: number,
): Awaitable<unknown> {
  const { engine, place, name, policy } = call
  const failed = (error: unknown) => {
    if (!isReadOnly(error)) engine.hub.trouble(place, name, error)
  }
  try {
    // What it was beaten by may not have been the first to end a tag that was chosen meanwhile.
    const isEnded = (tag: string) =>
      flight.invalidatedTags?.has(tag) || (flight.fenced && !policy.tags.includes(tag))
    flight.isInvalidated = flight.tags.some(isEnded)
    if (flight.fenced || context.skipped || !flight.tokens) return undefined
    const store = (own: unknown) => keep(flight, call, context, own, createdAt, took)
    const stored = policy.shouldCache ? storeIf(call, value, raw, store) : store(raw)
    return isPromise(stored) ? stored.catch(failed) : undefined
  } catch (error) {
    return failed(error)
  }
}

/** Stores what `shouldCache` says yes to. An asynchronous one is waited for: its promise would say yes to everything. */
async function storeIf(
  { engine, name, policy }: Call,
  value: unknown,
  raw: unknown,
  store: (own: unknown) => Awaitable<unknown>,
): Promise<void> {
  // What others do to it while we wait must not reach the storage.
  const own = snapshot(engine, raw)
  if (await (policy.shouldCache as ShouldCache)(value, { key: name })) await store(own)
}

/** Keeps what was loaded, in its place among the writes, under the versions of before the load. */
function keep(
  flight: Flight,
  call: Call,
  context: Context,
  value: unknown,
  createdAt: number,
  took: number,
): Awaitable<unknown> {
  const { engine, place, key, name, policy } = call
  const { ttl: given, grace, tags } = context.decided(policy)
  // The ttl of what is kept was spread when it was written first.
  const ttl = given === context.renewed?.ttl ? given : jittered(given, policy.jitter)
  const known = marksFor(flight, call, tags, createdAt, context.renewed)
  const waits = isPromise(known) || engine.queue.isBusy([key])
  // What others do to it while we wait must not reach the storage.
  const own = waits && !policy.shouldCache ? snapshot(engine, value) : value
  return chain(known, (marks) => {
    const { store } = engine
    flight.isInvalidated ||= marks === undefined
    if (!marks || !store) return undefined
    return chain(isSucceeded(flight, call, createdAt), (succeeded) => {
      if (succeeded) return undefined
      const kept = makeKept({ value: own, createdAt, ttl, grace, took, tags, marks })
      return chain(writeFenced(flight, call, store, kept), (isKept) => {
        if (isKept) tell(engine, () => engine.hub.tell(place, name, "set"), key)
      })
    })
  })
}

/** Writes what was loaded, or removes the key where nothing is to be kept of it; answers whether it is kept. */
function writeFenced(flight: Flight, call: Call, store: Store, kept: Kept): Awaitable<boolean> {
  const { engine, key, policy } = call
  return engine.queue.ordered([key], policy.storeTimeout, (isLate) => {
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

/** Whether its lease has run out, and who got it after it has brought a younger entry. */
function isSucceeded(flight: Flight, call: Call, createdAt: number): Awaitable<boolean> {
  const { engine, place, key, policy } = call
  if (!policy.lease || !engine.store?.adapter.lock || !flight.isOverdue(policy.leaseTtl)) return false
  return chain(
    engine.readAnew(place, key, policy),
    ({ kept }) => kept !== undefined && kept.createdAt > createdAt,
  )
}

type ShouldCache = (value: unknown, context: { key: string }) => boolean

/** What was found, if it still validates; at once where there is no schema to ask. */
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
  // What is gone is gone, whether a storage still has it or not.
  if (!found.kept || !isLive(found)) return found
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
    `What the fallback of ${shortKey(name)} returned does not validate (${result.issues.length} issues). Mend the fallback or its schema.`,
    { key: name },
  )
}
