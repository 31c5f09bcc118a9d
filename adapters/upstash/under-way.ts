import { after, left, now, poll } from "../../src/base/clock.ts"
import { isWorkerd } from "../../src/base/runtime.ts"

/** A write under way: what it touches, and its end. */
interface Running {
  readonly touches: (key: string) => boolean
  readonly since: number
  readonly done: Promise<void>
}

/** The writes that others may have to wait for. */
export class WritesUnderWay {
  readonly #running = new Set<Running>()

  /** Those that are waited for. One that has had its time is forgotten: its request may be over. */
  get now(): readonly Running[] {
    for (const write of this.#running) if (restOf(write) <= 0) this.#running.delete(write)
    return [...this.#running]
  }

  /** A write of what it `touches` begins; it lasts until the function it answers is called. */
  begin(touches: (key: string) => boolean): () => void {
    let resolve = (): void => {}
    const done = new Promise<void>((settle) => {
      resolve = settle
    })
    const write: Running = { touches, since: now(), done }
    this.#running.add(write)
    return () => {
      this.#running.delete(write)
      resolve()
    }
  }

  /** The end of `earlier` writes, or of the time they have. */
  async endOf(earlier: readonly Running[]): Promise<void> {
    if (earlier.length === 0) return
    // What waits for a promise of another request may go on in that one, and end with it: a look by an own timer is safe.
    if (isWorkerd()) return poll(() => !this.now.some((write) => earlier.includes(write)))
    let cancel = (): void => {}
    const limit = new Promise<void>((resolve) => {
      cancel = after(Math.max(...earlier.map(restOf)), resolve)
    })
    await Promise.race([limit, Promise.all(earlier.map(({ done }) => done))])
    cancel()
  }
}

/**
 * How much longer a write is waited for, in ms. On Workers, where a write never ends if its request was cancelled, a
 * second at most: that leaves whoever waits half of the default `storeTimeout`.
 */
function restOf({ since }: Running): number {
  return left(since, isWorkerd() ? 1_000 : 30_000)
}
