import { CacheWrapper } from "isocache"
import { makeOrigin, type Origin } from "./origin.ts"
import { remote } from "./remote.ts"

/** The cache that "Try it" fires at and "Inspect" looks into, and the origin behind it. */
export interface Lab {
  readonly cache: CacheWrapper
  readonly origin: Origin
  /** The title of the storage in use. */
  readonly storage: string
  /** Swaps the storage; everything else stays. */
  use(id: string): void
}

/** A storage to choose. */
export interface Choice {
  readonly id: string
  readonly title: string
  /** What this browser lacks for it. */
  readonly lacks?: string
}

/** Every adapter there is; those that cannot be had here say why. */
export function storages(): Choice[] {
  const noDatabase = typeof indexedDB === "undefined" ? { lacks: "not in this browser" } : {}
  return [
    { id: "memory", title: "memory (S3-FIFO)" },
    { id: "lru", title: "memory (LRU)" },
    { id: "indexeddb", title: "IndexedDB with memory near", ...noDatabase },
    { id: "indexeddb-bare", title: "IndexedDB alone", ...noDatabase },
    { id: "kv", title: "the Worker’s KV, by its routes" },
    { id: "kv-near", title: "the Worker’s KV with memory near" },
    { id: "none", title: "none (keeps nothing)" },
    { id: "sqlite", title: "sqlite", lacks: "Node, Deno, Bun" },
    { id: "upstash", title: "upstash", lacks: "needs a Redis" },
  ]
}

/** A lab over memory, its origin in working order. */
export function makeLab(): Lab {
  const cache = new CacheWrapper({ adapter: "memory", prefix: "playground" })
  const name = "isocache playground"
  let chosen = "memory"
  return {
    cache,
    origin: makeOrigin(),
    get storage() {
      return storages().find(({ id }) => id === chosen)?.title ?? chosen
    },
    use(id) {
      chosen = id
      if (id === "indexeddb") cache.use("indexeddb", { name, near: true })
      else if (id === "indexeddb-bare") cache.use("indexeddb", { name, near: false })
      else if (id === "kv") cache.use(remote("/kv/"))
      else if (id === "kv-near") cache.use(remote("/kv/"), { near: true })
      else if (id === "none") cache.use("none")
      else cache.use("memory", { policy: id === "lru" ? "lru" : "s3-fifo" })
    },
  }
}
