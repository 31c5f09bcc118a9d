import { isObject, kindOf } from "../../src/base/kind.ts"
import { rangeOf, type Use } from "./rows.ts"
import { watch } from "./watch.ts"

/** The use by a read at `at`, ms since epoch: `NaN` means that size and life stay as they were. */
export function reading(at: number): Use {
  return { at, size: Number.NaN, until: Number.NaN }
}

/** The writes and reads of one transaction, in columns. */
interface Page {
  /** Its keys, concatenated. */
  readonly k: string
  /** Their lengths. */
  readonly n: Uint32Array
  /** The members of each key's {@link Use}: `at`, `size`, `until`. */
  readonly a: Float64Array
  readonly s: Float64Array
  readonly e: Float64Array
}

/** What a page records about a key. */
type Line = readonly [key: string, use: Use]

/** The most lines of a page. */
const pageLength = 1_000
/** The most pages processed in one transaction, to keep it short. */
const pagesAtOnce = 16

/**
 * The pages of the ledger: an index by expiry and by use that costs one row per transaction.
 *
 * They are stored in the same object store under arrays, which are never keys of entries: the time at which the first
 * life on the page ends, and a random number. They are written in the transactions they describe. A native index would
 * slow down 1 000 sets by half in Firefox and WebKit for the expiry alone, and for the use, each read would have to
 * write its whole entry.
 */
function pages(): IDBKeyRange {
  return IDBKeyRange.lowerBound([])
}

/** Adds `lines`; returns the requests. If one fails, so does the transaction: no entry lacks its line. */
export function addLines(store: IDBObjectStore, lines: Iterable<Line>): readonly IDBRequest[] {
  const all = [...lines]
  const count = Math.ceil(all.length / pageLength)
  return Array.from({ length: count }, (_, i) =>
    addPage(store, all.slice(i * pageLength, (i + 1) * pageLength)),
  )
}

function addPage(store: IDBObjectStore, lines: readonly Line[]): IDBRequest {
  const page: Page = {
    k: lines.map(([key]) => key).join(""),
    n: Uint32Array.from(lines, ([key]) => key.length),
    a: Float64Array.from(lines, ([, { at }]) => at),
    s: Float64Array.from(lines, ([, { size }]) => size),
    e: Float64Array.from(lines, ([, { until }]) => until),
  }
  const first = page.e.reduce((least, until) => (until < least ? until : least), Infinity)
  // The random part separates pages whose first lives end at the same time.
  return store.put(page, [first, Math.random()])
}

/** Replaces all pages by `uses`. */
export function rewrite(store: IDBObjectStore, uses: ReadonlyMap<string, Use>): void {
  store.delete(pages())
  addLines(store, sorted([...uses]))
}

/** Sorted by the end of their lives, so that few pages have to be read for those that are due. A read has no end. */
function sorted(lines: Line[]): Line[] {
  return lines.sort(([, a], [, b]) => endOf(a) - endOf(b) || 0)
}

function endOf({ until }: Use): number {
  return Number.isNaN(until) ? Infinity : until
}

/** Calls `next` with the uses of all existing keys. A key that the ledger lacks counts as never used and endless. */
export function survey(
  store: IDBObjectStore,
  fail: (error: unknown) => void,
  next: (uses: Map<string, Use>) => void,
): void {
  watch(store.getAllKeys(rangeOf("")), fail, (keys) => {
    watch(store.getAll(pages()), fail, (found) => {
      const known = latest(found)
      const uses = new Map<string, Use>()
      for (const key of keys) {
        // Other code may have stored keys of other types.
        if (typeof key === "string") uses.set(key, known.get(key) ?? { at: 0, size: 0, until: Infinity })
      }
      next(uses)
    })
  })
}

/** The last use of each key, with size and life as last written. */
function latest(found: readonly unknown[]): Map<string, Use> {
  const written = new Map<string, Use>()
  const uses = new Map<string, Use>()
  for (const [key, use] of found.flatMap(linesOf)) {
    if (!Number.isNaN(use.until) && use.at >= (written.get(key)?.at ?? 0)) written.set(key, use)
    const { size = 0, until = Infinity } = written.get(key) ?? {}
    uses.set(key, { at: Math.max(use.at, uses.get(key)?.at ?? 0), size, until })
  }
  return uses
}

/** The lives that may have ended, from some pages. */
export interface Due {
  /** Some may have been rewritten since: their rows tell. */
  readonly keys: readonly string[]
  /**
   * Removes their lines from the ledger; returns whether there are more pages. Call it when the rows have been read.
   */
  done(): boolean
}

/** Calls `next` with the lives that end by `at`, from some pages at a time. */
export function findDue(
  store: IDBObjectStore,
  at: number,
  fail: (error: unknown) => void,
  next: (due: Due) => void,
): void {
  watch(store.getAllKeys(IDBKeyRange.bound([], [at, Infinity]), pagesAtOnce), fail, (names) => {
    const last = names.at(-1)
    if (last === undefined) return next({ keys: [], done: () => false })
    const range = IDBKeyRange.bound([], last)
    watch(store.getAll(range), fail, (found) => {
      const lines = found.flatMap(linesOf)
      const isDue = ([, { until }]: Line) => until <= at
      let refused = false
      const refuse = () => {
        refused = true
      }
      for (const request of addLines(store, sorted(lines.filter((line) => !isDue(line)))))
        watch(request, refuse)
      next({
        keys: [...new Set(lines.filter(isDue).map(([key]) => key))],
        done() {
          // If nothing can be written any more, the old pages remain valid.
          if (!refused) store.delete(range)
          return !refused && names.length === pagesAtOnce
        },
      })
    })
  })
}

function linesOf(page: unknown): Line[] {
  if (!isPage(page)) return []
  let start = 0
  return Array.from(page.n, (length, i) => {
    const key = page.k.slice(start, start + length)
    start += length
    const [at = 0, size = 0, until = Infinity] = [page.a[i], page.s[i], page.e[i]]
    return [key, { at, size, until }]
  })
}

function isPage(page: unknown): page is Page {
  if (!isObject(page)) return false
  const { k, n, a, s, e }: { [member in keyof Page]?: unknown } = page
  // Not by class: structured clone may use another realm's, as in Jest.
  const kinds = [k, n, a, s, e].map((member) => kindOf(Object(member)))
  return kinds.join() === "String,Uint32Array,Float64Array,Float64Array,Float64Array"
}
