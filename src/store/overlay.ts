import { type Adapter, type Awaitable, inStep, isToken, type Stored } from "../adapter.ts"
import { attempt, together } from "../base/awaitable.ts"

interface Write {
  /** `undefined` removes. */
  readonly record: Stored | undefined
  readonly ttl: number
  /** Made from what was read (loaded, touched, expired), not given by the batch itself. */
  readonly isDerived: boolean
  /** The batch had removed the key before: if this derived write gives way, the removal stays. */
  readonly isRemoved?: boolean | undefined
}

/** Writes that wait for their storage: what a batch has set, removed and cleared so far. */
export interface Pending {
  /** By storage key. */
  readonly writes: ReadonlyMap<string, Write>
  /** Prefixes cleared before all of {@link writes}. */
  readonly cleared: readonly string[]
}

/** An adapter whose writes wait, and what it must know of the storage below meanwhile. */
export interface Overlay {
  readonly adapter: Adapter
  readonly pending: Pending
  /** The same for writes made from what has been read so far: they give way to what is written below from now on. */
  derived(): Adapter
  /** Keys were written below: writes made from what they held are dropped. */
  beat(written: readonly string[] | ((key: string) => boolean)): void
  /** Whether a read of `key`, its versions included, is answered by the storage below. */
  isUntouched(key: string): boolean
  /** Whether its own writes may hide versions below, so that a renewal of those is not seen. */
  hidesVersions(): boolean
}

/** With more keys than this written below they are not told apart: all that is under way counts as beaten. */
const maxKeys = 10_000

/**
 * An adapter over `base` whose writes stay in `pending`, and whose reads see them.
 *
 * @param makeToken - Makes an absent version token in `base` itself: everybody must have the same one.
 */
export function overlay(base: Adapter, makeToken: (key: string) => Promise<unknown>): Overlay {
  const writes = new Map<string, Write>()
  const cleared: string[] = []
  /** The keys written below, each with the count of `beats` when it was. */
  const beaten = new Map<string, number>()
  let beats = 0
  /** The count for keys that `beaten` does not have. */
  let floor = 0
  let hasTokens = false
  const isCleared = (key: string) => cleared.some((prefix) => key.startsWith(prefix))
  const isKnown = (key: string) => writes.has(key) || isCleared(key)
  // Nobody copies what a storage of copy "own" answers: the reader must not get the very object that waits here.
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
    const since = beats
    const write = (key: string, record: Stored, ttl: number): void => {
      const known = writes.get(key)
      const isGiven = known?.isDerived === false
      // What is made from the batch's own value gives way to nothing.
      if (isGiven && known.record !== undefined) set(key, record, ttl)
      else if ((beaten.get(key) ?? floor) <= since)
        writes.set(key, { record, ttl, isDerived: true, isRemoved: isGiven || known?.isRemoved })
    }
    const remove = (key: string): boolean => {
      write(key, undefined, 0)
      return true
    }
    return { ...adapter, set: write, delete: remove }
  }

  function beat(written: readonly string[] | ((key: string) => boolean)): void {
    beats++
    const isAny = typeof written === "function"
    const keys = isAny ? [...writes.keys()].filter(written) : written
    if (isAny || beaten.size > maxKeys) {
      beaten.clear()
      floor = beats
    }
    for (const key of keys) {
      beaten.set(key, beats)
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
      // Nothing is awaited from here on, so that one of several concurrent calls is the first.
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
  return { adapter, pending: { writes, cleared }, derived, beat, isUntouched, hidesVersions }
}

/**
 * Brings what a batch has written to its storage, in one round trip where the adapter can. Stops once `isLate` says
 * that its time has run out: newer writes may be there.
 *
 * @param derived - Takes the derived writes. Another adapter than `adapter` only for a batch within a batch.
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
    // All in one turn, which a storage may make one transaction of. If one fails, the others are waited for.
    const done = put(to, some).map(attempt)
    await Promise.allSettled(done)
    await Promise.all(done)
  }
}

type Entry = readonly [key: string, write: Write]

/** Which adapter takes which of the writes. A removal goes before the derived write of its key. */
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

/** The operations that bring `writes` to `adapter`. No key is in two of them. */
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
