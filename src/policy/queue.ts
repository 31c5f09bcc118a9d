import { type Awaitable, isPromise } from "../base/awaitable.ts"
import { left, now } from "../base/clock.ts"
import { CacheError } from "../base/errors.ts"
import type { Lane, Watcher, Write } from "./lane.ts"
import { ended, isUnderWay, isWorker, underWay } from "./scope.ts"
import { only } from "./storage-errors.ts"

/** Waits for a storage operation, `ms` at most. */
type Guard = <T>(work: () => Awaitable<T>, ms: number, key: string) => Awaitable<T>

/**
 * Keeps the writes of one key in the order they were asked for, so that a slow storage cannot swap them.
 *
 * A write that hangs holds back the next one for its timeout at most. If that hangs as well, the storage does, and no
 * other waits any longer. Work of several steps is told when it is late, and must end then: somebody else may be writing.
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
   * Waits for the writes of the same keys that are under way, then runs `work`.
   *
   * @param ms - How long to wait for a write that has no time limit of its own.
   * @param whole - How long `work` may take, in ms. Default `ms`.
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
    // On Workers, writes of requests that are over would stay for ever.
    for (const [key, write] of isWorker() ? writes : []) {
      if (isUnderWay(write)) break
      writes.delete(key)
    }
    return result
  }

  /** What a write of `keys` has to wait for: the writes of the same keys under way, and the one that all wait for. */
  #ahead(keys: Iterable<string>): Write[] {
    const lane = this.#lane
    // Its request may be over. Outside of Workers its own timer ends it, whatever the clock says.
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

  /** Tells the watchers what was written. */
  told: Watcher = (written) => {
    const { watchers } = this.#lane
    if (typeof written === "function") this.#lane.clears++
    if (watchers.size > 0) for (const watch of watchers) watch(written)
  }

  /**
   * Runs `work` alone: after all writes under way, before all that come.
   *
   * @param ms - As for {@link ordered}, and so is `whole`.
   * @param writes - Tells which keys it is about.
   */
  async alone<T>(
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    writes: (key: string) => boolean,
    whole: number = ms,
  ): Promise<T> {
    const lane = this.#lane
    lane.count++
    lane.clears++
    const { result, tail } = this.#run(this.#ahead(lane.writes.keys()), ms, whole, work, writes)
    lane.barrier = tail
    try {
      return await result
    } finally {
      if (lane.barrier === tail) lane.barrier = undefined
    }
  }

  /** Runs `work` after the writes `before`; answers its result and, if that takes time, the write for others to wait for. */
  #run<T>(
    before: readonly Write[],
    ms: number,
    whole: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    written: Parameters<Watcher>[0],
  ): { readonly result: Awaitable<T>; readonly tail?: Write } {
    const behind: Progress["behind"] = []
    const progress: Progress = { ahead: before, seen: now(), whole, behind, isSecond: false, isLate: false }
    const keys = typeof written === "function" ? [] : written
    const begin = () => this.#guard(() => work(() => progress.isLate), whole, only(keys))
    const wait = restOf(before, ms)
    let result: Awaitable<T> | undefined
    try {
      result = before.length > 0 ? inLine(progress, wait).then(begin) : begin()
    } finally {
      // It was done at once, or threw at once.
      if (!isPromise(result)) this.told(written)
    }
    if (!isPromise(result)) return { result }
    const over = (tail: Write) => {
      this.told(written)
      const { writes } = this.#lane
      for (const key of keys) if (writes.get(key) === tail) writes.delete(key)
    }
    return { result, tail: tailOf(progress, result, wait + whole, over) }
  }
}

/** How far a write is that takes time. */
interface Progress {
  /** The writes it still waits for. */
  ahead: readonly Write[]
  /** When it last looked at them, and so when it began, ms since epoch. */
  seen: number
  /** How long it may take once it has begun, in ms. */
  readonly whole: number
  /** Functions that end the wait of the writes behind it. */
  readonly behind: (() => void)[]
  /** A write that it waited for has timed out: if it does as well, it is the second in a row. */
  isSecond: boolean
  /** Its time is over: see {@link WriteQueue}. */
  isLate: boolean
}

/** The write for those behind it to wait for, `ms` at most. */
function tailOf(
  progress: Progress,
  result: Promise<unknown>,
  ms: number,
  over: (tail: Write) => void,
): Write {
  const { behind } = progress
  // On Workers a write that waits looks at those ahead all the time: if it has not for a second, its request is over.
  // Once it has begun it has its own time, however long it might have waited.
  const isInLine = () =>
    now() - progress.seen < (progress.ahead.length > 0 ? 1000 : progress.whole) ||
    progress.ahead.some(isUnderWay)
  const settled = () => {
    tail.isOver = true
    over(tail)
  }
  const end = result.then(settled, (error) => {
    progress.isLate = true
    settled()
    tail.isHung = error instanceof CacheError && error.code === "STORE_TIMEOUT"
    // Two in a row tell that the storage hangs: those behind need not wait for one another.
    if (tail.isHung && progress.isSecond) for (const go of behind) go()
  })
  const tail: Write = { ...underWay(end, ms), behind, isInLine, isHung: false }
  return tail
}

/**
 * How long to wait for the writes `before`, in ms: for each its own time, which includes its wait for others, or `ms` if
 * that is endless. Outside of Workers its whole time: there its own timers end it, and the clock may have been set.
 */
function restOf(before: readonly Write[], ms: number): number {
  let longest = 0
  for (const { since, until } of before) {
    const rest = isWorker() ? left(since, until - since) : until - since
    longest = Math.max(longest, rest < Infinity ? rest : ms)
  }
  return longest
}

/**
 * Waits for the writes ahead, `ms` at most, or until one of them lets this one go because the storage hangs. Then this
 * one lets those behind it go as well.
 */
async function inLine(progress: Progress, ms: number): Promise<void> {
  const { ahead, behind } = progress
  let isLetGo = false
  await new Promise<void>((resolve) => {
    const go = () => {
      isLetGo = true
      // On Workers what follows would run in the request of that write, and die with it: `look` sees it instead.
      if (!isWorker()) resolve()
    }
    for (const write of ahead) write.behind.push(go)
    const look = () => {
      progress.seen = now()
      return isLetGo
    }
    ended(ahead, ms, look).then(resolve)
  })
  if (isLetGo) for (const go of behind) go()
  progress.isSecond = ahead.some(({ isHung }) => isHung)
  progress.ahead = [] // Else each would keep all those before it, for as long as they overlap.
}
