import { now } from "../base/clock.ts"
import { past } from "./law.ts"

/** What was seen of a key shortly before its ttl was over. */
export interface Seen<T> {
  readonly found: T
  /** The moment in words, for messages. */
  readonly when: string
}

/**
 * Observes a key near the end of its ttl: `begin` gives it that ttl, and `look` is called after four fifths of it.
 *
 * An observation only counts if it is made before the deadline. If it is late, because the machine is busy or the
 * storage slow, another key is tried with twice the ttl. After four attempts the result is `undefined`.
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
