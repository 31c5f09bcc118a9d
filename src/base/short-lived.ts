import { now } from "./clock.ts"

/** How long an operation may take before it is presumed dead, in ms. */
const maxWait = 10_000

/** Whether what began at `since` is presumed dead at `time`: it took too long, or the clock was moved back. */
export function isDead(since: number, time: number): boolean {
  return Math.abs(time - since) >= maxWait
}

/** Pending operations by key. One that hangs is not kept for ever: a later `set` removes dead ones. */
export class ShortLived<T extends { readonly since: number }> extends Map<string, T> {
  #looked = now()

  override set(key: string, one: T): this {
    this.sweep()
    return super.set(key, one)
  }

  /** Removes dead operations, at most once every ten seconds. */
  sweep(): void {
    const time = now()
    if (!isDead(this.#looked, time)) return
    this.#looked = time
    for (const [key, { since }] of this) if (isDead(since, time)) this.delete(key)
  }
}
