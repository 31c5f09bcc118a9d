import { left, now } from "../base/clock.ts"
import { CacheError } from "../base/errors.ts"
import { ended, isUnderWay, isWorker, type UnderWay } from "./scope.ts"
import { thisTurn } from "./turn.ts"

/** A write in the queue: its progress and, once it is asynchronous, what later writes wait for. */
export class Queued implements UnderWay {
  /** Settles when it has ended. Never rejects. */
  declare promise: Promise<unknown>
  declare turn: object
  since: number = now()
  until = 0
  isOver = false
  /** It has run out of time: another write may have started. */
  isLate = false
  /** Whether it has timed out. */
  isHung = false
  /** The writes it still waits for. */
  #ahead: readonly Queued[]
  /** When it last checked them, and so when it began; ms since epoch. */
  #seen = this.since
  /** How long it may take once begun, in ms. */
  readonly #whole: number
  /** Functions that end the waits of the writes behind it. */
  #behind: (() => void)[] | undefined
  /** A write it waited for has timed out: if this one does as well, it is the second in a row. */
  #isSecond = false
  /** How long it may wait for those ahead, in ms. */
  #wait = 0

  constructor(ahead: readonly Queued[], whole: number) {
    this.#ahead = ahead
    this.#whole = whole
  }

  /** Whether there are writes ahead. */
  get waits(): boolean {
    return this.#ahead.length > 0
  }

  /** Makes it asynchronous: it lasts until `result` settles; then `over` is called. */
  lasts(result: Promise<unknown>, over: () => void): void {
    this.turn = thisTurn()
    this.until = this.since + this.#wait + this.#whole
    this.promise = result.then(
      () => {
        this.isOver = true
        over()
      },
      (error) => {
        this.isLate = true
        this.isOver = true
        over()
        this.isHung = error instanceof CacheError && error.code === "STORE_TIMEOUT"
        // Two in a row mean that the storage hangs: those behind need not wait for one another.
        if (this.isHung && this.#isSecond) this.#letGo()
      },
    )
  }

  /**
   * Whether its request is still alive. On Workers a waiting write keeps checking those ahead: if it has not for a
   * second, its request has finished. Once begun it has its full time, however long it waited.
   */
  isInLine(): boolean {
    const ms = this.waits ? 1000 : this.#whole
    return now() - this.#seen < ms || this.#ahead.some(isUnderWay)
  }

  /**
   * Waits for the writes ahead, or until one of them releases this one because the storage hangs; then it releases
   * those behind it as well.
   *
   * @param ms - How long to wait for a write without a time limit.
   */
  async inLine(ms: number): Promise<void> {
    const ahead = this.#ahead
    this.#wait = restOf(ahead, ms)
    let isLetGo = false
    await new Promise<void>((resolve) => {
      const go = () => {
        isLetGo = true
        // On Workers, what follows would run in the request of that write and die with it: `look` checks the flag.
        if (!isWorker()) resolve()
      }
      for (const write of ahead) write.#holds(go)
      const look = () => {
        this.#seen = now()
        return isLetGo
      }
      ended(ahead, this.#wait, look).then(resolve)
    })
    if (isLetGo) this.#letGo()
    this.#isSecond = ahead.some(({ isHung }) => isHung)
    this.#ahead = [] // Otherwise each would keep all its predecessors in memory for as long as they overlap.
  }

  /** A write behind it waits until `go` is called, or until this one has ended. */
  #holds(go: () => void): void {
    this.#behind ??= []
    this.#behind.push(go)
  }

  #letGo(): void {
    for (const go of this.#behind ?? []) go()
  }
}

/**
 * How long to wait for the writes `ahead`, in ms: the longest of their limits, which include their own waits; `ms` for
 * one without a limit. Outside of Workers the full limit counts: timers end it there, and the clock may have been
 * changed.
 */
function restOf(ahead: readonly Queued[], ms: number): number {
  let longest = 0
  for (const { since, until } of ahead) {
    const rest = isWorker() ? left(since, until - since) : until - since
    longest = Math.max(longest, rest < Infinity ? rest : ms)
  }
  return longest
}
