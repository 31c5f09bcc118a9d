/**
 * Keeps records in a SQLite file.
 *
 * @module isocache/adapters/sqlite
 */

import type { Adapter, AdapterEvent, Awaitable, Lease, Stored } from "../src/adapter.ts"
import { now, sleep } from "../src/base/clock.ts"
import { Listeners } from "../src/base/listeners.ts"
import { aCount, judgeOptions, type Rule, rule } from "../src/base/rules.ts"
import type { Limits } from "./sqlite/bounds.ts"
import { Connection } from "./sqlite/connection.ts"
import { leaseOf, newOwner } from "./sqlite/leases.ts"
import { decodeKey, prefixRanges } from "./sqlite/text.ts"

/** Options of {@link sqlite}. */
export interface SqliteOptions {
  /**
   * The database file; its folder is created if missing. `":memory:"` stores nothing on disk. Default: one file per
   * project in `ISOCACHE_DIR`, else in the user's cache folder.
   */
  readonly path?: string | undefined
  /** How many entries are kept: a positive integer, or `Infinity`. Default 100 000. */
  readonly maxEntries?: number | undefined
  /** How many bytes keys and records may take, or `Infinity`. Default 1 GiB. */
  readonly maxBytes?: number | undefined
}

/** A lease whose release is synchronous. */
export interface SqliteLease extends Lease {
  release(): void
}

/** The SQLite adapter: synchronous, with every ability. */
export interface SqliteAdapter extends Adapter {
  readonly name: "sqlite"
  readonly medium: "text"
  get(key: string): string | Uint8Array | undefined
  set(key: string, record: Stored, ttl: number): void
  delete(key: string): boolean
  clear(prefix: string): void
  getMany(keys: readonly string[]): (string | Uint8Array | undefined)[]
  setMany(entries: readonly (readonly [key: string, record: Stored, ttl: number])[]): void
  deleteMany(keys: readonly string[]): number
  add(key: string, record: Stored, ttl: number): boolean
  keys(prefix: string): Iterable<string>
  lock(key: string, ttl: number): SqliteLease | undefined
  prune(now: number): Awaitable<number>
  open(): void
  close(): void
  observe(listener: (event: AdapterEvent) => void): () => void
}

const defaults: Limits = { entries: 100_000, bytes: 2 ** 30 }
/** How many keys are read at once. */
const page = 500

/**
 * Keeps records in a SQLite file, with `node:sqlite` of Node ≥ 22.13, Deno ≥ 2.2 or Bun ≥ 1.4.
 *
 * Several processes may share the file. It is opened on first use, readable by this user only. A damaged file, or
 * another program's, is renamed to `<path>.corrupt-<ms>` and replaced, with an error event; an intact one is never
 * lost. While another process has it locked (or the disk is very slow), an operation blocks for up to 1.5 s, then
 * fails.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown option or a wrong value. Operations throw `ADAPTER_UNAVAILABLE`
 * if there is no SQLite, or the file cannot be opened, read or written; `CLOSED` after `close`.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { sqlite } from "isocache/adapters/sqlite"
 *
 * const file = sqlite({ path: ":memory:", maxBytes: 50_000_000 })
 * const cache = new CacheWrapper({ adapter: file, near: true })
 * await cache.close()
 * file.close() // whoever passes an adapter in closes it
 * ```
 */
export function sqlite(options: SqliteOptions = {}): SqliteAdapter {
  judgeOptions(options, rules, " of sqlite()")
  const limits = {
    entries: options.maxEntries ?? defaults.entries,
    bytes: options.maxBytes ?? defaults.bytes,
  }
  const listeners = new Listeners<AdapterEvent>()
  const connection = new Connection(options.path, limits, {
    evicted: (key) => listeners.tell({ type: "evict", key }),
    trouble: (error) => listeners.tell({ type: "error", error }),
  })

  return {
    name: "sqlite",
    medium: "text",
    get: (key) => connection.run(({ records }) => records.get(key), key),
    set: (key, record, ttl) => connection.run(({ records }) => records.set(key, record, ttl), key),
    delete: (key) => connection.run(({ records }) => records.delete(key), key),
    clear: (prefix) => connection.run(({ records }) => records.clear(prefix)),
    getMany: (keys) => (keys.length === 0 ? [] : connection.run(({ records }) => records.getMany(keys))),
    setMany: (entries) => {
      if (entries.length > 0) connection.run(({ records }) => records.setMany(entries))
    },
    deleteMany: (keys) => (keys.length === 0 ? 0 : connection.run(({ records }) => records.deleteMany(keys))),
    add: (key, record, ttl) => connection.run(({ records }) => records.add(key, record, ttl), key),
    keys: (prefix) => listKeys(connection, prefix),
    lock: (key, ttl) => lock(connection, key, ttl),
    prune: (time) => prune(connection, time),
    open: () => connection.open(),
    close: () => connection.close(),
    observe: (listener) => listeners.add(listener),
  }
}

/** Reads page by page: a million keys are never held at once, and rows may change in between. */
function* listKeys(connection: Connection, prefix: string): Generator<string> {
  for (const range of prefixRanges(prefix)) {
    for (let last: string | undefined; ; ) {
      const after = last
      const keys = connection.run(({ records }) => records.keysIn(range, after, page))
      for (const key of keys) yield decodeKey(key)
      if (keys.length < page) break
      last = keys.at(-1)
    }
  }
}

function lock(connection: Connection, key: string, ttl: number): SqliteLease | undefined {
  const owner = newOwner()
  if (!connection.run(({ leases }) => leases.take(key, owner, ttl), key)) return undefined
  return leaseOf(() => {
    // After close the lease ends by itself.
    if (!connection.isClosed) connection.run(({ leases }) => leases.giveBack(key, owner), key)
  })
}

/** Does one chunk at once, and any others with pauses in which the rest of the program runs. */
function prune(connection: Connection, time: number, already = 0): Awaitable<number> {
  const { count, more } = connection.run(({ records, leases }) => {
    leases.prune(Math.min(time, now()))
    return records.prune(time)
  })
  const total = already + count
  return more ? sleep(0).then(() => (connection.isClosed ? total : prune(connection, time, total))) : total
}

const rules: Readonly<Record<keyof SqliteOptions, Rule>> = {
  path: rule(
    (value) => typeof value === "string" && value !== "" && !value.includes("\0"),
    'the name of a file, or ":memory:"',
  ),
  maxEntries: aCount,
  maxBytes: aCount,
}
