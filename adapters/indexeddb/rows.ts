import { isToken, type Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { isObject } from "../../src/base/kind.ts"
import { sizeOf } from "./size.ts"

/** The only object store. Its keys are the adapter's keys, out of line, and arrays for the ledger. */
export const storeName = "entries"

/** What is stored under a key. */
export interface Row {
  readonly v: Stored
  /** When it may be dropped, ms since epoch; absent for never. */
  readonly e?: number
}

/** What the ledger records about an entry. */
export interface Use {
  /** When it was last used, ms since epoch. */
  readonly at: number
  /** Its approximate size in bytes; 0 for a version token. */
  readonly size: number
  /** When its life ends, ms since epoch; `Infinity` for never. */
  readonly until: number
}

/** Creates the object store in a new database. */
export function createStore(db: IDBDatabase): void {
  db.createObjectStore(storeName)
}

/**
 * The row of `record`, written now. What the caller might change is copied: the transaction starts later, and may be
 * repeated.
 *
 * @throws What structured clone throws.
 */
export function rowOf(record: Stored, ttl: number): Row {
  const v = mayChange(record) ? structuredClone(record) : record
  return Number.isFinite(ttl) ? { v, e: now() + ttl } : { v }
}

/** Whether it is anything but a primitive or a cache's entry, which was created for the adapter alone. */
function mayChange(record: Stored): boolean {
  // structuredClone refuses functions and symbols.
  if (!/^(object|function|symbol)$/.test(typeof record)) return false
  const { format, marks } = Object(record)
  return format !== 1 || !Array.isArray(marks)
}

/** The use of `key` by writing `row` now. */
export function useOf(key: string, row: Row): Use {
  const size = isToken(key) ? 0 : sizeOf(row.v) + key.length
  return { at: tick(), size, until: row.e ?? Infinity }
}

/** Whether `row`, as read, is one of ours. */
export function isRow(row: unknown): row is Row {
  return isObject(row) && "v" in row
}

/** Whether `row`, as read, is one of ours and alive at `at`. */
export function isAlive(row: unknown, at: number): row is Row {
  return isRow(row) && !(typeof row.e === "number" && row.e <= at)
}

let last = 0

/** The time, never the same twice, so that rows written within one millisecond keep their order. */
export function tick(): number {
  last = Math.max(now(), last + 1 / 1024)
  return last
}

/** All keys that start with `prefix`, after `from` if given. */
export function rangeOf(prefix: string, from?: IDBValidKey): IDBKeyRange {
  // IndexedDB orders strings by UTF-16 code units, and arrays after all strings.
  return IDBKeyRange.bound(from ?? prefix, after(prefix) ?? [], from !== undefined, true)
}

/** The least string above all that start with `prefix`; `undefined` if there is none. */
function after(prefix: string): string | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const unit = prefix.charCodeAt(i)
    if (unit < 0xffff) return prefix.slice(0, i) + String.fromCharCode(unit + 1)
  }
  return undefined
}
