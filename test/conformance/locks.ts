import type { Adapter, Lease } from "../../src/adapter.ts"

interface LockDefects {
  readonly inSteps?: boolean
  readonly endless?: boolean
  readonly ownerless?: boolean
  readonly single?: boolean
  /** How much of its ttl a lease holds. */
  readonly share?: number
}

/** One for all handles, where every other lock of these is its handle's own. */
export const endless: NonNullable<Adapter["lock"]> = locks({ endless: true })

/** A lock over a Map, with defects. */
export function locks({
  inSteps,
  endless,
  ownerless,
  single,
  share = 1,
}: LockDefects): NonNullable<Adapter["lock"]> {
  const held = new Map<string, { readonly until: number }>()
  return async (key, ttl): Promise<Lease | undefined> => {
    const name = single ? "" : key
    const holder = held.get(name)
    if (holder !== undefined && (endless || Date.now() < holder.until)) return undefined
    if (inSteps) await null
    const mine = { until: Date.now() + ttl * share }
    held.set(name, mine)
    return {
      release() {
        if (ownerless || held.get(name) === mine) held.delete(name)
      },
    }
  }
}
