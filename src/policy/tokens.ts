import { tokenMark } from "../adapter.ts"
import { idOf, newborn, pausesOf, startOf, tokenTime } from "../base/token.ts"

/*
 * Lists of version keys, tokens and marks alternate between hard and soft: what a hard invalidation renews, then what a
 * soft one does.
 */

/** How an invalidation ends entries. Hard: never served again. Soft: stale from now on. */
export type Mode = "hard" | "soft"

/** The storage keys for the versions of the region or tag called `name`. */
export function versionKeys(name: string): readonly [hard: string, soft: string] {
  return [`${tokenMark}h${name}`, `${tokenMark}s${name}`]
}

/** When an entry made under the soft token `mark` was expired, according to the later `token`; `NaN` for junk. */
function expiredAt(mark: string, token: string): number {
  const time = tokenTime(token)
  const id = idOf(mark)
  const pauses = pausesOf(token)
  const pause = pauses.find(([before]) => before === id)
  if (pause) return startOf(id) + pause[1]
  // Its pause was dropped: see softToken.
  return Math.min(time, (pauses.length > 0 && startOf(id)) || time)
}

/** The token in a record; `""` if absent or junk. */
export function toToken(record: unknown): string {
  return typeof record === "string"
    ? record
    : ArrayBuffer.isView(record)
      ? new TextDecoder().decode(record)
      : ""
}

/** The `tokens` of `tags`, by tag. */
export function byTag(tags: readonly string[], tokens: readonly string[]): Map<string, readonly string[]> {
  return new Map(tags.map((tag, i) => [tag, tokens.slice(2 * i, 2 * i + 2)]))
}

/** Whether a token was renewed: it has changed, other than by being created because it was absent. */
export function isRenewed(before: string, after: string): boolean {
  return before !== after && !(before === "" && after.startsWith(newborn))
}

/**
 * What `tokens` say about an entry made under `marks`: `Infinity` if nothing has changed, `-Infinity` after a hard
 * invalidation, else when a soft one expired it, in ms since epoch.
 */
export function limitOf(marks: readonly string[], tokens: readonly string[]): number {
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
