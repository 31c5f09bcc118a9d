import type { Lease } from "../adapter.ts"
import { type Awaitable, attempt, quietly } from "../base/awaitable.ts"
import { left, now, sleep } from "../base/clock.ts"
import { type Call, judge } from "./call.ts"
import type { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import { validateFound } from "./load.ts"
import type { Outcome } from "./outcome.ts"
import { lateStorage } from "./storage-errors.ts"
import { within } from "./timeout.ts"

/** Permission to load, with the last read; or the flight's outcome without a load. */
type Permit = { readonly type: "load"; readonly found: Found } | Extract<Outcome, { type: "found" | "held" }>

/**
 * Takes the adapter's lease for a load, so that one process loads for all.
 *
 * The holder reads again. The others poll for the value with back-off, and one of them gets the lease when it has run
 * out; after twice `leaseTtl` a caller loads without it. A caller who can be served stale does not wait. A failing
 * storage never blocks a load.
 */
export function permitLoad(flight: Flight, call: Call, found: Found): Awaitable<Permit> {
  const { engine, policy, scope } = call
  const granted: Permit = { type: "load", found }
  // A fenced flight stores nothing: the lease is for the load that follows it.
  if (policy.fresh || flight.fenced || found.reason === "unavailable") return granted
  // A request that nothing keeps alive would end before it has released its lease.
  if (engine.store?.adapter.lock && policy.lease && scope.shares)
    return waitForLease(flight, call, found, granted)
  return found.tier === "near" ? readBehindNear(flight, call, found) : granted
}

/** Reads past the near tier: another process may have loaded, and `keep()` must keep what is stored now. */
async function readBehindNear(flight: Flight, call: Call, found: Found): Promise<Permit> {
  const again = await readAgain(call)
  flight.capture(again)
  if (again.reason === "unavailable") return { type: "load", found }
  return isNewer(again, found, call) ? { type: "found", found: again } : { type: "load", found: again }
}

async function waitForLease(flight: Flight, call: Call, found: Found, granted: Permit): Promise<Permit> {
  const { engine, place, policy } = call
  // Twice: if the lease is still held after `leaseTtl`, it has a new holder, who gets as long.
  const began = now()
  let rest = 2 * policy.leaseTtl
  const canWait = !flight.background && judge(found, call) !== "stale"
  for (let ms = 4; ; ms = Math.min(ms * 1.5, 200)) {
    let lease: Lease | undefined
    try {
      lease = await takeLease(call)
    } catch (error) {
      engine.hub.trouble(place, call.name, error)
      return granted
    }
    if (!lease) {
      // Its holder stores what it loads, whether or not a caller waits here.
      if (!canWait || !flight.isAwaited) return { type: "held" }
      if (rest <= 0) return granted
      call.bulk?.onJoin()
      const pause = Math.min(ms, Math.max(1, rest))
      await sleep(pause)
      // A clock that stands still, or was moved back, must not prolong the wait.
      rest = Math.min(rest - pause, left(began, 2 * policy.leaseTtl))
    } else {
      const held = lease
      flight.hold(() => {
        const released = attempt(() => held.release()).catch(() => {})
        call.scope.background?.(released)
      })
    }
    if (flight.isLeft) return { type: "held" }
    // Fenced before it began: it loads for its own callers only, and needs no lease.
    if (flight.fenced) return granted
    flight.live()
    // Another process may have written while this one waited for the lease: read again.
    const again = await readAgain(call)
    flight.capture(again)
    if (isNewer(again, found, call)) return { type: "found", found: again }
    if (lease) return { type: "load", found: again }
  }
}

/** What the storage itself holds now. */
function readAgain(call: Call): Awaitable<Found> {
  const { engine, place, key, policy, bulk } = call
  return validateFound(bulk ? bulk.readAnew(call) : engine.readAnew(place, key, policy), call)
}

/** Whether a second read found what the first did not: a fresh entry, newer than the one to be replaced. */
function isNewer(again: Found, found: Found, call: Call): boolean {
  if (judge(again, call) !== "fresh") return false
  return judge(found, call) !== "fresh" || createdAt(again) > createdAt(found)
}

function createdAt({ kept }: Found): number {
  return kept?.createdAt ?? 0
}

/** Tries to take the lease once. One that arrives after `storeTimeout` is released. */
function takeLease({ engine, key, policy }: Call): Promise<Lease | undefined> {
  const asked = attempt(() => engine.store?.adapter.lock?.(key, policy.leaseTtl))
  return within(asked, policy.storeTimeout, () => {
    quietly(() => asked.then((lease) => lease?.release()))
    throw lateStorage(key, policy.storeTimeout)
  })
}
