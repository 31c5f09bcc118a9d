import { isToken, type Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { clearing, deleting, type Operation, renewing } from "./operation.ts"
import { isAlive, type Row } from "./rows.ts"

const maxRows = 1_000
const maxMarks = 10_000

/**
 * The memory that stands in while the database is away, and the journal of what it missed.
 *
 * It never shows what the database held before, and keeps 1 000 entries. Rows are copies; so is what comes out.
 */
export interface Overlay {
  get(key: string): Stored | undefined
  set(key: string, row: Row): void
  /** Sets what is absent: what the database has under the key may be as good, if it is a version token. */
  add(key: string, row: Row): void
  delete(key: string): boolean
  clear(prefix: string): void
  keys(prefix: string, count: number, from: IDBValidKey | undefined): string[]
  prune(at: number): number
  /**
   * What keeps the database from showing anything older than this memory did: what was written here goes, and version
   * tokens are renewed once more. Nothing of it is kept: others may have replaced, deleted or invalidated it meanwhile,
   * and a deletion cannot be seen.
   */
  journal(): Operation<unknown>[]
}

export function overlay(): Overlay {
  const rows = new Map<string, Row>()
  /** The keys whose rows in the database, if any, are out of date. */
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

  /** Rather a cleared database than marks without end. */
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
      // A token that was made here is nobody's elsewhere: what was made under it is a miss beside the database's own.
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
