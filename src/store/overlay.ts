import { type Adapter, type Awaitable, inStep, isToken, type Stored } from "../adapter.ts"
import { attempt, together } from "../base/awaitable.ts"

interface Write {
  /** `undefined` for a removal. */
  readonly record: Stored | undefined
  readonly ttl: number
  /** Derived from what was read (loaded, touched, expired), not set by the batch itself. */
  readonly isDerived: boolean
  /** The batch had removed the key before: if this derived write gives way, the removal stays. */
  readonly isRemoved?: boolean | undefined
}

/** Pending writes: what a batch has set, removed and cleared so far. */
export interface Pending {
  /** By storage key. */
  readonly writes: ReadonlyMap<string, Write>
  /** Prefixes cleared before all of {@link writes}. */
  readonly cleared: readonly string[]
}

/** An adapter that holds its writes back, and what must be known about the storage below. */
export interface Overlay {
  readonly adapter: Adapter
  readonly pending: Pending
  /** The same for writes derived from what was read until now: they give way to later writes below. */
  derived(): Adapter
  /** Keys were written below: drops writes derived from their old values. */
  giveWay(written: readonly string[] | ((key: string) => boolean)): void
  /** Whether a read of `key` and its versions reaches the storage below. */
  isUntouched(key: string): boolean
  /** Whether its own writes may hide versions below, so that their renewal goes unnoticed. */
  hidesVersions(): boolean
}

/** With more keys than this written below, all derived writes give way. */
const maxKeys = 10_000

/**
 * An adapter over `base` whose writes stay in `pending`, where its reads see them.
 *
 * @param makeToken - Creates an absent version token in `base` itself: all users must share it.
 */
export function overlay(base: Adapter, makeToken: (key: string) => Awaitable<unknown>): Overlay {
  const writes = new Map<string, Write>()
  const cleared: string[] = []
  /** The keys written below, each with the value of `changes` at that time. */
  const changed = new Map<string, number>()
  let changes = 0
  /** The value for keys that `changed` lacks. */
  let floor = 0
  let hasTokens = false
  const isCleared = (key: string) => cleared.some((prefix) => key.startsWith(prefix))
  const isKnown = (key: string) => writes.has(key) || isCleared(key)
  // Values from a storage with copy "own" are not copied again: the reader must not get the object that waits here.
  const answer = ({ record }: Write) =>
    base.copy === "own" && typeof record === "object" ? structuredClone(record) : record
  const get = (key: string) => {
    const write = writes.get(key)
    return write ? answer(write) : isCleared(key) ? undefined : base.get(key)
  }
  const set = (key: string, record: Stored, ttl: number): void => {
    hasTokens ||= isToken(key)
    writes.set(key, { record, ttl, isDerived: false })
  }

  function derived(): Adapter {
    const since = changes
    const write = (key: string, record: Stored, ttl: number): void => {
      const known = writes.get(key)
      const isGiven = known?.isDerived === false
      // A write derived from the batch's own value gives way to nothing.
      if (isGiven && known.record !== undefined) set(key, record, ttl)
      else if ((changed.get(key) ?? floor) <= since)
        writes.set(key, { record, ttl, isDerived: true, isRemoved: isGiven || known?.isRemoved })
    }
    const remove = (key: string): boolean => {
      write(key, undefined, 0)
      return true
    }
    return { ...adapter, set: write, delete: remove }
  }

  function giveWay(written: readonly string[] | ((key: string) => boolean)): void {
    changes++
    const isAny = typeof written === "function"
    const keys = isAny ? [...writes.keys()].filter(written) : written
    if (isAny || changed.size > maxKeys) {
      changed.clear()
      floor = changes
    }
    for (const key of keys) {
      changed.set(key, changes)
      const known = writes.get(key)
      if (known?.isRemoved) set(key, undefined, 0)
      else if (known?.isDerived) writes.delete(key)
    }
  }

  async function getMany(keys: readonly string[]): Promise<readonly (Stored | undefined)[]> {
    const waiting = keys.map((key) => writes.get(key))
    const below = keys.filter((key, i) => !waiting[i] && !isCleared(key))
    const records = base.getMany
      ? inStep(below, await base.getMany(below))
      : await together(below.map((key) => () => base.get(key)))
    const found = new Map(below.map((key, i) => [key, records[i]]))
    return keys.map((key, i) => (waiting[i] ? answer(waiting[i]) : found.get(key)))
  }

  async function* keys(prefix: string): AsyncGenerator<string> {
    for (const [key, write] of writes) if (write.record !== undefined && key.startsWith(prefix)) yield key
    for await (const key of (await base.keys?.(prefix)) ?? [])
      if (!writes.has(key) && !isCleared(key)) yield key
  }

  const adapter: Adapter = {
    name: base.name,
    medium: base.medium,
    ...(base.copy && { copy: base.copy }),
    get,
    set,
    async delete(key) {
      const there = (await get(key)) !== undefined
      set(key, undefined, 0)
      return there
    },
    clear(prefix) {
      for (const key of writes.keys()) if (key.startsWith(prefix)) writes.delete(key)
      cleared.push(prefix)
    },
    getMany,
    async add(key, record, ttl) {
      if (!isKnown(key)) {
        const there = (await base.get(key)) !== undefined
        if (!there && isToken(key) && !isKnown(key)) await makeToken(key)
        if ((there || isToken(key)) && !isKnown(key)) return false
      }
      // No await from here on, so that one of several concurrent calls is the first.
      if (writes.get(key)?.record !== undefined) return false
      set(key, record, ttl)
      return true
    },
    ...(base.forget && { forget: (keys) => base.forget?.(keys) }),
    ...(base.keys && { keys }),
    ...(base.prune && { prune: (time) => base.prune?.(time) ?? 0 }),
  }
  const isUntouched = (key: string) => !hasTokens && !isKnown(key)
  const hidesVersions = () => hasTokens || cleared.length > 0
  return { adapter, pending: { writes, cleared }, derived, giveWay, isUntouched, hidesVersions }
}

/**
 * Writes what a batch has collected to its storage, in one round trip where the adapter can. Stops once `isLate`: newer
 * writes may be there.
 *
 * @param derived - Takes the derived writes. Differs from `adapter` only for a batch within a batch.
 */
export async function flush(
  adapter: Adapter,
  { writes, cleared }: Pending,
  isLate: () => boolean,
  derived: Adapter,
): Promise<void> {
  for (const prefix of cleared) if (!isLate()) await adapter.clear(prefix)
  if (isLate()) return
  for (const [to, some] of partsOf([...writes], adapter, derived)) {
    // All in one turn, so that the storage may use one transaction. If one fails, the others are awaited.
    const done = put(to, some).map(attempt)
    await Promise.allSettled(done)
    await Promise.all(done)
  }
}

type Entry = readonly [key: string, write: Write]

/** Which adapter takes which writes. A removal goes before the derived write of its key. */
function partsOf(
  all: readonly Entry[],
  adapter: Adapter,
  derived: Adapter,
): readonly (readonly [to: Adapter, some: readonly Entry[]])[] {
  if (adapter === derived) return [[adapter, all]]
  const removal = { record: undefined, ttl: 0, isDerived: false }
  const given = all.flatMap(([key, write]): Entry[] => {
    if (!write.isDerived) return [[key, write]]
    return write.isRemoved ? [[key, removal]] : []
  })
  return [
    [adapter, given],
    [derived, all.filter(([, { isDerived }]) => isDerived)],
  ]
}

/** The operations that write `writes` to `adapter`. Each key is in one of them. */
function put(adapter: Adapter, writes: readonly Entry[]): (() => Awaitable<unknown>)[] {
  const sets: (readonly [key: string, record: Stored, ttl: number])[] = []
  const removed: string[] = []
  for (const [key, { record, ttl }] of writes) {
    if (record === undefined) removed.push(key)
    else sets.push([key, record, ttl])
  }
  const { setMany, deleteMany } = adapter
  return [
    ...(setMany
      ? [() => sets.length > 0 && adapter.setMany?.(sets)]
      : sets.map((entry) => () => adapter.set(...entry))),
    ...(deleteMany
      ? [() => removed.length > 0 && adapter.deleteMany?.(removed)]
      : removed.map((key) => () => adapter.delete(key))),
  ]
}
