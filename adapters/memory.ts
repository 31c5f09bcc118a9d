/**
 * Keeps records in this realm.
 *
 * @module isocache/adapters/memory
 */

import { type Adapter, type AdapterEvent, isToken, maxTokensOf, type Stored } from "../src/adapter.ts"
import { now } from "../src/base/clock.ts"
import { Listeners } from "../src/base/listeners.ts"
import { judgeOptions, memoryRules, type Rule } from "../src/base/rules.ts"
import { shelf } from "./memory/shelf.ts"
import { sizeOf, textSize } from "./memory/size.ts"

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** How many entries are kept: a positive integer, or `Infinity` (the capacity of a `Map`, 2²³). Default 10 000. */
  readonly maxEntries?: number | undefined
  /** How many bytes the entries may take, roughly estimated. Default `Infinity`, which skips the estimates. */
  readonly maxBytes?: number | undefined
  /** Eviction policy: "s3-fifo" by use and age, "lru" the least recently used. Default "s3-fifo". */
  readonly policy?: "s3-fifo" | "lru" | undefined
  /** "clone" copies values in and out; "none" returns the stored object itself. Default "clone". */
  readonly copy?: "clone" | "none" | undefined
}

/** The memory adapter: synchronous, with every ability but a lease. */
export interface MemoryAdapter extends Adapter {
  readonly name: "memory"
  readonly medium: "object"
  readonly copy: "clone" | "none"
  get(key: string): Stored | undefined
  set(key: string, record: Stored, ttl: number): void
  delete(key: string): boolean
  clear(prefix: string): void
  getMany(keys: readonly string[]): (Stored | undefined)[]
  setMany(entries: readonly (readonly [key: string, record: Stored, ttl: number])[]): void
  deleteMany(keys: readonly string[]): number
  add(key: string, record: Stored, ttl: number): boolean
  keys(prefix: string): string[]
  prune(now: number): number
  observe(listener: (event: AdapterEvent) => void): () => void
}

/** The overhead of an entry besides its key and record, in bytes. */
const slotSize = 96

/**
 * Keeps records in this realm, bounded, with eviction by S3-FIFO or LRU.
 *
 * There are no timers: each write also checks a few slots and drops expired records, so that these usually leave before
 * live ones. Version tokens are kept separately: ten times `maxEntries` of them, or 100 000 if that is more. The least
 * recently used are evicted first; they do not count towards any bound.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { memory } from "isocache/adapters/memory"
 *
 * const cache = new CacheWrapper({ adapter: memory({ maxEntries: 1000, policy: "lru" }) })
 * ```
 */
export function memory(options: MemoryOptions = {}): MemoryAdapter {
  judgeOptions(options, memoryRules satisfies Record<keyof MemoryOptions, Rule>, " of memory()")
  const { maxEntries = 10_000, maxBytes = Infinity, policy = "s3-fifo", copy = "clone" } = options
  const listeners = new Listeners<AdapterEvent>()
  const evicted = (key: string): void => {
    // Without listeners, an event costs nothing.
    if (listeners.size > 0) listeners.tell({ type: "evict", key })
  }
  const entries = shelf({ entries: maxEntries, bytes: maxBytes, lru: policy === "lru", evicted })
  let changes = 0
  const changed = (): void => void changes++
  const tokens = shelf({
    entries: maxTokensOf(maxEntries),
    bytes: Infinity,
    lru: true,
    evicted: changed,
  })
  const shelfOf = (key: string): typeof entries => (isToken(key) ? tokens : entries)

  function get(key: string): Stored | undefined {
    const record = entries.get(key)
    // Only after a miss, so that a hit needs no further look at the key.
    return record === undefined && isToken(key) ? tokens.get(key) : record
  }

  function set(key: string, record: Stored, ttl: number): void {
    const time = now()
    const token = isToken(key)
    const size = maxBytes < Infinity && !token ? slotSize + textSize(key) + sizeOf(record, maxBytes) : 0
    if (token) changed()
    shelfOf(key).set(key, record, time + ttl, size, time)
  }

  function remove(key: string): boolean {
    if (isToken(key)) changed()
    return shelfOf(key).delete(key, now())
  }

  return {
    name: "memory",
    medium: "object",
    copy,
    get,
    set,
    delete: remove,
    clear(prefix) {
      entries.clear(prefix)
      tokens.clear(prefix)
      changed()
    },
    getMany: (keys) => keys.map(get),
    setMany(entries) {
      for (const [key, record, ttl] of entries) set(key, record, ttl)
    },
    deleteMany: (keys) => keys.filter(remove).length,
    add(key, record, ttl) {
      if (shelfOf(key).has(key, now())) return false
      set(key, record, ttl)
      return true
    },
    keys: (prefix) => [...entries.keys(prefix, now()), ...tokens.keys(prefix, now())],
    prune: (now) => entries.prune(now) + tokens.prune(now),
    tokenChanges: () => changes,
    observe: (listener) => listeners.add(listener),
  }
}
