import { maxTokensOf } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { Accesses, counts, tokenTicks } from "./accesses.ts"
import { type Database, numberIn, type Row, type Statement } from "./driver.ts"
import { transaction } from "./schema.ts"
import { isBusy } from "./trouble.ts"

/** How much may be kept. */
export interface Limits {
  readonly entries: number
  readonly bytes: number
}

/** Tables with more rows are kept to their bound with slack, in larger and rarer steps. */
const smallCache = 1000
/** How many rows a write removes at most besides those it wrote: a lowered bound is reached gradually. */
const removedAtOnce = 10_000

/**
 * Keeps the table within its limits; the least recently used rows are evicted first.
 *
 * Entries and version tokens are counted, and evicted, separately. The counts are estimates, never too low for this
 * process's own writes; they are read from the table again before anything is evicted, and when another process has
 * written.
 *
 * - `#entries`, `#bytes`, `#tokens`: `wrote` raises and `removed` lowers them, `#recount` and `#makeRoom` read them
 *   again; `forget` sets the first one to `NaN`, which means not counted.
 * - `#writes`, `#written`: `wrote` raises them, `#recount` and `#haveOthersWritten` reset them.
 * - `#unsettled`: `wrote` raises it, `settle` resets it.
 */
export class Bounds {
  readonly accesses: Accesses
  readonly #db: Database
  readonly #limits: Limits
  readonly #evicted: (keys: readonly unknown[]) => void
  readonly #count: Statement
  readonly #oldest: Statement
  readonly #evict: Statement
  readonly #dropExpired: Statement
  readonly #dataVersion: Statement
  /** The contents; `NaN` before the first count. */
  #entries = Number.NaN
  #bytes = 0
  #tokens = 0
  #lastRow = 0
  /** The last key written. It is not evicted, although another process may have written at a later tick. */
  #lastKey: string | null = null
  /**
   * Writes and their bytes since the last check for other processes' writes; writes since the last check of the limits.
   */
  #writes = 0
  #written = 0
  #unsettled = 0
  #seenVersion: unknown

  constructor(db: Database, limits: Limits, evicted: (keys: readonly unknown[]) => void) {
    this.accesses = new Accesses(db)
    this.#db = db
    this.#limits = limits
    this.#evicted = evicted
    this.#count = db.prepare("SELECT count(*) AS n, total(size) AS bytes FROM c WHERE at >= ? AND at < ?")
    this.#oldest = db.prepare(
      `SELECT rowid AS id, ${counts} FROM c WHERE at >= ? AND at < ? AND k IS NOT ? ORDER BY at LIMIT ?`,
    )
    // By row number: two processes may record accesses with the same tick.
    this.#evict = db.prepare("DELETE FROM c WHERE rowid IN (SELECT value FROM json_each(?)) RETURNING k")
    this.#dropExpired = db.prepare(
      `DELETE FROM c WHERE rowid IN (SELECT rowid FROM c WHERE exp <= ? LIMIT ?) RETURNING ${counts}`,
    )
    this.#dataVersion = db.prepare("PRAGMA data_version")
  }

  /** Whether an entry of `size` bytes could never be kept. */
  isTooLarge(size: number): boolean {
    return size > this.#limits.bytes
  }

  /** Records a read of what was last accessed at `at`. */
  read(key: string, at: unknown): void {
    this.accesses.note(key, at, this.#entries > smallCache)
    // Only counted once many accesses are recorded, to see whether the cache is large and may record fewer.
    if (Number.isNaN(this.#entries) && this.accesses.size > smallCache / 10) this.#recount()
  }

  /** Records a write of `key`; `row` is the connection's last inserted row, which an update does not change. */
  wrote(key: string, row: number | bigint, size: number, token: boolean): void {
    const inserted = Number(row) === this.#lastRow ? 0 : 1
    this.#lastRow = Number(row)
    this.#lastKey = key
    this.#writes++
    this.#unsettled++
    if (token) {
      this.#tokens += inserted
      return
    }
    this.#written += size
    this.#entries += inserted
    this.#bytes += size
  }

  /** Records removed rows, given the columns of {@link counts}. */
  removed(rows: readonly Row[]): void {
    // The next inserted row may reuse the number of a removed one.
    if (rows.length > 0) this.#lastRow = -1
    for (const row of rows) {
      if (row["token"]) this.#tokens--
      else {
        this.#entries--
        this.#bytes -= numberIn(row, "size")
      }
    }
  }

  /** Drops at most `count` rows that have expired at `time`; returns how many. */
  dropExpired(time: number, count: number): number {
    const rows = this.#dropExpired.all(time, count)
    this.removed(rows)
    return rows.length
  }

  /** Forgets the counts, as after a rollback: they are read again when needed. */
  forget(): void {
    this.#lastRow = -1
    this.#entries = Number.NaN
  }

  /** Makes room after writes, if necessary: drops expired rows first, then the least recently used. */
  settle(): void {
    const budget = removedAtOnce + this.#unsettled
    this.#unsettled = 0
    if (Number.isNaN(this.#entries) || this.#haveOthersWritten()) this.#recount()
    if (!this.#areEntriesOver(1) && !this.#areTokensOver(1)) return
    let gone: readonly unknown[]
    try {
      gone = transaction(this.#db, "BEGIN IMMEDIATE", () => this.#makeRoom(budget))
    } catch (error) {
      this.forget()
      // The write itself is done; the next one tries again.
      if (isBusy(error)) return
      throw error
    }
    if (gone.length > 0) this.#evicted(gone)
  }

  #haveOthersWritten(): boolean {
    const { entries, bytes } = this.#limits
    if (this.#writes < Math.min(entries / 64, 2000) && this.#written < bytes / 64) return false
    this.#writes = 0
    this.#written = 0
    return this.#version() !== this.#seenVersion
  }

  #version(): unknown {
    return this.#dataVersion.get()?.["data_version"]
  }

  #recount(): void {
    this.#seenVersion = this.#version()
    this.#writes = 0
    this.#written = 0
    this.#countEntries()
    this.#countTokens()
  }

  #countEntries(): void {
    const row = this.#count.get(-tokenTicks, tokenTicks)
    this.#entries = numberIn(row, "n")
    this.#bytes = numberIn(row, "bytes")
  }

  #countTokens(): void {
    this.#tokens = numberIn(this.#count.get(tokenTicks, 2 * tokenTicks), "n")
  }

  #areEntriesOver(share: number): boolean {
    const { entries, bytes } = this.#limits
    return this.#entries > entries * share || this.#bytes > bytes * share
  }

  #areTokensOver(share: number): boolean {
    return this.#tokens > maxTokensOf(this.#limits.entries) * share
  }

  /**
   * Returns the keys of evicted entries. Counts only what it must, because there may be many tokens for few entries.
   */
  #makeRoom(budget: number): unknown[] {
    this.accesses.write()
    if (this.#areTokensOver(1)) {
      this.#countTokens()
      this.#evictOldest(tokenTicks, (share) => this.#areTokensOver(share), this.#tokens, budget)
    }
    if (!this.#areEntriesOver(1)) return []
    this.#countEntries()
    const size = Math.min(this.#limits.entries, this.#entries)
    return this.#evictOldest(-tokenTicks, (share) => this.#areEntriesOver(share), size, budget)
  }

  /** Returns the evicted keys. */
  #evictOldest(from: number, isOver: (share: number) => boolean, size: number, budget: number): unknown[] {
    const keys: unknown[] = []
    const [start, share, step] = size > smallCache ? [0.99, 0.98, 500] : [1, 1, 20]
    if (!isOver(start)) return keys
    let left = budget
    for (let dropped = step; dropped === step && left > 0 && isOver(share); left -= dropped) {
      dropped = this.dropExpired(now(), step)
    }
    while (isOver(share) && keys.length < left) {
      const doomed: number[] = []
      for (const row of this.#oldest.all(from, from + 2 * tokenTicks, this.#lastKey, step)) {
        if (!isOver(share)) break
        this.removed([row])
        doomed.push(numberIn(row, "id"))
      }
      if (doomed.length === 0) break
      for (const row of this.#evict.all(JSON.stringify(doomed))) keys.push(row["k"])
    }
    return keys
  }
}
