import { keepAlive, type WaitUntil } from "../base/alive.ts"
import { now, poll } from "../base/clock.ts"
import { isWorkerd } from "../base/runtime.ts"
import { workers } from "../base/workers.ts"
import { within } from "./timeout.ts"
import { thisTurn } from "./turn.ts"

/**
 * Where a call runs: in a process or tab, where promises may be shared freely, or in a Worker, where I/O belongs to a
 * request and dies with it.
 */
export interface Scope {
  /** Whether callers may await a flight that another request leads. */
  readonly shares: boolean
  /** Keeps the request alive for work that no caller awaits, where the runtime can. */
  readonly background: ((work: Promise<unknown>) => void) | undefined
}

/** The scope of a call: from the context given to `bind`, else from what the runtime offers. */
export function scopeOf(context: Partial<WaitUntil> = workers): Scope {
  return {
    shares: context.waitUntil !== undefined || !isWorker(),
    background: context.waitUntil && ((work) => keepAlive(work, context)),
  }
}

let worker: boolean | undefined

/** Whether promises, timers and I/O belong to a request here, and die with it. */
export function isWorker(): boolean {
  worker ??= isWorkerd()
  return worker
}

/** Work that other callers may wait for. */
export interface UnderWay<T = unknown> {
  readonly promise: Promise<T>
  /** The turn it began in: see `thisTurn`. */
  readonly turn: object
  /** When it began, ms since epoch. */
  readonly since: number
  /** When it is presumed dead, ms since epoch. */
  readonly until: number
  isOver: boolean
  /** Whether its request is still alive. Absent if that cannot be told. */
  isInLine?(): boolean
}

/** Wraps `promise` for other callers to wait for, `ms` at most. */
export function share<T>(promise: Promise<T>, ms: number): UnderWay<T> {
  const since = now()
  const shared: UnderWay<T> = { promise, turn: thisTurn(), since, until: since + ms, isOver: false }
  const over = () => {
    shared.isOver = true
  }
  promise.then(over, over)
  return shared
}

/** Whether it may still be joined. Not if it began in the future: the clock was moved back. */
export function isAlive({ isOver, since, until }: UnderWay): boolean {
  return !isOver && since <= now() && now() < until
}

/**
 * Waits for the work of others, `ms` at most, or until `isEnough`. On Workers it polls each by a timer of this request:
 * the promises of other requests may have died with them.
 */
export async function ended(all: readonly UnderWay[], ms: number, isEnough?: () => boolean): Promise<void> {
  let isOver = false
  const limit = now() + ms
  const end = async () => {
    await within(Promise.all(all.map(({ promise }) => promise)), ms, () => undefined)
    isOver = true
  }
  // At the global scope there are neither timers nor requests.
  const look = () => poll(() => isOver || isEnough?.() || now() >= limit || !all.some(isUnderWay)).catch(end)
  if (!all.every(isOurs)) return look()
  await (isWorker() && isEnough ? Promise.race([end(), look()]) : end())
}

/** Whether its promise may be awaited here, because no other request can have begun it. */
export function isOurs({ turn }: UnderWay): boolean {
  return !isWorker() || turn === thisTurn()
}

/** Whether it must still be waited for. Unlike {@link isAlive}, it tolerates a clock that was moved back. */
export function isUnderWay(work: UnderWay): boolean {
  return !work.isOver && now() < work.until && work.isInLine?.() !== false
}
