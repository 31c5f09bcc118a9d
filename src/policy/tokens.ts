import { now } from "../base/clock.ts"

/** Marks tokens that were made because there was none; all others are invalidations. */
export const newborn = "+"

let made = 0

/** A token nobody else makes: the time, a count, and 52 random bits, so that even a seeded `Math.random` collides not. */
export function newToken(): string {
  return `${now().toString(36)}.${(made++).toString(36)}${Math.random().toString(36).slice(1)}`
}

/** The token in a record; `""` for none, and for junk. */
export function toToken(record: unknown): string {
  return typeof record === "string"
    ? record
    : record instanceof Uint8Array
      ? new TextDecoder().decode(record)
      : ""
}

/** When `token` was made, in ms since epoch; `NaN` for junk. */
export function tokenTime(token: string): number {
  return Number.parseInt(token.replace(newborn, ""), 36)
}

/** Whether a version differs from what it was by more than having been made. */
export function isRenewed(before: string, after: string): boolean {
  return before !== after && !(before === "" && after.startsWith(newborn))
}

/** What `tokens` say of an entry made under `marks`: see {@link Versions.judge}. */
export function compare(marks: readonly string[], tokens: readonly string[]): number {
  let limit = Number.POSITIVE_INFINITY
  if (marks.length !== tokens.length) return Number.NEGATIVE_INFINITY
  for (let at = 0; at < tokens.length; at += 2) {
    if (tokens[at] !== marks[at] || tokens[at] === "") return Number.NEGATIVE_INFINITY
    const soft = tokens[at + 1] ?? ""
    if (soft === marks[at + 1]) continue
    const time = tokenTime(soft)
    limit = Math.min(limit, time >= 0 ? time : Number.NEGATIVE_INFINITY)
  }
  return limit
}
