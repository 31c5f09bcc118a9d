import { type Awaitable, isPromise } from "../base/awaitable.ts"
import { left, now } from "../base/clock.ts"
import { CacheError } from "../base/errors.ts"
import type { Lane, Watcher, Write } from "./lane.ts"
import { ended, isUnderWay, isWorker, underWay } from "./scope.ts"
import { only } from "./told.ts"

/** Waits for a storage operation, `ms` at most. */
type Guard = <T>(work: () => Awaitable<T>, ms: number, key: string) => Awaitable<T>

/**
 * Keeps the writes of one key in the order they were asked for, so that a slow storage cannot swap them.
 *
 * A write that hangs holds back the next one for its timeout at most, and when that hangs as well no other waits any
 * longer. Work of several steps is told when it is late, and must end then: somebody else may be writing.
 */
export class WriteQueue {
  readonly #lane: Lane
  readonly #guard: Guard

  constructor(lane: Lane, guard: Guard) {
    this.#lane = lane
    this.#guard = guard
  }

  /** Whether a write of one of `keys` would wait for others. */
  isBusy(keys: readonly string[]): boolean {
    return this.#ahead(keys).length > 0
  }

  /**
   * Waits for the writes of the same keys that are under way, then runs `work`, `whole` ms at most. Those that have no
   * time limit are waited for `ms` at most.
   */
  ordered<T>(
    keys: readonly string[],
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    whole: number = ms,
  ): Awaitable<T> {
    const { writes } = this.#lane
    this.#lane.count++
    const { result, tail } = this.#run(this.#ahead(keys), ms, whole, work, keys)
    if (!tail) return result
    for (const key of keys) writes.set(key, tail)
    // Those of requests that are over would stay.
    for (const [key, write] of isWorker() ? writes : []) {
      if (isUnderWay(write)) break
      writes.delete(key)
    }
    return result
  }

  /** The writes of `keys` under way, and what all wait for, unless that is taken for dead: its request may be over. */
  #ahead(keys: Iterable<string>): Write[] {
    const lane = this.#lane
    // Elsewhere its own timer ends it, whatever the clock says.
    if (lane.barrier && isWorker() && now() >= lane.barrier.until) lane.barrier = undefined
    const ahead = lane.barrier ? [lane.barrier] : []
    if (lane.writes.size > 0) {
      for (const key of keys) {
        const write = lane.writes.get(key)
        if (write) ahead.push(write)
      }
    }
    return ahead
  }

  /** Tells that something was written. */
  told: Watcher = (written) => {
    const { watchers } = this.#lane
    if (watchers.size > 0) for (const watch of watchers) watch(written)
  }

  /** Runs `work` alone: after all writes under way, before all that come. `writes` tells which keys it is about. */
  async alone<T>(
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    writes: (key: string) => boolean,
    whole: number = ms,
  ): Promise<T> {
    const lane = this.#lane
    lane.count++
    const { result, tail } = this.#run(this.#ahead(lane.writes.keys()), ms, whole, work, writes)
    lane.barrier = tail
    try {
      return await result
    } finally {
      if (lane.barrier === tail) lane.barrier = undefined
    }
  }

  /** Runs `work` after the writes `before`; answers its result and, where that takes time, what those behind it wait for. */
  #run<T>(
    before: readonly Write[],
    ms: number,
    whole: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    written: Parameters<Watcher>[0],
  ): { readonly result: Awaitable<T>; readonly tail?: Write } {
    const turn: Turn = { ahead: before, seen: now(), whole, behind: [], isSecond: false, isLate: false }
    const keys = typeof written === "function" ? [] : written
    const begin = () => this.#guard(() => work(() => turn.isLate), whole, only(keys))
    const wait = restOf(before, ms)
    let result: Awaitable<T> | undefined
    try {
      result = before.length > 0 ? inLine(turn, wait).then(begin) : begin()
    } finally {
      // At once, or it threw at once.
      if (!isPromise(result)) this.told(written)
    }
    if (!isPromise(result)) return { result }
    const over = (tail: Write) => {
      this.told(written)
      const { writes } = this.#lane
      for (const key of keys) if (writes.get(key) === tail) writes.delete(key)
    }
    return { result, tail: tailOf(turn, result, wait + whole, over) }
  }
}

/** How it stands with a write. */
interface Turn {
  /** Those it waits for still. */
  ahead: readonly Write[]
  /** When it last looked at them, and so when it began, ms since epoch. */
  seen: number
  /** For how long it may take once it has begun, in ms. */
  readonly whole: number
  /** Let those that wait for it go. */
  readonly behind: (() => void)[]
  /** One that it waited for has timed out. */
  isSecond: boolean
  isLate: boolean
}

/** What those behind a write that takes time wait for, `ms` at most. */
function tailOf(turn: Turn, result: Promise<unknown>, ms: number, over: (tail: Write) => void): Write {
  const { behind } = turn
  // On Workers one that waits looks around all the time, as long as its request lives; once begun it has its own time,
  // however long it might have waited.
  const stands = () =>
    now() - turn.seen < (turn.ahead.length > 0 ? 1000 : turn.whole) || turn.ahead.some(isUnderWay)
  const settled = () => {
    tail.isOver = true
    over(tail)
  }
  const end = result.then(settled, (error) => {
    turn.isLate = true
    settled()
    tail.isHung = error instanceof CacheError && error.code === "STORE_TIMEOUT"
    // The second one in a row tells of a storage that hangs: those behind it need not wait for one another.
    if (tail.isHung && turn.isSecond) for (const go of behind) go()
  })
  const tail: Write = { ...underWay(end, ms), behind, stands, isHung: false }
  return tail
}

/**
 * For how long writes are waited for: each has its own time, and that of those it waits for; `ms` where that is endless.
 * Where none can die with its request it ends by its own timers, although the clock may say that it is late already.
 */
function restOf(before: readonly Write[], ms: number): number {
  let longest = 0
  for (const { since, until } of before) {
    const rest = isWorker() ? left(since, until - since) : until - since
    longest = Math.max(longest, rest < Infinity ? rest : ms)
  }
  return longest
}

/** Waits for the writes ahead, `ms` at most, or until a storage that hangs lets them all go; then so are those behind. */
async function inLine(turn: Turn, ms: number): Promise<void> {
  const { ahead, behind } = turn
  let isLetGo = false
  await new Promise<void>((resolve) => {
    const go = () => {
      isLetGo = true
      // What another request settles goes on in that one, and dies with it: on Workers it is looked at.
      if (!isWorker()) resolve()
    }
    for (const write of ahead) write.behind.push(go)
    const look = () => {
      turn.seen = now()
      return isLetGo
    }
    ended(ahead, ms, look).then(resolve)
  })
  if (isLetGo) for (const go of behind) go()
  turn.isSecond = ahead.some(({ isHung }) => isHung)
  turn.ahead = [] // Else each would keep all those before it, for as long as they overlap.
}
