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
  /** The database's name. Caches of one name share their entries. Default "isocache". */
  readonly name?: string | undefined
  /** How many entries it keeps, about; the least recently used go first. `Infinity` lifts it. Default 10 000. */
  readonly maxEntries?: number | undefined
  /** How many bytes it keeps, about, by estimate. Default `Infinity`: the browser's quota is the bound. */
  readonly maxBytes?: number | undefined
}

const pageSize = 512

/**
 * Keeps records in the browser's IndexedDB, structured as they are: in pages, workers and service workers.
 *
 * What is asked in one turn goes into one transaction, and counts once that is complete. A connection that was lost is
 * made anew; where that fails, memory stands in, `observe` hears of it, and the database is tried again 30 s later.
 * Keys that were written meanwhile are then removed there. What they were set to is lost, for others may have replaced
 * it. Where the database never opened, every call rejects. When the quota is reached, what has expired and then the
 * least recently used tenth make room. Leases, by Web Locks, hold across tabs and workers; without Web Locks there is
 * no `lock`. The caches over one database tell each other what they write, in all tabs and workers.
 *
 * @param options.name - The database. Default "isocache".
 * @param options.maxEntries - About how many entries it keeps. Default 10 000.
 * @param options.maxBytes - About how many bytes it keeps, by estimate. Default `Infinity`.
 * @throws {CacheError} `ADAPTER_OPTIONS` on an unknown or wrong option; `ADAPTER_UNAVAILABLE` (from its methods)
 * where there is no IndexedDB or it does not open.
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
  // Elsewhere there are no other tabs.
  const bus = detectRuntime() === "browser" ? broadcastBus(`isocache indexeddb ${name}`) : undefined
  // A near tier in front of this very adapter hears it too.
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
      // What would push out all the rest is not kept.
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
        // Others may have put keys of their own kind into the store.
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
