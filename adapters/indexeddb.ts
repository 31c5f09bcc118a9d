/**
 * Keeps records in the browser's IndexedDB.
 *
 * @module isocache/adapters/indexeddb
 */

import type { Adapter, AdapterEvent, Stored } from "../src/adapter.ts"
import { attempt } from "../src/base/awaitable.ts"
import { broadcastBus } from "../src/base/broadcast.ts"
import { dropAll } from "../src/base/bus.ts"
import { Listeners } from "../src/base/listeners.ts"
import { aCount, judgeOptions, type Rule, rule } from "../src/base/rules.ts"
import { detectRuntime } from "../src/base/runtime.ts"
import { bounds } from "./indexeddb/bounds.ts"
import { connect } from "./indexeddb/connection.ts"
import { hasLocks, lock } from "./indexeddb/lock.ts"
import { adding, clearing, deleting, getting, listing, pruning, setting } from "./indexeddb/operation.ts"
import { rowOf } from "./indexeddb/rows.ts"
import { scheduler } from "./indexeddb/scheduler.ts"
import { refused } from "./indexeddb/trouble.ts"

/** Options of {@link indexeddb}. */
export interface IndexedDBOptions {
  /** The database's name. Caches of the same name share their entries. Default "isocache". */
  readonly name?: string | undefined
  /** About how many entries are kept; the least recently used leave first. `Infinity` for no bound. Default 10 000. */
  readonly maxEntries?: number | undefined
  /** Roughly how many bytes are kept, estimated. Default `Infinity`: only the browser's quota applies. */
  readonly maxBytes?: number | undefined
}

const pageSize = 512

/**
 * Keeps records in the browser's IndexedDB, as structured values; works in pages, workers and service workers.
 *
 * Operations of one turn share one transaction, and take effect when it is complete. A lost connection is reopened; if
 * that fails, memory stands in, `observe` gets an error, and the database is tried again 30 s later. Keys written in
 * the meantime are then removed from it; their new values are lost, because others may have replaced them. If the
 * database never opened, every call rejects. When the quota is reached, expired records and the least recently used
 * tenth are dropped. Leases use Web Locks, and work across tabs and workers; without Web Locks there is no `lock`.
 * Caches over one database notify each other of their writes, in all tabs and workers.
 *
 * @param options.name - The database. Default "isocache".
 * @param options.maxEntries - Roughly how many entries are kept. Default 10 000.
 * @param options.maxBytes - Roughly how many bytes are kept, estimated. Default `Infinity`.
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown or invalid option; `ADAPTER_UNAVAILABLE` (from its methods) if
 * there is no IndexedDB or it does not open.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { indexeddb } from "isocache/adapters/indexeddb"
 *
 * const cache = new CacheWrapper({ adapter: indexeddb({ name: "shop", maxEntries: 2000 }), near: true })
 * ```
 */
export function indexeddb(options: IndexedDBOptions = {}): Adapter {
  judgeOptions(options, rules, " of indexeddb()")
  const { name = "isocache", maxEntries = 10_000, maxBytes = Infinity } = options
  const listeners = new Listeners<AdapterEvent>()
  const emit = (event: AdapterEvent) => listeners.tell(event)
  // Other runtimes have no tabs.
  const bus = detectRuntime() === "browser" ? broadcastBus(`isocache indexeddb ${name}`) : undefined
  // A near tier in front of this very adapter receives it, too.
  const forgetAll = () => bus?.publish(dropAll(""))
  const connection = connect(name, forgetAll)
  const limits = bounds({ maxEntries, maxBytes }, emit)
  const { submit, idle } = scheduler(connection, limits, emit, forgetAll)

  const get = (key: string) => submit(getting(key, () => limits.saw(key)))
  const remove = (key: string) => submit(deleting(key))

  const rowFor = (key: string, record: Stored, ttl: number) => {
    try {
      return rowOf(record, ttl)
    } catch (error) {
      throw refused(key, error)
    }
  }

  const set = (key: string, record: Stored, ttl: number) =>
    attempt(() => {
      const operation = setting(key, rowFor(key, record, ttl))
      // A record that would push out all others is not kept.
      const tooLarge = (operation.use?.size ?? 0) > maxBytes
      if (ttl > 0 && !tooLarge) return submit(operation)
      return remove(key).then(() => {
        if (tooLarge) emit({ type: "evict", key })
      })
    })

  return {
    name: "indexeddb",
    medium: "object",
    copy: "own",
    get,
    set,
    delete: remove,
    clear: (prefix) => submit(clearing(prefix)),
    getMany: (keys) => Promise.all(keys.map(get)),
    async setMany(entries) {
      await Promise.all(entries.map(([key, record, ttl]) => set(key, record, ttl)))
    },
    async deleteMany(keys) {
      const answers = await Promise.all(keys.map(remove))
      return answers.filter(Boolean).length
    },
    add: async (key, record, ttl) => submit(adding(key, rowFor(key, record, ttl))),
    async *keys(prefix) {
      let from: IDBValidKey | undefined
      for (;;) {
        const page = await submit(listing(prefix, pageSize, from))
        // Other code may have stored keys of other types.
        yield* page.filter((key) => typeof key === "string")
        if (page.length < pageSize) return
        from = page[page.length - 1]
      }
    },
    async prune(now) {
      for (let sum = 0; ; ) {
        const { dropped, more } = await submit(pruning(now))
        sum += dropped
        if (!more) return sum
      }
    },
    async open() {
      await connection.get()
    },
    async close() {
      await idle()
      await connection.close()
    },
    observe: (listener) => listeners.add(listener),
    ...(bus && { bus }),
    ...(hasLocks() ? { lock: (key: string, ttl: number) => lock(name, key, ttl) } : {}),
  }
}

const rules: Readonly<Record<keyof IndexedDBOptions, Rule>> = {
  name: rule((value) => typeof value === "string", "a text, the name of the database"),
  maxEntries: aCount,
  maxBytes: aCount,
}
