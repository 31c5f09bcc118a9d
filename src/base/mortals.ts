import { now } from "./clock.ts"

/** Milliseconds that an operation may take before it is taken for dead. */
const maxWait = 10_000

/** Whether what began at `since` is taken for dead; also what began before the clock was set back. Ms since epoch. */
export function isDead(since: number, time: number = now()): boolean {
  return Math.abs(time - since) >= maxWait
}
