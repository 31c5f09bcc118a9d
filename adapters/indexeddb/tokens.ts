import type { Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"

/** So many pauses are remembered, as many as a soft invalidation does. */
const most = 8

/**
 * A version token that comes after `before`, whoever made that, as an invalidation here and now would write it: of what
 * was made under any other one nothing stands.
 *
 * A soft one lists when its predecessors ended, `id-ms` each (see `softToken` in the policy), so that none gives an entry
 * a new life; a hard one only has to be another.
 */
export function successor(before: Stored): string {
  const [token = "", ...pauses] = typeof before === "string" ? before.split(" ") : []
  const id = /^\w+\.\w+/.exec(token)?.[0] ?? ""
  const time = now()
  const ms = Math.max(0, time - (Number.parseInt(id, 36) || 0))
  // By their age; the one without an id, of what was made before the first, is the oldest and stays.
  const known = [...pauses, `${id}-${ms.toString(36)}`].sort()
  known.splice(1, known.length - most)
  return `${time.toString(36)}${Math.random().toString(36).slice(1)} ${known.join(" ")}`
}
