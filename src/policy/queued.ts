import { left, now } from "../base/clock.ts"
import { CacheError } from "../base/errors.ts"
import { ended, isUnderWay, isWorker, type UnderWay } from "./scope.ts"
import { thisTurn } from "./turn.ts"

/** A write in its place among others: how far it is and, once that is known to take time, what others wait for. */
export class Queued implements UnderWay {
  /** Settles when it is over. Never rejects. */
  declare promise: Promise<unknown>
  declare turn: object
  since: number = now()
  until = 0
  isOver = false
  /** Its time is over: somebody else may be writing. */
  isLate = false
  /** Whether it has timed out. */
  isHung = false
  /** The writes it still waits for. */
  #ahead: readonly Queued[]
  /** When it last looked at them, and so when it began, ms since epoch. */
  #seen = this.since
  /** How long it may take once it has begun, in ms. */
  readonly #whole: number
  /** Functions that end the wait of the writes behind it. */
  #behind: (() => void)[] | undefined
  /** A write that it waited for has timed out: if it does as well, it is the second in a row. */
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

  /** It takes time, to the end of `result`; then `over` is called. */
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
        // Two in a row tell that the storage hangs: those behind need not wait for one another.
        if (this.isHung && this.#isSecond) this.#letGo()
      },
    )
  }

  /**
   * Whether its request still lives. On Workers a waiting write keeps looking at those ahead: if it has not for a second,
   * its request is over. Once it has begun it has its own time, however long it might have waited.
   */
  isInLine(): boolean {
    const ms = this.waits ? 1000 : this.#whole
    return now() - this.#seen < ms || this.#ahead.some(isUnderWay)
  }

  /**
   * Waits for the writes ahead, or until one of them lets this one go because the storage hangs. Then this one lets
   * those behind it go as well.
   *
   * @param ms - How long to wait for one that has no time limit of its own.
   */
  async inLine(ms: number): Promise<void> {
    const ahead = this.#ahead
    this.#wait = restOf(ahead, ms)
    let isLetGo = false
    await new Promise<void>((resolve) => {
      const go = () => {
        isLetGo = true
        // On Workers what follows would run in the request of that write, and die with it: `look` sees it instead.
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
    this.#ahead = [] // Else each would keep all those before it, for as long as they overlap.
  }

  /** One behind it waits until `go` is called, or until this one is over. */
  #holds(go: () => void): void {
    this.#behind ??= []
    this.#behind.push(go)
  }

  #letGo(): void {
    for (const go of this.#behind ?? []) go()
  }
}

/**
 * How long to wait for the writes `ahead`, in ms: for each its own time, which includes its wait for others, or `ms` if
 * that is endless. Outside of Workers its whole time: there its own timers end it, and the clock may have been set.
 */
function restOf(ahead: readonly Queued[], ms: number): number {
  let longest = 0
  for (const { since, until } of ahead) {
    const rest = isWorker() ? left(since, until - since) : until - since
    longest = Math.max(longest, rest < Infinity ? rest : ms)
  }
  return longest
}
