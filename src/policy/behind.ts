import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import { isLive } from "./found.ts"
import type { Place } from "./place.ts"
import { isRenewed, limitOf } from "./tokens.ts"

/**
 * Whether regions or tags of `flight`, or of the entry it replaces, were invalidated since it captured their versions.
 * Fences the flight if so.
 */
export async function isBehind(engine: Engine, flight: Flight, place: Place, ms: number): Promise<boolean> {
  const { tokens: captured, versionKeys, found } = flight
  const { store } = engine
  // Closing the cache fences all flights; callers from before it still share theirs.
  if (!store || !captured || flight.fenced) return flight.fenced && !engine.flights.isOver
  try {
    const { kept, limit } = isLive(found) ? found : {}
    const old = place.tagKeys(kept?.tags ?? [])
    const late = flight.tags.filter((tag) => !flight.policy.tags.includes(tag))
    const keys = [...versionKeys, ...place.tagKeys(late)]
    const tokens = await engine.guard(() => engine.versions(store).read([...keys, ...old]), ms, flight.key)
    const own = [...tokens.slice(0, place.versionKeys.length), ...tokens.slice(keys.length)]
    const isOld = kept && limit !== limitOf(kept.marks, own)
    // A version that was made for the flight and is gone proves nothing: the storage may keep none. Tags that the
    // fallback has chosen since were not captured: see marksFor.
    const isEnded = (_: string, i: number) => {
      const token = tokens[i]
      const before = captured[i]
      if (!token) return found?.tokens?.[i]
      return before === undefined ? flight.isLater(token) : isRenewed(before, token)
    }
    if (!isOld && !keys.some(isEnded)) return false
    if (engine.flights.get(flight.key) === flight) engine.flights.fenceOwn(flight.key)
    return true
  } catch {
    return false // A failing storage blocks no caller: the flight is joined.
  }
}
