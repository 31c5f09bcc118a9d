import { now } from "../../src/base/clock.ts"
import { CacheError } from "../../src/base/errors.ts"
import type { Limits } from "./bounds.ts"
import { type Database, loadModules, type Modules } from "./driver.ts"
import { closeQuietly, inMemory, inoOf, openFile, setAside } from "./file.ts"
import { Leases } from "./leases.ts"
import { defaultFile } from "./location.ts"
import { Records } from "./records.ts"
import { ForeignFile, recreate } from "./schema.ts"
import { explain, isDamage, isOtherSchema, unavailable } from "./trouble.ts"

/** What an operation works on. */
export interface Tables {
  readonly records: Records
  readonly leases: Leases
}

/** What the connection reports. */
export interface Listener {
  readonly evicted: (key: string) => void
  readonly trouble: (error: unknown) => void
}

interface Session extends Tables {
  readonly db: Database
  readonly file: string
  /** The inode of the file; absent for memory. */
  readonly ino: number | undefined
  /** The inode of the log's index. If a cleanup job removes that, later connections' writes are invisible here. */
  readonly index: number | undefined
  readonly modules: Modules
}

/** How long a file that could not be opened is not tried again, in ms. */
const retryAfter = 1000
/** How often the file is checked and access times are written, in ms. Without a timer: the next operation does it. */
const lookEvery = 5000

/**
 * Opens the database on first use, and moves a damaged or foreign file away, once.
 *
 * Everything is synchronous. All errors are `CacheError`s with the cure.
 */
export class Connection {
  readonly #path: string | undefined
  readonly #limits: Limits
  readonly #listener: Listener
  #session: Session | undefined
  #closed = false
  #repaired = false
  #failure: { readonly error: unknown; readonly at: number } | undefined
  #lookedAt = 0

  constructor(path: string | undefined, limits: Limits, listener: Listener) {
    this.#path = path
    this.#limits = limits
    this.#listener = listener
  }

  /** Runs `work` on the open tables. A file found damaged, or changed by another release, is replaced first. */
  run<T>(work: (tables: Tables) => T, key?: string): T {
    for (let again = false; ; again = true) {
      const session = this.#ready()
      try {
        return work(session)
      } catch (error) {
        if (again || !this.#heal(session, error)) throw explain(error, session.file, key)
      }
    }
  }

  /** Opens the database, even after `close`, and even if that has just failed. */
  open(): void {
    this.#closed = false
    this.#failure = undefined
    this.#ready()
  }

  /** Whether `close` was called, without `open` since. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** Writes what is buffered, tidies up and closes. Idempotent. */
  close(): void {
    this.#closed = true
    this.#repaired = false
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return
    session.records.bounds.accesses.flush()
    for (const sql of ["busy_timeout = 0", "optimize", "wal_checkpoint(TRUNCATE)"]) {
      try {
        session.db.exec(`PRAGMA ${sql}`)
      } catch {
        // Another process is at work: the last one to close does it.
      }
    }
    closeQuietly(session.db)
  }

  #ready(): Session {
    if (this.#closed) {
      throw new CacheError("CLOSED", "The sqlite adapter is closed. Call open() to use it again.")
    }
    const time = now()
    const session = this.#session
    if (session !== undefined && (isWithin(time, this.#lookedAt, lookEvery) || this.#isStillThere(session))) {
      return session
    }
    if (this.#failure !== undefined && isWithin(time, this.#failure.at, retryAfter)) throw this.#failure.error
    try {
      this.#session = this.#connect()
      this.#failure = undefined
      this.#lookedAt = time
      return this.#session
    } catch (error) {
      this.#failure = { error, at: time }
      throw error
    }
  }

  /** Checks whether the file was moved or deleted, and writes access times at the same time. */
  #isStillThere(session: Session): boolean {
    const { modules, file, ino, index, records } = session
    this.#lookedAt = now()
    if (inoOf(modules, file) === ino && inoOf(modules, `${file}-shm`) === index) {
      records.bounds.accesses.flush()
      return true
    }
    this.#drop(session)
    return false
  }

  #connect(): Session {
    const modules = loadModules()
    const path = this.#path ?? defaultFile(modules)
    const file = path === inMemory ? path : modules.path.resolve(path)
    let ino: number | undefined
    for (let again = false; ; again = true) {
      try {
        const db = openFile(modules, file, (seen) => {
          ino = seen
        })
        const tables = this.#tablesOf(db, modules)
        return { db, file, ino, index: inoOf(modules, `${file}-shm`), modules, ...tables }
      } catch (error) {
        if (again || !this.#repair(modules, file, ino, error)) throw unavailable(file, error)
      }
    }
  }

  #tablesOf(db: Database, modules: Modules): Tables {
    const prepare = (): Tables => ({
      records: new Records(db, modules, this.#limits, this.#listener.evicted),
      leases: new Leases(db),
    })
    try {
      try {
        return prepare()
      } catch (error) {
        if (!isOtherSchema(error)) throw error
        recreate(db)
        return prepare()
      }
    } catch (error) {
      closeQuietly(db)
      throw error
    }
  }

  /** Returns whether the operation is worth a retry. */
  #heal(session: Session, error: unknown): boolean {
    if (isOtherSchema(error)) {
      this.#drop(session)
      return true
    }
    if (!isDamage(error)) return false
    this.#drop(session)
    return this.#repair(session.modules, session.file, session.ino, error)
  }

  /** Moves a damaged or foreign file away; only once, so that a broken disk is not filled with copies. */
  #repair(modules: Modules, file: string, ino: number | undefined, error: unknown): boolean {
    if (file === inMemory || this.#repaired || !(error instanceof ForeignFile || isDamage(error)))
      return false
    const aside = this.#setAside(modules, file, ino)
    if (aside !== undefined) {
      this.#repaired = true
      const message = `The cache file ${file} was damaged or another program's. It was moved to ${aside}, and a new one replaces it.`
      this.#listener.trouble(new CacheError("ADAPTER_UNAVAILABLE", message, { cause: error }))
    }
    return true
  }

  #setAside(modules: Modules, file: string, ino: number | undefined): string | undefined {
    try {
      return setAside(modules, file, ino)
    } catch (error) {
      throw unavailable(file, error)
    }
  }

  #drop(session: Session): void {
    closeQuietly(session.db)
    if (this.#session === session) this.#session = undefined
  }
}

/** Whether less than `span` ms have passed since `since`. Not if the clock was moved back. */
function isWithin(time: number, since: number, span: number): boolean {
  return time >= since && time - since < span
}
