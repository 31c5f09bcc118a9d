// Not import(), which service workers refuse.
import { openDB, unwrap } from "idb"
import { after, now } from "../../src/base/clock.ts"
import { nameOf } from "../../src/base/thrown.ts"
import { createStore, storeName } from "./rows.ts"
import { isPause, unavailable } from "./trouble.ts"

const openTimeout = 3_000
// After a blocked thread, timers fire before the storage answers, so several short ones are used instead of a long one.
const openSteps = 6

/** A connection to a database, opened on demand and reopened when lost. */
export interface Connection {
  /**
   * Whether it ever opened. From then on failures are considered temporary; before that, the database is unavailable.
   */
  readonly opened: boolean
  /**
   * The open database. Concurrent callers share one opening.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE` with the cure. If opening hangs, after 3 s (not counting time in which
   * the thread was blocked), and then immediately for 30 s.
   */
  get(): Promise<IDBDatabase>
  /** Forgets `db`, which was lost; the next `get` opens a new one. */
  drop(db: IDBDatabase | undefined): void
  /** Closes what is open, once its transactions are done. The next `get` opens it again. */
  close(): Promise<void>
}

/**
 * A connection to the database `name`.
 *
 * @param taken - Called when another tab or the browser takes the database away, so that its contents may be gone.
 */
export function connect(name: string, taken: () => void): Connection {
  let opening: Promise<IDBDatabase> | undefined
  let current: IDBDatabase | undefined
  let opened = false
  let hung: { readonly error: unknown; readonly since: number } | undefined

  const drop = (db: IDBDatabase | undefined) => {
    db?.close()
    // `undefined` if opening failed: what is opening now is a later attempt.
    if (db && db === current) current = opening = undefined
  }

  const open = async () => {
    try {
      current = await openDatabase(name, (db) => {
        drop(db)
        taken()
      })
      opened = true
      hung = undefined
      return current
    } catch (error) {
      opening = undefined
      if (nameOf(error instanceof Error ? error.cause : error) === "TimeoutError") {
        hung = { error, since: now() }
      }
      throw error
    }
  }

  return {
    get opened() {
      return opened
    },
    async get() {
      // Otherwise a hanging database would cost each caller the whole wait again.
      if (!opening && hung && isPause(hung.since)) throw hung.error
      opening ??= open()
      return opening
    },
    drop,
    async close() {
      hung = undefined
      await opening?.then(drop, () => {})
    },
  }
}

async function openDatabase(name: string, lost: (db?: IDBDatabase) => void): Promise<IDBDatabase> {
  let blocked = false
  let late = false
  const open = async () => {
    if (typeof globalThis.indexedDB !== "object") throw new ReferenceError("indexedDB is not defined")
    let db: IDBDatabase | undefined
    const forget = () => db && lost(db)
    const ask = async () =>
      openDB(name, 1, {
        upgrade(fresh) {
          createStore(unwrap(fresh))
          // The loss of a previous one, if any, went unnoticed: a closed connection gets no events.
          lost()
        },
        blocked: () => {
          blocked = true
        },
        // Another tab deletes or upgrades the database, and waits until we have closed it.
        blocking: forget,
        terminated: forget,
      })
    db = unwrap(
      await ask().catch((error: unknown) => {
        // Chromium does so while it deletes the site's data, and then creates a new one for the next request.
        if (nameOf(error) === "AbortError") return ask()
        throw error
      }),
    )
    if (late) db.close()
    if (db.objectStoreNames.contains(storeName) && takesKeys(db)) return db
    db.close()
    throw new DOMException("no store of a cache", "NotFoundError")
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(unavailable(name, error, blocked))
    const cancel = afterSteps(openSteps, openTimeout / openSteps, () => {
      // A handle that arrives late is closed: it would block upgrades by other tabs.
      late = true
      fail(new DOMException(`not open after ${openTimeout} ms`, "TimeoutError"))
    })
    open().then(resolve, fail).finally(cancel)
  })
}

/** Whether the store of that name may be ours: it takes keys separately from its values. */
function takesKeys(db: IDBDatabase): boolean {
  return db.transaction(storeName).objectStore(storeName).keyPath === null
}

/** Calls `done` after `count` timers of `ms` each. Returns a function that cancels them. */
function afterSteps(count: number, ms: number, done: () => void): () => void {
  let cancel = () => {}
  const step = (left: number) => {
    cancel = after(ms, () => (left > 1 ? step(left - 1) : done()))
  }
  step(count)
  return () => cancel()
}
