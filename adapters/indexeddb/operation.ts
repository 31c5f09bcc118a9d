import type { Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { softToken } from "../../src/base/token.ts"
import { addLines, findDue } from "./ledger.ts"
import type { Overlay } from "./overlay.ts"
import { isAlive, isRow, type Row, rangeOf, type Use, useOf } from "./rows.ts"
import { watch } from "./watch.ts"

/**
 * An operation on the storage: on the database, or on the memory that stands in for it.
 *
 * |                       | key | prefix | use | writes | decides |
 * | --------------------- | --- | ------ | --- | ------ | ------- |
 * | {@link getting}       | yes |        |     |        |         |
 * | {@link setting}       | yes |        | yes | yes    |         |
 * | {@link adding}        | yes |        | yes | yes    | yes     |
 * | {@link deleting}      | yes |        |     | yes    |         |
 * | {@link renewing}      | yes |        | yes | yes    |         |
 * | {@link clearing}      |     | yes    |     | yes    |         |
 * | {@link listing}       |     |        |     |        |         |
 * | {@link pruning}       |     |        |     | yes    | yes     |
 *
 * When a write succeeds, the bounds record its use; without one, they forget its key, or the keys under its prefix.
 */
export interface Operation<T> {
  /** The key it concerns; `undefined` for any key. */
  readonly key: string | undefined
  /** The prefix that it clears. */
  readonly prefix?: string
  /** The use to record in the ledger; an operation that decides records it itself. */
  readonly use?: Use
  readonly writes: boolean
  /** Whether its write depends on what it read: later operations on the same key wait until it is done. */
  readonly decides?: boolean
  /**
   * Makes its requests in the transaction of `store`, and calls `done` with the result, which is valid once the
   * transaction is complete, or `fail`. Throws what a request throws.
   */
  ask(store: IDBObjectStore, done: (answer: T) => void, fail: (error: unknown) => void): void
  /** Does the same on the memory that stands in. */
  recall(overlay: Overlay): T
}

/** Reads `key`, even if expired but not pruned yet. `found` is called if it is alive. */
export function getting(key: string, found: () => void): Operation<Stored | undefined> {
  return {
    key,
    writes: false,
    ask(store, done, fail) {
      watch(store.get(key), fail, (row) => {
        if (isAlive(row, now())) found()
        done(isRow(row) ? row.v : undefined)
      })
    },
    recall: (overlay) => overlay.get(key),
  }
}

/** Writes `row`, replacing any other. */
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

/** Writes `row` unless there is a live one; returns whether it did. */
export function adding(key: string, row: Row): Operation<boolean> {
  const use = useOf(key, row)
  return {
    key,
    use,
    writes: true,
    decides: true,
    ask(store, done, fail) {
      watch(store.get(key), fail, (found) => {
        const absent = !isAlive(found, now())
        if (absent) {
          watch(store.put(row, key), fail)
          addLines(store, [[key, use]])
        }
        done(absent)
      })
    },
    recall(overlay) {
      if (overlay.get(key) !== undefined) return false
      overlay.add(key, row)
      return true
    },
  }
}

/** Removes `key`; returns whether it was alive. */
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

/** Replaces the version token at `key`: a hard invalidation, or a soft one. */
export function renewing(key: string): Operation<void> {
  return {
    key,
    use: useOf(key, { v: "" }),
    writes: true,
    ask(store, done, fail) {
      watch(store.get(key), fail, (row) => {
        const before = isRow(row) && typeof row.v === "string" ? row.v : ""
        // A soft token does for both: a hard one only has to differ from the previous one.
        watch(store.put({ v: softToken(before) }, key), fail)
        done()
      })
    },
    recall() {},
  }
}

/** Removes all keys that start with `prefix`. */
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

/** The result of a prune: how many it dropped, and whether there are more to check. */
export interface Pruned {
  readonly dropped: number
  readonly more: boolean
}

/** Drops what has expired at `at`, or some of it: see {@link findDue}. */
export function pruning(at: number): Operation<Pruned> {
  return {
    key: undefined,
    writes: true,
    decides: true,
    ask(store, done, fail) {
      findDue(store, at, fail, (due) => {
        let waiting = due.keys.length
        let dropped = 0
        const end = () => done({ dropped, more: due.done() })
        if (waiting === 0) return end()
        for (const key of due.keys) {
          watch(store.get(key), fail, (row) => {
            if (isRow(row) && !isAlive(row, at)) {
              watch(store.delete(key), fail)
              dropped++
            }
            if (--waiting === 0) end()
          })
        }
      })
    },
    recall: (overlay) => ({ dropped: overlay.prune(at), more: false }),
  }
}
