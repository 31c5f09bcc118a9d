import { now } from "../../src/base/clock.ts"
import { type Database, numberIn, sleepHere } from "./driver.ts"
import { formatVersion } from "./location.ts"
import { isBusy, isInputOutput, isReadOnly } from "./trouble.ts"

/** How long a statement waits for another process, in ms. Short, because the wait blocks the event loop. */
export const busyTimeout = 1500

/** Thrown for a database that is not one of our caches. */
export class ForeignFile extends Error {
  override readonly name = "ForeignFile"
  constructor() {
    super("it is a database of another program")
  }
}

/** "isoc", in the file's header. */
const applicationId = 0x69736f63

/**
 * `c` holds the records: key, when it may be dropped (ms since epoch, NULL for never), last access in ticks, size in
 * bytes, record. The record comes last, so that nothing has to be read past a long one. The index `c_at` serves counts
 * and sizes without touching the records. `l` holds the leases.
 */
const tables = `
  CREATE TABLE IF NOT EXISTS c (
    k TEXT NOT NULL PRIMARY KEY, exp INTEGER, at INTEGER NOT NULL, size INTEGER NOT NULL, v ANY
  ) STRICT;
  CREATE INDEX IF NOT EXISTS c_exp ON c (exp) WHERE exp IS NOT NULL;
  CREATE INDEX IF NOT EXISTS c_at ON c (at, size);
  CREATE TABLE IF NOT EXISTS l (
    k TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`

/**
 * Initializes an open database: settings, and the tables if they are missing or of another format.
 *
 * @param isReplaced - Whether another file has replaced this one since before it was opened.
 * @throws {ForeignFile} Before anything is changed.
 */
export function adopt(db: Database, isReplaced: () => boolean): void {
  // Node before 22.16 lacks the constructor's option.
  db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
  const found = transaction(db, "BEGIN", () => identify(db))
  // SQLite would have opened the new file's log with the old file.
  if (isReplaced()) throw new Error("the file was replaced while it was opened")
  // Only possible before the first table, and before WAL.
  if (found === "empty") db.exec("PRAGMA auto_vacuum = INCREMENTAL")
  logAhead(db)
  db.exec(
    "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 16777216",
  )
  if (found === "ours") proveWritable(db)
  else transaction(db, "BEGIN IMMEDIATE", () => create(db))
}

/** Drops the contents of the database and recreates the tables, for tables that have lost their shape. */
export function recreate(db: Database): void {
  transaction(db, "BEGIN IMMEDIATE", () => {
    drop(db)
    db.exec(tables)
  })
}

/** Runs `work` in a transaction, which is rolled back if it throws. */
export function transaction<T>(db: Database, begin: "BEGIN" | "BEGIN IMMEDIATE", work: () => T): T {
  db.exec(begin)
  try {
    const result = work()
    db.exec("COMMIT")
    return result
  } catch (error) {
    try {
      db.exec("ROLLBACK")
    } catch {
      // SQLite has rolled back by itself, as on a full disk.
    }
    throw error
  }
}

/** As {@link transaction}, but throws immediately if another process is writing. */
export function transactAtOnce(db: Database, work: () => void): void {
  db.exec("PRAGMA busy_timeout = 0")
  try {
    transaction(db, "BEGIN IMMEDIATE", work)
  } finally {
    db.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
  }
}

/**
 * Throws for a read-only file, which SQLite only reports on the first write. This one drops leases that have run out:
 * those of processes that died during their loads.
 */
function proveWritable(db: Database): void {
  try {
    transactAtOnce(db, () => db.exec(`DELETE FROM l WHERE until <= ${now()}`))
  } catch (error) {
    // Other failures, such as foreign tables, show when the statements are prepared.
    if (isReadOnly(error)) throw error
  }
}

function create(db: Database): void {
  // Another process may have been faster while we waited for the lock.
  if (identify(db) === "other format") drop(db)
  db.exec(tables)
}

function identify(db: Database): "ours" | "other format" | "empty" {
  const id = numberIn(db.prepare("PRAGMA application_id").get(), "application_id")
  const version = numberIn(db.prepare("PRAGMA user_version").get(), "user_version")
  const count = numberIn(db.prepare("SELECT count(*) AS n FROM sqlite_master").get(), "n")
  if (id === applicationId) return version === formatVersion && count > 0 ? "ours" : "other format"
  if (id === 0 && count === 0) return "empty"
  throw new ForeignFile()
}

function drop(db: Database): void {
  const rows = db.prepare("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')").all()
  for (const { type, name } of rows) {
    const kind = type === "view" ? "VIEW" : "TABLE"
    if (!/^sqlite_/.test(String(name))) {
      db.exec(`DROP ${kind} IF EXISTS "${String(name).replaceAll('"', '""')}"`)
    }
  }
}

/** Switches to write-ahead logging. The busy timeout does not cover the switch, so we wait ourselves. */
function logAhead(db: Database): void {
  for (let left = busyTimeout; ; left -= 25) {
    try {
      // If a file system cannot share memory, the result is another mode: slower, but correct.
      db.prepare("PRAGMA journal_mode = WAL").get()
      return
    } catch (error) {
      // A broken disk is tried four times.
      if (isInputOutput(error)) left -= busyTimeout / 4
      else if (!isBusy(error)) throw error
      if (left <= 0) throw error
      sleepHere(25)
    }
  }
}
