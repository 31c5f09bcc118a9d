import { now } from "./clock.ts"

/** Milliseconds that an operation may take before it is taken for dead. */
const maxWait = 10_000

/** Whether what began at `since` is taken for dead; also what began before the clock was set back. Ms since epoch. */
export function isDead(since: number, time: number): boolean {
  return Math.abs(time - since) >= maxWait
}

/** What is under way, by key. What hangs is not remembered for ever: who comes later lets go of the dead. */
export class ShortLived<T extends { readonly since: number }> extends Map<string, T> {
  #looked = now()

  override set(key: string, one: T): this {
    this.sweep()
    return super.set(key, one)
  }

  /** Lets go of the dead. Looks once in ten seconds at most, and so at most twice at each that does not live longer. */
  sweep(): void {
    const time = now()
    if (!isDead(this.#looked, time)) return
    this.#looked = time
    for (const [key, { since }] of this) if (isDead(since, time)) this.delete(key)
  }
}
