import { left, now } from "../base/clock.ts"
import { alarm } from "./timeout.ts"

/** What holds a key: for `leaseTtl` at most since its last sign of life; then others need not wait for it any longer. */
export abstract class Holder {
  /** When it last gave a sign of life: it began, asked for its lease, or started its fallback. */
  #aliveAt: number = now()
  /** The longest `leaseTtl` that a timer has seen end since then. */
  #overdueFor = -1
  /** The waits of {@link shared}, by `leaseTtl`. */
  #shared: Map<number, { readonly promise: Promise<unknown>; readonly cancel: () => void }> | undefined
  /** Settles with its end. Never rejects. */
  abstract readonly done: Promise<unknown>

  /** Settles when it ends, or has held its key for `leaseTtl`. One timer for all who wait. Never rejects. */
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
          // It may give a sign of life yet: who comes then waits anew.
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

  /** Gives a sign of life: it may hold its key for `leaseTtl` from now on. */
  live(at: number = now()): void {
    this.#overdueFor = -1
    this.#aliveAt = at
  }

  /** Whether it has held its key for `leaseTtl`. */
  isOverdue(leaseTtl: number): boolean {
    // What a timer has told stays true when the clock is set back. If none ran, a clock that was set back far counts, too.
    return leaseTtl <= this.#overdueFor || Math.abs(now() - this.#aliveAt) >= leaseTtl
  }

  /** Stops the timers of {@link shared}: nobody waits any longer. */
  protected stopTimers(): void {
    for (const { cancel } of this.#shared?.values() ?? []) cancel()
    this.#shared = undefined
  }
}
