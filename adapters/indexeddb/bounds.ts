import { type AdapterEvent, isToken, maxTokensOf } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { addLines, reading, rewrite, survey } from "./ledger.ts"
import { rangeOf, tick, type Use } from "./rows.ts"
import { type Besides, begin, longPatience, type Pending } from "./transaction.ts"
import { victims } from "./victims.ts"
import { watch } from "./watch.ts"

const minute = 60_000
/** How far an eviction goes below a bound, as a fraction. */
const slack = 1 / 20
/** The number of entries is queried after this many writes, or fewer if the bound is small. */
const minWrites = 20
/** How many reads are remembered between writes. */
const maxSeen = 4_096

/**
 * Keeps the database near its bounds.
 *
 * A full count shows what exists; after that, this tab's writes are tracked. Whenever a twentieth of the entries has
 * been written here, the number of entries is queried again, to include other tabs' writes. Above a bound, a new full
 * count drops expired entries, and then the least recently used, a twentieth of the bound at once. Version tokens are
 * counted separately and have their own bound.
 */
export interface Bounds {
  /** Called with each key that was found alive. */
  saw(key: string): void
  /** What a write transaction of `all` on `db` does for the bounds. */
  besides(db: IDBDatabase, all: readonly Pending[]): Besides
  /** Makes room when the quota is reached: drops expired entries, and a tenth of the rest. */
  relieve(db: IDBDatabase): Promise<void>
}

/** The bounds of one database. Evictions are passed to `emit`. */
export function bounds(
  { maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number },
  emit: (event: AdapterEvent) => void,
): Bounds {
  // Reads that are not in the ledger yet.
  const seen = new Map<string, number>()
  let known: Map<string, Use> | undefined
  let bytes = 0
  let tokens = 0
  let lines = 0
  // Writes since the number of keys was queried, and the result; both 0 after a full count.
  let writes = 0
  let total = 0
  let sweeping = false

  const remove = (key: string) => {
    const use = known?.get(key)
    if (!use) return
    known?.delete(key)
    bytes -= use.size
    if (isToken(key)) tokens--
  }

  const enter = (key: string, use: Use) => {
    remove(key)
    known?.set(key, use)
    bytes += use.size
    if (isToken(key)) tokens++
  }

  const follow = (written: readonly Pending[]) => {
    for (const { operation } of written) {
      const { key, use, writes, prefix } = operation
      if (key === undefined) {
        if (prefix !== undefined)
          for (const other of known?.keys() ?? []) if (other.startsWith(prefix)) remove(other)
      } else if (use) enter(key, use)
      else if (writes) remove(key)
    }
  }

  /**
   * The uses to record in the ledger with `all`: its writes, and reads at least a minute after the last recorded use.
   */
  const newUses = (all: readonly Pending[]) => {
    const uses = new Map<string, Use>()
    for (const [key, at] of seen) {
      if (at - (known?.get(key)?.at ?? 0) < minute) continue
      uses.set(key, reading(at))
      seen.delete(key)
    }
    for (const { operation } of all) {
      const { key, use, decides } = operation
      if (key !== undefined && use && !decides) uses.set(key, use)
    }
    return uses
  }

  const isDue = () => {
    if (!known) return true
    const { size } = known
    const all = Math.max(size, total)
    return (
      all - tokens > maxEntries ||
      // Entries of other tabs are assumed to be as large as the rest, until counted.
      (bytes / size) * all > maxBytes ||
      tokens > maxTokensOf(maxEntries) ||
      lines > 4_000 + 4 * size
    )
  }

  const queryTotal = (store: IDBObjectStore, all: readonly Pending[]) => {
    for (const { operation } of all) if (operation.use) writes++
    const enough = Math.max(minWrites, slack * Math.max(known?.size ?? 0, total))
    if (writes < Math.min(enough, slack * maxEntries)) return
    writes = 0
    watch(store.count(rangeOf("")), ignore, (found) => {
      total = found
    })
  }

  /** Takes `uses`, with this realm's reads, as what exists. */
  const count = (uses: ReadonlyMap<string, Use>) => {
    known = new Map()
    bytes = tokens = writes = total = 0
    for (const [key, use] of uses) enter(key, { ...use, at: Math.max(use.at, seen.get(key) ?? 0) })
    seen.clear()
    return known
  }

  /**
   * One transaction that counts everything, then drops expired entries, and the least recently used until the rest is
   * within the bounds and at most `share` of the entries.
   */
  const sweep = (db: IDBDatabase, share: number) =>
    new Promise<void>((finish) => {
      let evicted: readonly string[] = []
      const complete = () => {
        for (const key of evicted) if (!isToken(key)) emit({ type: "evict", key })
        finish()
      }
      const store = begin(db, "readwrite", longPatience, complete, () => {
        known = undefined
        finish()
      })
      const drop = (key: string) => {
        watch(store.delete(key), ignore)
        remove(key)
      }
      survey(store, ignore, (found) => {
        const uses = count(found)
        for (const [key, { until }] of uses) if (until <= now()) drop(key)
        const entries = uses.size - tokens
        evicted = victims(uses, {
          entries: Math.max(above(entries, maxEntries), Math.ceil(entries * (1 - share))),
          bytes: above(bytes, maxBytes),
          tokens: above(tokens, maxTokensOf(maxEntries)),
        })
        for (const key of evicted) drop(key)
        lines = uses.size
        // At the quota nothing can be written; the old pages remain valid.
        if (share === 1) rewrite(store, uses)
      })
    })

  const housekeep = async (db: IDBDatabase, share: number) => {
    sweeping = true
    // If the connection is failing, its next user will notice and report it.
    await sweep(db, share).catch(ignore)
    sweeping = false
  }

  return {
    saw(key) {
      seen.delete(key)
      seen.set(key, tick())
      if (seen.size <= maxSeen) return
      const [oldest = key] = seen.keys()
      seen.delete(oldest)
    },
    besides: (db, all) => ({
      join(store) {
        queryTotal(store, all)
        const uses = newUses(all)
        if (uses.size === 0) return
        lines += uses.size
        addLines(store, uses)
      },
      done(succeeded) {
        follow(succeeded)
        if (!sweeping && isDue()) housekeep(db, 1)
      },
    }),
    relieve: (db) => housekeep(db, 0.9),
  }
}

/** How far `count` is to come down from above `bound`; 0 if it is not above. */
function above(count: number, bound: number): number {
  return count > bound ? count - Math.ceil(bound * (1 - slack)) : 0
}

function ignore(): void {}
