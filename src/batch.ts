import { type Awaitable, isToken } from "./adapter.ts"
import { CacheError } from "./base/errors.ts"
import type { Kit } from "./kit.ts"
import type { Call, WriteEntry } from "./policy/call.ts"
import { type Draft, tell } from "./policy/draft.ts"
import type { Engine } from "./policy/engine.ts"
import type { Flight } from "./policy/flight.ts"
import { bulkTimeout, type Policy } from "./policy/options.ts"
import { watch } from "./policy/watching.ts"
import { flush, type Overlay, overlay, type Pending } from "./store/overlay.ts"
import type { Store } from "./store/store.ts"

/**
 * Runs `work` on a view that holds its writes back: they reach the storage together when it succeeds, and not at all
 * when it throws. The same goes for its events, and for what it writes through to origins. What it touched, expired or
 * loaded gives way to writes outside in the meantime. Regions with a storage of their own are not part of it.
 *
 * @param face - Makes the public object of a cache or region.
 */
export async function batch<R>(
  kit: Kit,
  engine: Engine,
  face: (kit: Kit) => object,
  work: (kit: Kit) => Promise<R>,
): Promise<R> {
  const store = await engine.opened(kit.settings.policy.storeTimeout)
  const pending = overlay(store.adapter, (key) => engine.versions(store).create(key))
  const inner = engine.over(() => store.over(pending.adapter))
  await inner.open()
  const effects: Effects = { events: [], setters: [], fenced: new Set(), ends: [], own: new Set() }
  inner.draft = draftOver(engine, inner, store, pending, effects)
  const unwatch = watch(engine.lane, inner.draft)
  let isOver = false
  const home = () => {
    if (isOver) throw over()
    kit.settings.home() // Throws once the cache is closed.
    return inner
  }
  try {
    const result = await work(kitOver(kit, engine, home, face))
    const { leaseTtl, storeTimeout } = kit.settings.policy
    // Waits for what is still running: a load for its leaseTtl, a write for its storeTimeout.
    await inner.retire(Math.max(leaseTtl, storeTimeout))
    isOver = true
    await settle(engine, store, pending, effects, kit.settings.policy)
    return result
  } finally {
    isOver = true
    unwatch?.()
  }
}

/** What a batch does at its end besides its writes. */
interface Effects {
  /** To be emitted; one with a storage key only if an entry is written there. */
  readonly events: { readonly event: () => void; readonly key: string | undefined }[]
  /** Calls to the setters of regions that write through. */
  readonly setters: (() => Awaitable<unknown>)[]
  /** Keys that it has expired or touched. */
  readonly fenced: Set<string>
  /** Each fences the flights that end with a version it has renewed. */
  readonly ends: ((on: Engine) => void)[]
  /** Keys that a load outside, started by the batch, has just written to the batch instead of the storage. */
  readonly own: Set<string>
}

function draftOver(
  engine: Engine,
  inner: Engine,
  store: Store,
  pending: Overlay,
  { events, setters, fenced, ends, own }: Effects,
): Draft {
  return {
    hear: givesWay(inner, pending, own),
    tell: (event, key) => void events.push({ event, key }),
    fences(keys) {
      for (const key of keys) fenced.add(key)
    },
    ends: (fence) => void ends.push(fence),
    through: (write) => void setters.push(write),
    derived: () => store.over(pending.derived()),
    outside(flight, call, joins) {
      if (!pending.isUntouched(call.key)) return undefined
      const running = engine.flights.get(call.key)
      // One may run outside of the batch around this one.
      if (!running) return engine.draft?.outside(flight, call, joins)
      return joins(running, call) ? outsideOf(flight, call, engine, pending, own) : undefined
    },
  }
}

/** The kit of the batch's view: that of the cache or region and of all its regions, with the batch as storage. */
function kitOver(kit: Kit, engine: Engine, home: () => Engine, face: (kit: Kit) => object): Kit {
  const into = (outer: Kit): Kit => ({
    ...outer,
    shared,
    settings: { ...outer.settings, home },
    views: outer.views && new Map(),
  })
  const regions: Kit["shared"]["regions"] = new Map()
  const shared = { ...kit.shared, regions, engine: kit.shared.engine === engine ? home() : kit.shared.engine }
  const own = into(kit)
  const views = new Map([[kit.path, own]])
  for (const [path, known] of kit.shared.regions) {
    const parent = views.get(known.parent.path)
    // A region inside one that is not part of the batch is not part of it either.
    const view = views.get(path) ?? (parent && !known.kit.settings.ownsHome ? into(known.kit) : undefined)
    if (view) views.set(path, view)
    regions.set(path, {
      ...known,
      parent: parent ?? known.parent,
      ...(view && { kit: view, face: face(view) }),
    })
  }
  return own
}

/** Completes a batch: calls its setters, writes, emits its events. A batch around it takes over setters and events. */
async function settle(
  engine: Engine,
  store: Store,
  pending: Overlay,
  { events, setters, fenced, ends }: Effects,
  policy: Policy,
): Promise<void> {
  const above = engine.draft
  // The origins first: if one fails, the cache stays as it was.
  for (const write of setters) await (above ? above.through(write) : write())
  const others = [...fenced]
  above?.fences(others)
  for (const end of ends) above?.ends(end)
  const written = await commit(engine, store, pending, others, ends, policy)
  // Even if none of them was written: what other batches have loaded of them gives way.
  if (others.length > 0) engine.queue.notify(others)
  for (const { event, key } of events) {
    if (key === undefined || written.get(key)?.record !== undefined) tell(engine, event, key)
  }
}

/** `call` for joining a load outside, on `engine`, for as long as callers wait for its flight in the batch. */
function outsideOf(
  flight: Flight,
  call: Call,
  engine: Engine,
  { isUntouched }: Overlay,
  own: Set<string>,
): Call {
  const endless = { softTimeout: Infinity, hardTimeout: Infinity }
  const policy = { ...call.policy, ...endless, signal: flight.signal }
  // If that load hangs, this call loads: its value belongs to the batch, unless the batch has written the key since.
  const write: WriteEntry = (key, kept, life, isLate) => {
    own.add(key)
    if (!isUntouched(key)) return undefined
    return call.write
      ? call.write(key, kept, life, isLate)
      : call.engine.draft?.derived().write(key, kept, life)
  }
  return { ...call, engine, policy, write, teller: call.engine }
}

/** Makes entries that the batch derived from its reads give way to writes outside. */
function givesWay(
  inner: Engine,
  { giveWay, pending, hidesVersions }: Overlay,
  own: Effects["own"],
): Draft["hear"] {
  return (changed) => {
    // Announced by the outer queue, although it was written to the batch.
    if (typeof changed !== "function" && changed.some((key) => own.delete(key))) return
    const renewsAny = typeof changed === "function" || changed.some(isToken)
    // Entries made under the batch's own versions do not show that those below were renewed: all of them give way.
    const written = renewsAny && hidesVersions() ? () => true : changed
    giveWay(written)
    // A value of the batch's own hides what is written below.
    const isSeen = (key: string) => pending.writes.get(key)?.record === undefined
    if (typeof written === "function") {
      const gaveWay = (key: string) => written(key) && isSeen(key)
      inner.flights.fenceOwnWhere(({ key }) => gaveWay(key))
      inner.queue.notify(gaveWay)
    } else {
      const seen = written.filter(isSeen)
      inner.fence(seen)
      inner.queue.notify(seen)
    }
  }
}

/** Writes what a batch has collected, and fences the flights it outdates; returns what it wrote. */
async function commit(
  engine: Engine,
  store: Store,
  { pending }: Overlay,
  fenced: readonly string[],
  ends: Effects["ends"],
  policy: Policy,
): Promise<Pending["writes"]> {
  const keys = [...pending.writes.keys()]
  const ms = bulkTimeout(policy, keys)
  const { cleared } = pending
  const isCleared = (key: string) => cleared.some((prefix) => key.startsWith(prefix))
  let written: Pending["writes"] = new Map()
  // A load outside may be newer than what the batch has loaded, so it is not fenced.
  const given = keys.filter((key) => {
    const write = pending.writes.get(key)
    return !write?.isDerived || write.isRemoved
  })
  const fence = () => {
    engine.fence(given)
    engine.fence(fenced, "soft")
    if (cleared.length > 0) engine.flights.fenceWhere(({ key }) => isCleared(key))
    for (const end of ends) end(engine)
  }
  fence()
  if (keys.length === 0 && cleared.length === 0) return written
  const work = (isLate: () => boolean) => {
    // Some may have given way while this waited in the queue.
    written = new Map(pending.writes)
    return flush(store.adapter, pending, isLate, (engine.draft?.derived() ?? store).adapter)
  }
  const isOurs = (key: string) => written.has(key) || isCleared(key)
  try {
    if (cleared.length > 0) await engine.queue.alone(ms, (run) => run(work), isOurs)
    else await engine.queue.ordered(keys, ms, (run) => run(work))
  } finally {
    fence()
  }
  return written
}

/** The error of every verb of a batch's view after its end. */
function over(): CacheError {
  return new CacheError("CLOSED", "This batch is over. Write to the cache, or begin another batch.")
}
