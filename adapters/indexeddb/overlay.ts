import { isToken, type Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { clearing, deleting, type Operation, renewing } from "./operation.ts"
import { isAlive, type Row } from "./rows.ts"

const maxRows = 1_000
const maxMarks = 10_000

/**
 * The memory that stands in while the database is unavailable, and the journal of what the database missed.
 *
 * It never shows what the database held before, and keeps 1 000 entries. Rows are copied in and out.
 */
export interface Overlay {
  get(key: string): Stored | undefined
  set(key: string, row: Row): void
  /** Sets what is absent. If that is a version token, one in the database stays valid. */
  add(key: string, row: Row): void
  delete(key: string): boolean
  clear(prefix: string): void
  keys(prefix: string, count: number, from: IDBValidKey | undefined): string[]
  prune(at: number): number
  /**
   * Operations that keep the database from returning anything older than this memory: they delete what was written
   * here, and renew version tokens again. Values are not transferred: others may have replaced, deleted or invalidated
   * them in the meantime, and deletions leave no trace.
   */
  journal(): Operation<unknown>[]
}

/** An empty overlay. */
export function overlay(): Overlay {
  const rows = new Map<string, Row>()
  /** The keys whose rows in the database, if any, are outdated. */
  const marks = new Set<string>()
  let cleared: string[] = []

  const alive = (key: string) => {
    const row = rows.get(key)
    return row && isAlive(row, now()) ? row : undefined
  }

  const mark = (key: string) => {
    marks.add(key)
    bound()
  }

  /** Better to clear the database than to collect marks without end. */
  const bound = () => {
    if (marks.size + cleared.length <= maxMarks) return
    cleared = [""]
    marks.clear()
  }

  const put = (key: string, row: Row) => {
    rows.delete(key)
    rows.set(key, row)
    if (rows.size > maxRows) makeRoom()
  }

  const makeRoom = () => {
    for (const tokens of [false, true]) {
      for (const key of rows.keys()) {
        if (rows.size <= maxRows) return
        if (isToken(key) === tokens) rows.delete(key)
      }
    }
  }

  return {
    get(key) {
      const row = alive(key)
      return row && structuredClone(row.v)
    },
    set(key, row) {
      put(key, row)
      mark(key)
    },
    add(key, row) {
      put(key, row)
      // A token created here need not be marked: entries made under it are a miss under the database's own token.
      if (!isToken(key)) mark(key)
    },
    delete(key) {
      const there = alive(key) !== undefined
      rows.delete(key)
      mark(key)
      return there
    },
    clear(prefix) {
      cleared = cleared.filter((other) => !other.startsWith(prefix))
      for (const keys of [rows, marks]) {
        for (const key of keys.keys()) if (key.startsWith(prefix)) keys.delete(key)
      }
      cleared.push(prefix)
      bound()
    },
    keys(prefix, count, from) {
      const last = typeof from === "string" ? from : undefined
      return [...rows.keys()]
        .filter((key) => key.startsWith(prefix) && (last === undefined || key > last) && alive(key))
        .sort((a, b) => (a < b ? -1 : 1))
        .slice(0, count)
    },
    prune(at) {
      let dropped = 0
      for (const [key, row] of rows) {
        if (isAlive(row, at)) continue
        rows.delete(key)
        dropped++
      }
      return dropped
    },
    journal() {
      const written = [...marks].map((key) => (isToken(key) ? renewing(key) : deleting(key)))
      return [...cleared.map(clearing), ...written]
    },
  }
}
