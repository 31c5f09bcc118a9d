import { rangeOf } from "./rows.ts"
import { watch } from "./watch.ts"

/** What the ledger says of an entry. */
export interface Use {
  /** When it was last used, ms since epoch. */
  readonly at: number
  /** About how many bytes it takes; 0 for a version token. */
  readonly size: number
  /** When its life is over, ms since epoch; `Infinity`: never. */
  readonly until: number
}

/** A read: it leaves size and life as they were. */
export function reading(at: number): Use {
  return { at, size: Number.NaN, until: Number.NaN }
}

/** What one transaction wrote and read: its keys one after the other, their lengths, and a place for each in the rest. */
interface Page {
  readonly k: string
  readonly n: Uint32Array
  readonly a: Float64Array
  readonly s: Float64Array
  readonly e: Float64Array
}

/**
 * The pages of the ledger, an index by expiry and by use that costs one row per transaction.
 *
 * They lie in the same object store under arrays, which no key is, and are written in the transactions they tell of.
 * An index of the database's own makes 1 000 sets half as slow again in Firefox and WebKit for the expiry alone, and
 * for the use each read would have to write its whole entry.
 */
function pages(): IDBKeyRange {
  return IDBKeyRange.lowerBound([])
}

/** Adds a page of `uses`. If that fails, so does the transaction: no entry lacks its line. */
export function addPage(store: IDBObjectStore, uses: ReadonlyMap<string, Use>): void {
  const keys = [...uses.keys()]
  const page: Page = {
    k: keys.join(""),
    n: Uint32Array.from(keys, (key) => key.length),
    a: Float64Array.from(uses.values(), ({ at }) => at),
    s: Float64Array.from(uses.values(), ({ size }) => size),
    e: Float64Array.from(uses.values(), ({ until }) => until),
  }
  // The random part keeps the pages of two tabs apart.
  store.put(page, [page.a[0] ?? 0, Math.random()])
}

/** Replaces all pages by one. */
export function rewrite(store: IDBObjectStore, uses: ReadonlyMap<string, Use>): void {
  store.delete(pages())
  addPage(store, uses)
}

/** Hands `next` the uses of all keys that are there. What the ledger does not know was never used and lives on. */
export function survey(
  store: IDBObjectStore,
  fail: (error: unknown) => void,
  next: (uses: Map<string, Use>) => void,
): void {
  watch(store.getAllKeys(rangeOf("")), fail, (keys) => {
    watch(store.getAll(pages()), fail, (found) => {
      const told = latest(found)
      const uses = new Map<string, Use>()
      for (const key of keys) {
        // Others may have put keys of their own kind into the store.
        if (typeof key === "string") uses.set(key, told.get(key) ?? { at: 0, size: 0, until: Infinity })
      }
      next(uses)
    })
  })
}

function latest(found: readonly unknown[]): Map<string, Use> {
  const uses = new Map<string, Use>()
  for (const page of found.filter(isPage)) {
    let start = 0
    for (const [i, length] of page.n.entries()) {
      const key = page.k.slice(start, start + length)
      start += length
      const before = uses.get(key)
      const at = page.a[i] ?? 0
      if (before && before.at > at) continue
      uses.set(key, {
        at,
        size: orElse(page.s[i], before?.size ?? 0),
        until: orElse(page.e[i], before?.until ?? Infinity),
      })
    }
  }
  return uses
}

function orElse(value: number | undefined, other: number): number {
  return value === undefined || Number.isNaN(value) ? other : value
}

function isPage(page: unknown): page is Page {
  if (typeof page !== "object" || page === null) return false
  const { k, n, a, s, e }: { [member in keyof Page]?: unknown } = page
  const numbers = [a, s, e].every((list) => list instanceof Float64Array)
  return numbers && n instanceof Uint32Array && typeof k === "string"
}
