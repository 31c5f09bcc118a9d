import type { Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { softToken } from "../../src/base/token.ts"
import { addLines, findDue } from "./ledger.ts"
import type { Overlay } from "./overlay.ts"
import { isAlive, isRow, type Row, rangeOf, type Use, useOf } from "./rows.ts"
import { watch } from "./watch.ts"

/**
 * One thing asked of the storage: of the database, or of the memory that stands in for it.
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
 * When a writing operation succeeds, the bounds take up its use; without one they forget its key, or the keys under its
 * prefix.
 */
export interface Operation<T> {
  /** The key it is about; `undefined`: any key. */
  readonly key: string | undefined
  /** The prefix that it clears. */
  readonly prefix?: string
  /** What is to be entered in the ledger; an operation that decides enters it itself. */
  readonly use?: Use
  readonly writes: boolean
  /** Whether it writes by what it read: what comes after it on the same key waits until it is done. */
  readonly decides?: boolean
  /**
   * Makes its requests in the transaction of `store` and calls `done` with the answer, which counts once the
   * transaction is complete, or `fail`. Throws what a request throws.
   */
  ask(store: IDBObjectStore, done: (answer: T) => void, fail: (error: unknown) => void): void
  /** Does the same on the memory that stands in. */
  recall(overlay: Overlay): T
}

/** Reads `key`, past its life too until it is pruned. `found` is called if it is there, alive. */
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

/** Puts `row` in place of what is there. */
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

/** Puts another version token in place of the one at `key`: a hard invalidation, or a soft one. */
export function renewing(key: string): Operation<void> {
  return {
    key,
    use: useOf(key, { v: "" }),
    writes: true,
    ask(store, done, fail) {
      watch(store.get(key), fail, (row) => {
        const before = isRow(row) && typeof row.v === "string" ? row.v : ""
        // A soft token does for both: a hard one only has to be another than before.
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

/** What a prune has done: how many it dropped, and whether there are more to look at. */
export interface Pruned {
  readonly dropped: number
  readonly more: boolean
}

/** Drops what is past its life at `at`, or some of it: see {@link findDue}. */
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
