import type { Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import type { Use } from "./ledger.ts"
import type { Overlay } from "./overlay.ts"
import { expiryIndex, isAlive, type Row, rangeOf, useOf } from "./rows.ts"

/** One thing asked of the storage: of the database, or of the memory that stands in for it. */
export interface Operation<T> {
  /** The key it is about; `undefined`: any key. */
  readonly key: string | undefined
  /** The prefix that it clears. */
  readonly prefix?: string
  /** What the ledger shall hear of it. */
  readonly use?: Use
  readonly writes: boolean
  /** Whether it writes by what it read: what comes after it on the same key waits until it is done. */
  readonly decides?: boolean
  /**
   * Makes its requests in the transaction of `store` and calls `done` with the answer, which counts once the
   * transaction is complete, or `fail`. Throws what a request throws.
   */
  ask(store: IDBObjectStore, done: (answer: T) => void, fail: (error: unknown) => void): void
  recall(overlay: Overlay): T
}

/** Reads `key`. `found` is called if it is there, alive. */
export function getting(key: string, found: () => void): Operation<Stored | undefined> {
  return {
    key,
    writes: false,
    ask(store, done, fail) {
      watch(store.get(key), fail, (row) => {
        const alive = isAlive(row, now())
        if (alive) found()
        done(alive ? row.v : undefined)
      })
    },
    recall: (overlay) => overlay.get(key),
  }
}

export function setting(key: string, row: Row): Operation<void> {
  return {
    key,
    use: useOf(key, row),
    writes: true,
    ask(store, done, fail) {
      watch(store.put(row, key), fail)
      done()
    },
    recall: (overlay) => overlay.set(key, row),
  }
}

/** Puts `row` unless there is one alive; answers whether it did. */
export function adding(key: string, row: Row): Operation<boolean> {
  return {
    key,
    use: useOf(key, row),
    writes: true,
    decides: true,
    ask(store, done, fail) {
      watch(store.get(key), fail, (found) => {
        const absent = !isAlive(found, now())
        if (absent) watch(store.put(row, key), fail)
        done(absent)
      })
    },
    recall(overlay) {
      if (overlay.get(key) !== undefined) return false
      overlay.set(key, row)
      return true
    },
  }
}

/** Removes `key`; answers whether it was there, alive. */
export function deleting(key: string): Operation<boolean> {
  return {
    key,
    writes: true,
    ask(store, done, fail) {
      watch(store.get(key), fail, (row) => done(isAlive(row, now())))
      watch(store.delete(key), fail)
    },
    recall: (overlay) => overlay.delete(key),
  }
}

export function clearing(prefix: string): Operation<void> {
  return {
    key: undefined,
    prefix,
    writes: true,
    ask(store, done, fail) {
      watch(prefix === "" ? store.clear() : store.delete(rangeOf(prefix)), fail)
      done()
    },
    recall: (overlay) => overlay.clear(prefix),
  }
}

/** The next `count` keys after `from` that start with `prefix`. */
export function listing(
  prefix: string,
  count: number,
  from: IDBValidKey | undefined,
): Operation<readonly IDBValidKey[]> {
  return {
    key: undefined,
    writes: false,
    ask(store, done, fail) {
      watch(store.getAllKeys(rangeOf(prefix, from), count), fail, done)
    },
    recall: (overlay) => overlay.keys(prefix, count, from),
  }
}

/** Drops up to `count` rows past their life at `at`; answers how many. */
export function pruning(at: number, count: number): Operation<number> {
  return {
    key: undefined,
    writes: true,
    decides: true,
    ask(store, done, fail) {
      dropExpired(store, at, count, fail, done)
    },
    recall: (overlay) => overlay.prune(at),
  }
}

/** Deletes up to `count` rows past their life at `at` and calls `next` with how many. */
export function dropExpired(
  store: IDBObjectStore,
  at: number,
  count: number,
  fail: (error: unknown) => void,
  next: (dropped: number) => void,
): void {
  // Keys first, then deletes: three times faster than a cursor.
  watch(store.index(expiryIndex).getAllKeys(IDBKeyRange.upperBound(at), count), fail, (keys) => {
    for (const key of keys) watch(store.delete(key), fail)
    next(keys.length)
  })
}

/** Calls `next` with the result of `request`, or `fail`, which leaves the rest of its transaction alone. */
export function watch<T>(
  request: IDBRequest<T>,
  fail: (error: unknown) => void,
  next?: (result: T) => void,
): void {
  request.onerror = (event) => {
    // Unprevented, one bad record would abort all that share its transaction.
    event.preventDefault()
    event.stopPropagation()
    fail(request.error)
  }
  if (!next) return
  request.onsuccess = () => {
    try {
      next(request.result)
    } catch (error) {
      // Thrown out of an event it would abort the transaction too.
      fail(error)
    }
  }
}
