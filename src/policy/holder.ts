import { left, now } from "../base/clock.ts"
import { alarm } from "./timeout.ts"

/** Holds a key, for at most `leaseTtl` after its last sign of life; after that, others need not wait for it. */
export abstract class Holder {
  /** Its last sign of life: when it began, asked for its lease, or started its fallback. */
  #aliveAt: number = now()
  /** The longest `leaseTtl` that a timer has seen pass since then. */
  #overdueFor = -1
  /** The waits of {@link shared}, by `leaseTtl`. */
  #shared: Map<number, { readonly promise: Promise<unknown>; readonly cancel: () => void }> | undefined
  /** Settles when it ends. Never rejects. */
  abstract readonly done: Promise<unknown>

  /** Settles when it ends, or has held its key for `leaseTtl`. All who wait share one timer. Never rejects. */
  shared(leaseTtl: number): Promise<unknown> {
    if (leaseTtl === Infinity) return this.done
    this.#shared ??= new Map()
    const known = this.#shared.get(leaseTtl)
    if (known) return known.promise
    let cancel = () => {}
    const promise = new Promise<void>((resolve) => {
      const wait = () => {
        const since = this.#aliveAt
        cancel = alarm(Math.max(0, left(since, leaseTtl)), () => {
          // It has given a sign of life since.
          if (this.#aliveAt !== since) return wait()
          this.#overdueFor = Math.max(this.#overdueFor, leaseTtl)
          // It may still give a sign of life: later callers start a new wait.
          this.#shared?.delete(leaseTtl)
          resolve()
        })
      }
      wait()
      this.done.then(() => {
        cancel()
        resolve()
      })
    })
    this.#shared.set(leaseTtl, { promise, cancel: () => cancel() })
    return promise
  }

  /** Gives a sign of life: from now on it may hold its key for another `leaseTtl`. */
  live(at: number = now()): void {
    this.#overdueFor = -1
    this.#aliveAt = at
  }

  /** Whether it has held its key for `leaseTtl`. */
  isOverdue(leaseTtl: number): boolean {
    // A timer's result stands even if the clock is moved back. Without a timer, a clock moved far back counts as well.
    return leaseTtl <= this.#overdueFor || Math.abs(now() - this.#aliveAt) >= leaseTtl
  }

  /** Stops the timers of {@link shared}: no caller waits any longer. */
  protected stopTimers(): void {
    for (const { cancel } of this.#shared?.values() ?? []) cancel()
    this.#shared = undefined
  }
}
