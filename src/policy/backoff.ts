import { now } from "../base/clock.ts"

/**
 * Keys whose load failed while a stale value was there: one attempt per back-off, which doubles from 1 to 30 seconds.
 */
export class Backoff {
  readonly #keys = new Map<string, { readonly until: number; readonly delay: number }>()

  /** Whether the load of `key` must not be retried yet. */
  holds(key: string): boolean {
    const known = this.#keys.get(key)
    if (!known) return false
    const time = now()
    // A clock that was moved back ends the back-off.
    return time < known.until && time >= known.until - known.delay
  }

  failed(key: string): void {
    const delay = Math.min(30_000, 2 * (this.#keys.get(key)?.delay ?? 500))
    this.#keys.set(key, { until: now() + delay, delay })
    // Bounded: the oldest key is dropped.
    const [oldest = ""] = this.#keys.keys()
    if (this.#keys.size > 10_000) this.#keys.delete(oldest)
  }

  forget(key: string): void {
    this.#keys.delete(key)
  }

  forgetWhere(isOver: (key: string) => boolean): void {
    for (const key of this.#keys.keys()) if (isOver(key)) this.#keys.delete(key)
  }
}
