import { type Adapter, isToken, type Stored } from "../adapter.ts"
import { together } from "../base/awaitable.ts"

interface Write {
  readonly record: Stored
  readonly ttl: number
}

/** Writes that wait for their storage: what a batch has set, removed and cleared so far. */
export interface Pending {
  /** By storage key; `undefined` removes. */
  readonly writes: ReadonlyMap<string, Write | undefined>
  /** Prefixes cleared before all of {@link writes}. */
  readonly cleared: readonly string[]
}

/**
 * An adapter over `base` whose writes stay in `pending`, and whose reads see them.
 *
 * @param makeToken - Makes an absent version token in `base` itself: everybody must have the same one.
 */
export function overlay(
  base: Adapter,
  makeToken: (key: string) => Promise<unknown>,
): { readonly adapter: Adapter; readonly pending: Pending } {
  const writes = new Map<string, Write | undefined>()
  const cleared: string[] = []
  const isCleared = (key: string) => cleared.some((prefix) => key.startsWith(prefix))
  const get = (key: string) =>
    writes.has(key) ? writes.get(key)?.record : isCleared(key) ? undefined : base.get(key)
  const set = (key: string, record: Stored, ttl: number) => void writes.set(key, { record, ttl })

  async function getMany(keys: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    const below = keys.filter((key) => !writes.has(key) && !isCleared(key))
    const records = base.getMany
      ? await base.getMany(below)
      : await together(below.map((key) => () => base.get(key)))
    const found = new Map(below.map((key, i) => [key, records[i]]))
    return keys.map((key) => (writes.has(key) ? writes.get(key)?.record : found.get(key)))
  }

  async function* keys(prefix: string): AsyncGenerator<string> {
    for (const [key, write] of writes) if (write && key.startsWith(prefix)) yield key
    for await (const key of base.keys?.(prefix) ?? []) if (!writes.has(key) && !isCleared(key)) yield key
  }

  const adapter: Adapter = {
    name: base.name,
    medium: base.medium,
    ...(base.copy && { copy: base.copy }),
    get,
    set,
    async delete(key) {
      const there = (await get(key)) !== undefined
      writes.set(key, undefined)
      return there
    },
    clear(prefix) {
      for (const key of writes.keys()) if (key.startsWith(prefix)) writes.delete(key)
      cleared.push(prefix)
    },
    getMany,
    async add(key, record, ttl) {
      if ((await get(key)) !== undefined) return false
      if (isToken(key) && !isCleared(key)) {
        await makeToken(key)
        return false
      }
      set(key, record, ttl)
      return true
    },
    ...(base.keys && { keys }),
  }
  return { adapter, pending: { writes, cleared } }
}

/**
 * Brings what a batch has written to its storage, in one round trip where the adapter can. Stops once `isLate` says
 * that its time has run out: newer writes may be there.
 */
export async function flush(
  adapter: Adapter,
  { writes, cleared }: Pending,
  isLate: () => boolean,
): Promise<void> {
  for (const prefix of cleared) if (!isLate()) await adapter.clear(prefix)
  const sets: (readonly [key: string, record: Stored, ttl: number])[] = []
  const removed: string[] = []
  for (const [key, write] of writes) {
    if (write) sets.push([key, write.record, write.ttl])
    else removed.push(key)
  }
  if (sets.length > 0 && !isLate()) {
    if (adapter.setMany) await adapter.setMany(sets)
    else await together(sets.map((entry) => () => adapter.set(...entry)))
  }
  if (removed.length > 0 && !isLate()) {
    if (adapter.deleteMany) await adapter.deleteMany(removed)
    else await together(removed.map((key) => () => adapter.delete(key)))
  }
}
