import { now } from "../base/clock.ts"
import { past } from "./law.ts"

/** What was seen of a key while its ttl was nearly over. */
export interface Seen<T> {
  readonly found: T
  /** The moment, for a message. */
  readonly when: string
}

/**
 * What `look` finds of a key when four fifths of the ttl that `begin` gave it are over; `undefined` if it never found
 * out in time.
 *
 * An answer counts only if the whole call lies before the deadline. If the machine is too busy for that, or the storage
 * too slow, it is tried again on another key, with twice the ttl. A storage that is too slow even then is let off.
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
    // A timer may fire a millisecond early, and may be what ends a lease.
    if (left >= 3) return { found, when: `${left} ms before a ttl of ${ttl} ms is over` }
  }
  return undefined
}
