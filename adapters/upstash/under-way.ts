import { after, left, now, poll } from "../../src/base/clock.ts"
import { isWorkerd } from "../../src/base/runtime.ts"

/** A pending write: what it touches, and its end. */
interface Running {
  readonly touches: (key: string) => boolean
  readonly since: number
  readonly done: Promise<void>
}

/** The writes that others may have to wait for. */
export class WritesUnderWay {
  readonly #running = new Set<Running>()

  /** Those still waited for. One whose time has passed is forgotten: its request may have finished. */
  get now(): readonly Running[] {
    for (const write of this.#running) if (restOf(write) <= 0) this.#running.delete(write)
    return [...this.#running]
  }

  /** Begins a write of what it `touches`, which lasts until the returned function is called. */
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

  /** Waits for `earlier` writes, or until their time has passed. */
  async endOf(earlier: readonly Running[]): Promise<void> {
    if (earlier.length === 0) return
    // What awaits a promise of another request may resume in that one, and end with it: polling is safe.
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
 * How much longer to wait for a write, in ms. On Workers, where a write never ends if its request was cancelled, a
 * second at most: that leaves the caller half of the default `storeTimeout`.
 */
function restOf({ since }: Running): number {
  return left(since, isWorkerd() ? 1_000 : 30_000)
}
