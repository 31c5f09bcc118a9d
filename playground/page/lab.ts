import { CacheWrapper } from "isocache"
import { makeOrigin, type Origin } from "./origin.ts"
import { remote } from "./remote.ts"

/** The cache that "Try it" fires at and "Inspect" looks into, and the origin behind it. */
export interface Lab {
  readonly cache: CacheWrapper
  readonly origin: Origin
  /** Swaps the storage; everything else stays. */
  use(storage: string): void
}

export function makeLab(): Lab {
  const cache = new CacheWrapper({ adapter: "memory", prefix: "playground" })
  return {
    cache,
    origin: makeOrigin(),
    use(storage) {
      if (storage === "indexeddb") cache.use("indexeddb", { name: "isocache playground", near: true })
      else if (storage === "kv") cache.use(remote("/kv/"))
      else cache.use(storage === "none" ? "none" : "memory")
    },
  }
}
