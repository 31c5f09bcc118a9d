import { now } from "../base/clock.ts"
import { past } from "./law.ts"

/** What was seen of a key while its ttl was nearly over. */
export interface Seen<T> {
  readonly found: T
  /** The moment, for a message. */
  readonly when: string
}

/**
 * What `look` finds when four fifths of the ttl are over that `begin` has given to the same key; `undefined` where that
 * was never seen in time.
 *
 * An answer tells something only where the whole call lies before the deadline. A machine may be too busy for that, or a
 * storage too slow: it is tried again on another key, with twice the ttl. What is slow even then is let off.
 */
export async function shortlyBeforeEnd<T>(
  begin: (key: string, ttl: number) => Promise<unknown>,
  look: (key: string) => Promise<T>,
): Promise<Seen<T> | undefined> {
  for (let ttl = 200; ttl <= 1_600; ttl *= 2) {
    const start = now()
    await begin(`brief ${ttl}`, ttl)
    await past(start + 0.8 * ttl)
    const found = await look(`brief ${ttl}`)
    const left = start + ttl - now()
    // Timers, which may end a lease, fire a millisecond early at times.
    if (left >= 3) return { found, when: `${left} ms before a ttl of ${ttl} ms is over` }
  }
  return undefined
}
