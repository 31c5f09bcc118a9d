// The text of version tokens: how they differ, and when soft invalidations happened.
import { now } from "./clock.ts"

/** Marks tokens that were created because there was none; all others are invalidations. */
export const newborn = "+"

let made = 0
let youngest: string[] = []
let youngestAt = 0

/**
 * A unique token: the time, a count, and 52 random bits, so that not even a seeded `Math.random` collides.
 *
 * | text, numbers in base 36 | token |
 * |---|---|
 * | `time.count.random` | of a hard invalidation |
 * | `+time.count.random` | made because there was none |
 * | `time.count.random time.count-ms …` | of a soft one, with {@link softToken}'s pauses |
 */
export function newToken(): string {
  const time = now()
  const token = `${time.toString(36)}.${(made++).toString(36)}${Math.random().toString(36).slice(1)}`
  if (time !== youngestAt) youngest = []
  youngestAt = time
  if (youngest.length < 1000) youngest.push(token)
  return token
}

/**
 * Returns a function that tells whether a token belongs to an invalidation after `time`, which must be now. Tokens that
 * this realm has made in this very millisecond count as earlier.
 */
export function laterThan(time: number): (token: string) => boolean {
  const before = youngestAt === time ? [...youngest] : []
  return (token) =>
    !token.startsWith(newborn) && tokenTime(token) >= time && !before.includes(token.split(" ")[0] ?? "")
}

/** A soft invalidation, by its time and count (`""` for none), and how many ms later the next one came. */
export type Pause = readonly [before: string, ms: number]

/** How many pauses are remembered: the longest for their age. */
const maxPauses = 8

/**
 * The token of a soft invalidation that follows the one of `before`.
 *
 * An entry expires at the first soft invalidation after it was made, not at the last. So each token also records, for
 * earlier ones, how many ms later the next one came (a {@link Pause}). The mark in an entry names the invalidation
 * before it, and that one's time plus its pause is when the entry expired. Eight pauses are kept, the longest for their
 * age. If one was dropped, the entry counts as expired at the invalidation before it, so that its grace ends too early
 * rather than too late.
 */
export function softToken(before: string): string {
  const token = newToken()
  const time = tokenTime(token)
  const last = idOf(before)
  // A pause of no length tells nothing: without it, an invalidation counts from the one before.
  const weight = ([id, ms]: Pause) => (ms > 0 ? ms / Math.max(0, time - startOf(id) - ms) : 0)
  const pauses: Pause[] = [[last, Math.max(0, time - startOf(last))], ...pausesOf(before)]
  const kept = pauses.sort((a, b) => weight(b) - weight(a)).slice(0, maxPauses)
  return [token, ...kept.map(([id, ms]) => `${id}-${ms.toString(36)}`)].join(" ")
}

/** The pauses that a soft token records. */
export function pausesOf(token: string): Pause[] {
  return token
    .split(" ")
    .slice(1)
    .map((pause) => {
      const [id = "", ms = ""] = pause.split("-")
      return [id, Number.parseInt(ms, 36)]
    })
}

/** Its time and count. */
export function idOf(token: string): string {
  return /^\w+\.\w+/.exec(token)?.[0] ?? ""
}

/** Its time; 0 if it has none. */
export function startOf(id: string): number {
  return tokenTime(id) || 0
}

/** When `token` was made, in ms since epoch; `NaN` for junk. */
export function tokenTime(token: string): number {
  return Number.parseInt(token.replace(newborn, ""), 36)
}
