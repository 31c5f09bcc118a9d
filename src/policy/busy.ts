import { left, now, poll } from "../base/clock.ts"
import { isWorker } from "./scope.ts"
import { within } from "./timeout.ts"

/** Counts operations under way, so that `close` can wait for them. */
export class Busy {
  #count = 0
  #idle: Promise<void> | undefined
  #tellIdle = () => {}

  /** Counts `work` as under way until it settles. */
  track<T>(work: Promise<T>): Promise<T> {
    const over = this.begin()
    work.then(over, over)
    return work
  }

  /** Counts an operation as under way until the returned function is called. */
  begin(): () => void {
    this.#count++
    return this.#end
  }

  readonly #end = () => {
    if (--this.#count > 0) return
    this.#idle = undefined
    this.#tellIdle()
  }

  /** Waits until nothing is under way, `ms` at most. */
  async finish(ms: number): Promise<void> {
    const since = now()
    // On Workers it polls the count: a promise that another request settles may never resolve here, and what a finished
    // request began never ends.
    if (isWorker()) return poll(() => this.#count === 0 || left(since, Math.min(ms, 30_000)) <= 0)
    let isLate = false
    while (this.#count > 0 && !isLate) {
      this.#idle ??= new Promise((resolve) => {
        this.#tellIdle = resolve
      })
      await within(this.#idle, left(since, ms), () => {
        isLate = true
      })
    }
  }
}
