import { isToken, type Stored } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { clearing, deleting, type Operation, setting } from "./operation.ts"
import { isAlive, type Row } from "./rows.ts"

const maxRows = 1_000
const maxMarks = 10_000

/**
 * The memory that stands in while the database is away, and the journal of what it missed.
 *
 * It never shows what the database held before, and keeps 1 000 entries. Values are copied in and out.
 */
export interface Overlay {
  get(key: string): Stored | undefined
  set(key: string, row: Row): void
  delete(key: string): boolean
  clear(prefix: string): void
  keys(prefix: string, count: number, from: IDBValidKey | undefined): string[]
  prune(at: number): number
  /** What brings the database up to date: what was removed goes, what was set comes. */
  journal(): Operation<unknown>[]
}

export function overlay(): Overlay {
  // `undefined` marks a key whose row in the database, if any, is out of date.
  let rows = new Map<string, Row | undefined>()
  let cleared: string[] = []
  let kept = 0

  const alive = (key: string) => {
    const row = rows.get(key)
    return row && isAlive(row, now()) ? row : undefined
  }

  const mark = (key: string) => {
    if (rows.get(key)) kept--
    rows.delete(key)
    rows.set(key, undefined)
    if (rows.size > maxRows + maxMarks) forgetMarks()
  }

  /** Rather a cleared database than marks without end. */
  const forgetMarks = () => {
    cleared = [""]
    rows = new Map([...rows].filter(([, row]) => row))
  }

  const makeRoom = () => {
    for (const tokens of [false, true]) {
      for (const [key, row] of rows) {
        if (kept <= maxRows) return
        if (row && isToken(key) === tokens) mark(key)
      }
    }
  }

  return {
    get(key) {
      const row = alive(key)
      return row && structuredClone(row.v)
    },
    set(key, row) {
      const copy = structuredClone(row)
      mark(key)
      rows.set(key, copy)
      kept++
      if (kept > maxRows) makeRoom()
    },
    delete(key) {
      const there = alive(key) !== undefined
      mark(key)
      return there
    },
    clear(prefix) {
      cleared = cleared.filter((other) => !other.startsWith(prefix))
      cleared.push(prefix)
      for (const key of rows.keys()) {
        if (!key.startsWith(prefix)) continue
        if (rows.get(key)) kept--
        rows.delete(key)
      }
      if (cleared.length > maxMarks) forgetMarks()
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
        if (!row || isAlive(row, at)) continue
        mark(key)
        dropped++
      }
      return dropped
    },
    journal() {
      const sets = [...rows].map(([key, row]) => (row ? setting(key, row) : deleting(key)))
      return [...cleared.map(clearing), ...sets]
    },
  }
}
