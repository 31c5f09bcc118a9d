import { now } from "../base/clock.ts"
import { past } from "./law.ts"

/** What was seen of a key when its ttl was nearly over. */
export interface Seen<T> {
  readonly found: T
  /** The moment in words, for a message. */
  readonly when: string
}

/**
 * What is found of a key shortly before its ttl is over: `begin` gives it that ttl, and `look` is called when four
 * fifths of it have passed.
 *
 * The answer tells something only if it comes before the deadline. If it is late, for the machine is busy or the storage
 * slow, the next attempt has another key and twice the ttl. After four of them the answer is `undefined`.
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
