import type { Kept } from "../entry.ts"

/**
 * Whether to refresh `kept` before it expires: probabilistic early expiration, so that many readers do not all load
 * at the deadline.
 *
 * Refreshes when `now − took · beta · ln(random) ≥ freshUntil`, that is with probability
 * `exp(−(freshUntil − now) / (took · beta))`, where `took` is how long its load took.
 *
 * @see Vattani, Chierichetti, Lowenstein: "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015 (XFetch). In the
 * paper the reader waits; here it gets the fresh value while the refresh runs in the background.
 */
export function isEarly(kept: Kept, freshUntil: number, now: number, beta: number): boolean {
  return beta > 0 && now - kept.took * beta * Math.log(Math.random()) >= freshUntil
}
