import { keepAlive, type WaitUntil } from "../base/alive.ts"
import { now, poll } from "../base/clock.ts"
import { isWorkerd } from "../base/runtime.ts"
import { workers } from "../base/workers.ts"
import { within } from "./timeout.ts"
import { thisTurn } from "./turn.ts"

/**
 * Where a call runs: in a process or tab, where a promise is safe with everybody, or in a Worker, where I/O belongs
 * to a request and dies with it.
 */
export interface Scope {
  /** Whether callers may await a flight that another request leads. */
  readonly shares: boolean
  /** Keeps the request alive for work that nobody awaits, where something can. */
  readonly background: ((work: Promise<unknown>) => void) | undefined
}

/** The scope of a call: by the context that `bind` was given, else by what the runtime offers. */
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

/** Work that others will wait for. */
export interface UnderWay<T = unknown> {
  readonly promise: Promise<T>
  /** The turn it began in: see `thisTurn`. */
  readonly turn: object
  /** When it began, ms since epoch. */
  readonly since: number
  /** When it is taken for dead, ms since epoch. */
  readonly until: number
  isOver: boolean
  /** Whether its request still lives, as far as can be told. Absent if it cannot. */
  isInLine?(): boolean
}

/** `promise`, for others to wait for, `ms` at most. */
export function share<T>(promise: Promise<T>, ms: number): UnderWay<T> {
  const since = now()
  const shared: UnderWay<T> = { promise, turn: thisTurn(), since, until: since + ms, isOver: false }
  const over = () => {
    shared.isOver = true
  }
  promise.then(over, over)
  return shared
}

/** Whether it may still be joined. One with a beginning in the future may not: the clock was set back since. */
export function isAlive({ isOver, since, until }: UnderWay): boolean {
  return !isOver && since <= now() && now() < until
}

/**
 * Waits for what others have under way, `ms` at most, or until `isEnough`. On Workers by looking at each by a timer of
 * this request's own: the promises of other requests may have died with them.
 */
export async function ended(all: readonly UnderWay[], ms: number, isEnough?: () => boolean): Promise<void> {
  let isOver = false
  const limit = now() + ms
  const end = async () => {
    await within(Promise.all(all.map(({ promise }) => promise)), ms, () => undefined)
    isOver = true
  }
  // At the global scope there are no timers, and no requests either.
  const look = () => poll(() => isOver || isEnough?.() || now() >= limit || !all.some(isUnderWay)).catch(end)
  if (!all.every(isOurs)) return look()
  await (isWorker() && isEnough ? Promise.race([end(), look()]) : end())
}

/** Whether its promise may be awaited here: no other request may have begun it. */
export function isOurs({ turn }: UnderWay): boolean {
  return !isWorker() || turn === thisTurn()
}

/** Whether it still has to be waited for. Unlike {@link isAlive} it lets the clock be set back. */
export function isUnderWay(work: UnderWay): boolean {
  return !work.isOver && now() < work.until && work.isInLine?.() !== false
}
