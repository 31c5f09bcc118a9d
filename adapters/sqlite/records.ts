import { isToken } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { CacheError, shortKey } from "../../src/base/errors.ts"
import { counts } from "./accesses.ts"
import { Bounds, type Limits } from "./bounds.ts"
import { type Database, type Modules, numberIn, type Row, type Statement } from "./driver.ts"
import { transaction } from "./schema.ts"
import { decodeKey, decodeRecord, encodeKey, encodeRecord, type KeyRange, prefixRanges } from "./text.ts"

/** A record as it is read. */
export type Kept = string | Uint8Array

/** An entry to write: key, record, ms until it may be dropped. */
export type Write = readonly [key: string, record: unknown, ttl: number]

/** Above every text: SQLite sorts blobs after texts. */
const afterAllText = Uint8Array.of(0)
/** How many rows `clear` and `prune` remove at once, so that other processes get their turn. */
const chunk = 5000
/** The number of free pages that makes shrinking the file worthwhile. */
const largeFreelist = 1000
/** A deadline beyond the last possible `Date` counts as never. */
const latest = 8.64e15

const upsert = `INSERT INTO c (k, exp, at, size, v) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (k) DO UPDATE SET exp = excluded.exp, at = excluded.at, size = excluded.size, v = excluded.v`

/** The records of one open database. Every method is synchronous and throws what the driver throws. */
export class Records {
  readonly bounds: Bounds
  readonly #db: Database
  readonly #byteLength: (text: string) => number
  readonly #evicted: (key: string) => void
  readonly #get: Statement
  readonly #getMany: Statement
  readonly #set: Statement
  readonly #add: Statement
  readonly #delete: Statement
  readonly #deleteMany: Statement
  readonly #deleteAll: Statement
  readonly #deleteRange: Statement
  readonly #keys: Statement

  constructor(db: Database, modules: Modules, limits: Limits, evicted: (key: string) => void) {
    this.#db = db
    this.#byteLength = modules.buffer.Buffer.byteLength
    this.#evicted = evicted
    this.bounds = new Bounds(db, limits, (keys) => {
      for (const key of keys) evicted(decodeKey(String(key)))
    })
    const among = "k IN (SELECT value FROM json_each(?))"
    this.#get = db.prepare("SELECT v, exp, at FROM c WHERE k = ?")
    this.#getMany = db.prepare(`SELECT k, v, exp, at FROM c WHERE ${among}`)
    this.#set = db.prepare(upsert)
    this.#add = db.prepare(`${upsert} WHERE c.exp <= ?6`)
    this.#delete = db.prepare(`DELETE FROM c WHERE k = ? RETURNING exp, ${counts}`)
    this.#deleteMany = db.prepare(`DELETE FROM c WHERE ${among} RETURNING exp, ${counts}`)
    this.#deleteAll = db.prepare("DELETE FROM c")
    this.#deleteRange = db.prepare(
      `DELETE FROM c WHERE rowid IN (SELECT rowid FROM c WHERE k >= ? AND k < ? LIMIT ?) RETURNING ${counts}`,
    )
    this.#keys = db.prepare(
      "SELECT k FROM c WHERE k >= ? AND k IS NOT ? AND k < ? AND (exp IS NULL OR exp > ?) ORDER BY k LIMIT ?",
    )
  }

  get(key: string): Kept | undefined {
    const encoded = encodeKey(key)
    const row = this.#get.get(encoded)
    return row === undefined ? undefined : this.#read(encoded, row, now())
  }

  getMany(keys: readonly string[]): (Kept | undefined)[] {
    const encoded = keys.map(encodeKey)
    const found = new Map<unknown, Kept | undefined>()
    for (const list of jsonLists(encoded)) {
      const time = now()
      for (const row of this.#getMany.all(list)) found.set(row["k"], this.#read(String(row["k"]), row, time))
    }
    return encoded.map((key) => found.get(key))
  }

  set(key: string, record: unknown, ttl: number): void {
    this.#write(key, record, ttl)
    this.bounds.settle()
  }

  setMany(entries: readonly Write[]): void {
    this.#together(() => {
      for (const [key, record, ttl] of entries) this.#write(key, record, ttl)
    })
    this.bounds.settle()
  }

  /** Returns whether it was set; an expired record counts as absent. */
  add(key: string, record: unknown, ttl: number): boolean {
    const row = this.#row(key, record, ttl)
    if (row === undefined) return false
    const { changes, lastInsertRowid } = this.#add.run(...row, now())
    if (Number(changes) === 0) return false
    this.bounds.wrote(row[0], lastInsertRowid, row[3], isToken(key))
    this.bounds.settle()
    return true
  }

  delete(key: string): boolean {
    return this.#deleted(this.#delete.all(encodeKey(key))) > 0
  }

  deleteMany(keys: readonly string[]): number {
    const lists = jsonLists(keys.map(encodeKey))
    const remove = (): number =>
      lists.reduce((count, list) => count + this.#deleted(this.#deleteMany.all(list)), 0)
    return lists.length > 1 ? this.#together(remove) : remove()
  }

  clear(prefix: string): void {
    if (prefix === "") this.#clearAll()
    else for (const [from, before] of prefixRanges(prefix)) this.#clearRange(from, before)
  }

  /** The next keys of a range, encoded, after the key `last` if given. */
  keysIn([from, before]: KeyRange, last: string | undefined, limit: number): string[] {
    const rows = this.#keys.all(last ?? from, last ?? null, before ?? afterAllText, now(), limit)
    return rows.map((row) => String(row["k"]))
  }

  /** Drops some of what has expired at `time`; returns how many, and whether there may be more. */
  prune(time: number): { count: number; more: boolean } {
    const count = this.bounds.dropExpired(time, chunk)
    // Returns some of the free pages to the disk; all at once would take long.
    this.#db.exec("PRAGMA incremental_vacuum(1000)")
    return { count, more: count === chunk }
  }

  /** The record in a row. An expired one is returned until it is pruned, but that does not count as a use. */
  #read(encoded: string, row: Row, time: number): Kept | undefined {
    const exp = row["exp"]
    if (typeof exp !== "number" || exp > time) this.bounds.read(encoded, row["at"])
    return decodeRecord(row["v"])
  }

  /** Runs `work` in a transaction. */
  #together<T>(work: () => T): T {
    try {
      return transaction(this.#db, "BEGIN IMMEDIATE", work)
    } catch (error) {
      this.bounds.forget()
      throw error
    }
  }

  #write(key: string, record: unknown, ttl: number): void {
    const row = this.#row(key, record, ttl)
    if (row === undefined) this.delete(key)
    else this.bounds.wrote(row[0], this.#set.run(...row).lastInsertRowid, row[3], isToken(key))
  }

  /** The values to bind for an entry; `undefined` if it may be dropped at once. */
  #row(key: string, record: unknown, ttl: number): [string, number | null, number, number, Kept] | undefined {
    const value = encodeRecord(record)
    if (value === undefined) throw unsupported(key)
    const encoded = encodeKey(key)
    const weight = typeof value === "string" ? this.#byteLength(value) : value.length
    const size = this.#byteLength(encoded) + weight
    const token = isToken(key)
    if (!token && this.bounds.isTooLarge(size)) {
      this.#evicted(key)
      return undefined
    }
    return ttl > 0 ? [encoded, deadline(ttl), this.bounds.accesses.tick(token), size, value] : undefined
  }

  #deleted(rows: readonly Row[]): number {
    this.bounds.removed(rows)
    const time = now()
    return rows.filter(({ exp }) => typeof exp !== "number" || exp > time).length
  }

  #clearAll(): void {
    this.#deleteAll.run()
    this.bounds.forget()
    const free = numberIn(this.#db.prepare("PRAGMA freelist_count").get(), "freelist_count")
    if (free < largeFreelist) return
    try {
      // Fast, because it copies only what is left: nothing, or others' writes. The checkpoint lets the file shrink.
      this.#db.exec("VACUUM; PRAGMA wal_checkpoint")
    } catch {
      // Another process is writing. The pages are reused, or returned by prune.
    }
  }

  #clearRange(from: string, before: string | undefined): void {
    for (let count = chunk; count === chunk; ) {
      const rows = this.#deleteRange.all(from, before ?? afterAllText, chunk)
      this.bounds.removed(rows)
      count = rows.length
    }
  }
}

/** When a record may be dropped: ms since epoch, or NULL for never. */
function deadline(ttl: number): number | null {
  const exp = Math.ceil(now() + ttl)
  return exp < latest ? exp : null
}

/** Keys as JSON arrays, each short enough for one statement. */
function jsonLists(keys: readonly string[]): string[] {
  const lists: string[] = []
  let list: string[] = []
  let length = 0
  for (const key of keys) {
    list.push(key)
    length += key.length
    if (list.length === 1000 || length > 1_000_000) {
      lists.push(JSON.stringify(list))
      list = []
      length = 0
    }
  }
  if (list.length > 0) lists.push(JSON.stringify(list))
  return lists
}

function unsupported(key: string): CacheError {
  const message = `sqlite keeps text and Uint8Array only; the record at key ${shortKey(key)} is neither.`
  return new CacheError("VALUE_UNSUPPORTED", message, { key })
}
