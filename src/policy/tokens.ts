import { tokenMark } from "../adapter.ts"
import { now } from "../base/clock.ts"

/** Where the versions of a region or tag are kept: what a hard and what a soft invalidation renews. */
export interface VersionKeys {
  readonly hard: string
  readonly soft: string
}

/** The storage keys for the versions of the region or tag called `name`. */
export function versionKeys(name: string): VersionKeys {
  return { hard: `${tokenMark}h${name}`, soft: `${tokenMark}s${name}` }
}

/** Marks tokens that were made because there was none; all others are invalidations. */
export const newborn = "+"

let made = 0
let youngest: string[] = []
let youngestAt = 0

/**
 * A token nobody else makes: the time, a count, and 52 random bits, so that even a seeded `Math.random` collides not.
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

/** The tokens that this realm has made in this very millisecond: what begins now comes after them. */
export function tokensOfNow(): readonly string[] {
  return youngestAt === now() ? [...youngest] : []
}

/** A soft invalidation, by its time and count (`""` when there was none yet), and how many ms later the next one came. */
type Pause = readonly [before: string, ms: number]

/** So many pauses are remembered, the longest for their age. */
const most = 8

/**
 * The token of a soft invalidation that follows the one of `before`. It remembers the pauses between earlier ones, so
 * that an entry is judged by the first that came after it was made, and no later one gives it a new life.
 */
export function softToken(before: string): string {
  const token = newToken()
  const time = tokenTime(token)
  const last = idOf(before)
  // Pauses of no length tell nothing: without them an invalidation counts from the one before it.
  const weight = ([id, ms]: Pause) => (ms > 0 ? ms / Math.max(0, time - startOf(id) - ms) : 0)
  const pauses: Pause[] = [[last, Math.max(0, time - startOf(last))], ...pausesOf(before)]
  const kept = pauses.sort((a, b) => weight(b) - weight(a)).slice(0, most)
  return [token, ...kept.map(([id, ms]) => `${id}-${ms.toString(36)}`)].join(" ")
}

function pausesOf(token: string): Pause[] {
  return token
    .split(" ")
    .slice(1)
    .map((pause) => {
      const [id = "", ms = ""] = pause.split("-")
      return [id, Number.parseInt(ms, 36)]
    })
}

function idOf(token: string): string {
  return /^\w+\.\w+/.exec(token)?.[0] ?? ""
}

function startOf(id: string): number {
  return tokenTime(id) || 0
}

/** When an entry made under the soft token `mark` was expired, as the later `token` tells; `NaN` for junk. */
function expiredAt(mark: string, token: string): number {
  const time = tokenTime(token)
  const id = idOf(mark)
  const pauses = pausesOf(token)
  const pause = pauses.find(([before]) => before === id)
  if (pause) return startOf(id) + pause[1]
  // The pause after it was too short to be remembered, so that it might as well not have been.
  return Math.min(time, (pauses.length > 0 && startOf(id)) || time)
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

/**
 * What `tokens` say of an entry made under `marks`: `Infinity` when nothing has changed, `-Infinity` after a hard
 * invalidation, else when it was expired by a soft one, in ms since epoch.
 */
export function compare(marks: readonly string[], tokens: readonly string[]): number {
  let limit = Infinity
  if (marks.length !== tokens.length) return -Infinity
  for (let at = 0; at < tokens.length; at += 2) {
    if (tokens[at] !== marks[at] || tokens[at] === "") return -Infinity
    const [mark = "", soft = ""] = [marks[at + 1], tokens[at + 1]]
    if (soft === mark) continue
    const time = expiredAt(mark, soft)
    limit = Math.min(limit, time >= 0 ? time : -Infinity)
  }
  return limit
}
