/** When an entry was last used, ms since epoch, and about how many bytes it takes: 0 for a version token. */
export interface Use {
  readonly at: number
  readonly size: number
}

/** What one transaction wrote and read: keys, times and sizes at the same places. */
interface Page {
  readonly k: readonly string[]
  readonly a: Float64Array
  readonly s: Float64Array
}

/**
 * All pages of the ledger: what was used when, kept in the same object store under arrays, which no key is.
 *
 * An index on the time would do the same and cost each write a third more; a read would have to write its entry
 * again.
 */
export function ledgerRange(): IDBKeyRange {
  return IDBKeyRange.lowerBound([])
}

/** Adds a page of `uses`, to be put into the transaction of `store`. */
export function addPage(store: IDBObjectStore, uses: ReadonlyMap<string, Use>): IDBRequest {
  const page: Page = {
    k: [...uses.keys()],
    a: Float64Array.from(uses.values(), ({ at }) => at),
    s: Float64Array.from(uses.values(), ({ size }) => size),
  }
  // The random part keeps the pages of two tabs apart.
  return store.put(page, [page.a[0] ?? 0, Math.random()])
}

/** The latest use of each key in `pages`. What is no page is passed over. */
export function latest(pages: readonly unknown[]): Map<string, Use> {
  const uses = new Map<string, Use>()
  for (const page of pages.filter(isPage)) {
    for (const [i, key] of page.k.entries()) {
      const { at, size } = { at: page.a[i] ?? 0, size: page.s[i] ?? 0 }
      const before = uses.get(key)
      // A read does not know the size: it says NaN.
      if (!before || before.at <= at) uses.set(key, { at, size: size >= 0 ? size : (before?.size ?? 0) })
    }
  }
  return uses
}

function isPage(page: unknown): page is Page {
  return (
    typeof page === "object" &&
    page !== null &&
    "k" in page &&
    Array.isArray(page.k) &&
    "a" in page &&
    page.a instanceof Float64Array &&
    "s" in page &&
    page.s instanceof Float64Array
  )
}
