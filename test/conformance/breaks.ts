import type { SqliteAdapter } from "../../adapters/sqlite.ts"
import type { Adapter, Stored } from "../../src/adapter.ts"
import { custom } from "../support/adapters.ts"

/** What a broken adapter does instead of what the healthy `it` does. */
export type Broken = (it: SqliteAdapter) => Partial<Adapter>

/** Reads and writes under `fold` of each key. */
export function folded(fold: (key: string) => string): Broken {
  return (it) => ({
    get: (key) => it.get(fold(key)),
    set: (key, record, ttl) => it.set(fold(key), record, ttl),
  })
}

/** Takes all of `list` out of it, as one does who works through it in parts. */
export function emptied<T>(list: readonly T[]): readonly T[] {
  return (list as T[]).splice(0) // What its type forbids.
}

/** Sets absent keys only. */
export function once(it: SqliteAdapter): Adapter["set"] {
  return (key, record, ttl) => void it.add(key, record, ttl)
}

/** Sets as long as there are some `left`. */
export function rationed(it: SqliteAdapter, left: number): Adapter["set"] {
  return (key, record, ttl) => {
    if (left-- > 0) it.set(key, record, ttl)
  }
}

/** What SQL and shells make of a prefix. */
export function like(prefix: string): RegExp {
  const pattern = prefix
    .replace(/[\\^$.|?+(){}[\]]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/_/g, ".")
  return new RegExp(`^${pattern}`, "s")
}

/** Removes each key that `is` under the prefix. */
export function clearBy(it: SqliteAdapter, is: (key: string, prefix: string) => boolean): Adapter["clear"] {
  return (prefix) => void it.deleteMany([...it.keys("")].filter((key) => is(key, prefix)))
}

/** Looks, and sets afterwards. */
export function addInSteps(it: SqliteAdapter): NonNullable<Adapter["add"]> {
  return async (key: string, record: Stored, ttl: number) => {
    if (it.get(key) !== undefined) return false
    await null
    it.set(key, record, ttl)
    return true
  }
}

/** Keeps bytes, and of a view the whole buffer if it was written by one of `ways`. */
export function wholeBuffers(ways: readonly ("set" | "add" | "setMany")[]): Broken {
  const { get, set, ...kept } = custom("bytes")
  const bytes = (way: (typeof ways)[number], record: Stored) =>
    ways.includes(way) && record instanceof Uint8Array ? new Uint8Array(record.buffer) : record
  return () => ({
    ...kept,
    get,
    set: (key, record, ttl) => set(key, bytes("set", record), ttl),
    async add(key, record, ttl) {
      const isAbsent = (await get(key)) === undefined
      if (isAbsent) await set(key, bytes("add", record), ttl)
      return isAbsent
    },
    async setMany(entries) {
      for (const [key, record, ttl] of entries) await set(key, bytes("setMany", record), ttl)
    },
  })
}
