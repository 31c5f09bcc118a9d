import { now } from "./clock.ts"

/** How long an operation may take before it is taken for dead, in ms. */
const maxWait = 10_000

/** Whether what began at `since` is taken for dead at `time`: it took too long, or the clock was set back. */
export function isDead(since: number, time: number): boolean {
  return Math.abs(time - since) >= maxWait
}

/** What is under way, by key. An operation that hangs is not kept for ever: a later `set` removes the dead. */
export class ShortLived<T extends { readonly since: number }> extends Map<string, T> {
  #looked = now()

  override set(key: string, one: T): this {
    this.sweep()
    return super.set(key, one)
  }

  /** Removes the dead. Does nothing if it has looked within the last ten seconds. */
  sweep(): void {
    const time = now()
    if (!isDead(this.#looked, time)) return
    this.#looked = time
    for (const [key, { since }] of this) if (isDead(since, time)) this.delete(key)
  }
}
