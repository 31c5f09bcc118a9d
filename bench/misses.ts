// A miss that loads and stores, beside peers; 10 000 concurrent misses of one key; a stale hit beside a fresh one.
//   node bench/misses.ts [rounds=45]
import { memory } from "../dist/adapters/memory.js"
import { CacheWrapper } from "../dist/core.js"
import { duration, interleaved, median, ratios, table, times, type Way, wall } from "./measure.ts"

const rounds = Number(process.argv[2] ?? 45)
const hour = 3_600_000
const maxEntries = 10_000
const load = async () => ({ id: 1, name: "user", active: true })

/** Each call asks for a key that nobody has asked for. */
async function misses(): Promise<Record<string, Way>> {
  const { LRUCache } = await import("lru-cache")
  const { Loader } = await import("layered-loader")
  const { cachified } = await import("@epic-web/cachified")
  const { createCache } = await import("async-cache-dedupe")
  const { BentoCache, bentostore } = await import("bentocache")
  const { memoryDriver } = await import("bentocache/drivers/memory")
  let next = 0
  const key = () => `user:${next++}`
  const clones = new CacheWrapper({ adapter: memory({ maxEntries }), ttl: hour })
  const references = new CacheWrapper({ adapter: memory({ maxEntries, copy: "none" }), ttl: hour })
  const lru = new LRUCache<string, object>({ max: maxEntries, ttl: hour, fetchMethod: load })
  const map = new LRUCache<string, object>({ max: maxEntries, ttl: hour })
  const loader = new Loader<object>({
    inMemoryCache: { cacheType: "lru-object", ttlInMsecs: hour, maxItems: maxEntries },
    dataSources: [{ name: "values", get: load }] as never, // The type wants a class of its own.
  })
  const dedupe = createCache({ ttl: 3600, storage: { type: "memory", options: { size: maxEntries } } })
  dedupe.define("value", load)
  const { value } = dedupe as unknown as { value(key: string): Promise<unknown> } // define made it
  const bento = new BentoCache({
    default: "memory",
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: maxEntries })) },
  })
  return {
    "a bare load, stored in lru-cache": async () => {
      const loaded = await load()
      map.set(key(), loaded)
      return loaded
    },
    "isocache getOrSet": () => clones.getOrSet(key(), load),
    "isocache getOrSet, by reference": () => references.getOrSet(key(), load),
    "lru-cache.fetch": () => lru.fetch(key()),
    "layered-loader": () => loader.get(key()),
    cachified: () => cachified({ key: key(), cache: map as never, ttl: hour, getFreshValue: load }),
    "async-cache-dedupe": () => value(key()),
    bentocache: () => bento.getOrSet({ key: key(), factory: load, ttl: hour }),
  }
}

/** ns in which 10 000 callers of one key have one load's value. */
async function burst(): Promise<number> {
  const all: number[] = []
  for (let round = 0; round < 30; round++) {
    const cache = new CacheWrapper({ adapter: memory() })
    let loads = 0
    const count = async () => ++loads
    const startedAt = wall()
    await Promise.all(Array.from({ length: 10_000 }, () => cache.getOrSet("key", count)))
    all.push(wall() - startedAt)
    if (loads !== 1) throw new Error(`${loads} loads`)
  }
  return median(all)
}

console.log(
  ratios("a miss, its load and its write", await interleaved(await misses(), { rounds, calls: 2000 })),
)
console.log()

const cache = new CacheWrapper({ adapter: memory({ copy: "none" }) })
await cache.set("fresh", { id: 1 }, { ttl: "1h" })
await cache.set("stale", { id: 1 }, { ttl: 1, grace: "1h" })
await new Promise((resolve) => setTimeout(resolve, 5))
const never = () => new Promise<object>(() => {})
const hits = await interleaved(
  {
    "a hit, softTimeout 0": () => cache.getOrSet("fresh", never, { softTimeout: 0 }),
    "a stale hit, softTimeout 0, its refresh running": () =>
      cache.getOrSet("stale", never, { softTimeout: 0 }),
  },
  { rounds: 15, calls: 10_000 },
)
console.log(ratios("by reference", hits))
console.log()
const [hit = Number.NaN] = hits.values()
const together = await burst()
console.log(
  table(
    ["10 000 concurrent misses of one key, one load", "median", "a caller", "beside a hit"],
    [["isocache", duration(together), duration(together / 10_000), times(together / 10_000, hit)]],
  ),
)
process.exit(0)
