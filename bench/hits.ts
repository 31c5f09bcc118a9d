// A hit beside the peers', interleaved in one run: the ratio to an awaited Map.get with Date.now.
//   node bench/hits.ts [rounds=25]        after npm run build and npm ci --prefix bench
import { setTimeout as sleep } from "node:timers/promises"
import { memory } from "../dist/adapters/memory.js"
import { CacheWrapper } from "../dist/core.js"
import { duration, median, times as ratio, table, wall } from "./measure.ts"

const rounds = Number(process.argv[2] ?? 25)
const calls = 10_000

type Value = object
/** Fills a cache with `values` and answers how to ask it for one. */
type Contender = (values: ReadonlyMap<string, Value>) => Promise<(key: string) => unknown>

const hour = 3_600_000
const leftOut = new Set<string>()

const contenders: Readonly<Record<string, Contender>> = {
  "awaited Map + Date.now": async (values) => {
    const map = new Map([...values].map(([key, value]) => [key, { value, until: Date.now() + hour }]))
    return (key) => {
      const entry = map.get(key)
      return entry && Date.now() < entry.until ? entry.value : undefined
    }
  },
  "isocache get, by reference": async (values) => {
    const cache = await filled(values, "none")
    return (key) => cache.get(key)
  },
  "isocache getOrSet, by reference": async (values) => {
    const cache = await filled(values, "none")
    const load = () => ({})
    return (key) => cache.getOrSet(key, load)
  },
  "isocache get": async (values) => {
    const cache = await filled(values, "clone")
    return (key) => cache.get(key)
  },
  "isocache getOrSet": async (values) => {
    const cache = await filled(values, "clone")
    const load = () => ({})
    return (key) => cache.getOrSet(key, load)
  },
  "isocache get, entries with two tags each": async (values) => {
    const cache = await filled(values, "clone", (key) => ["all", `own ${key}`])
    return (key) => cache.get(key)
  },
  "isocache getOrSet, all options given": async (values) => {
    const cache = await filled(values, "clone")
    const load = () => ({})
    const options = {
      ttl: hour,
      grace: hour,
      jitter: 0,
      tags: [],
      softTimeout: Infinity,
      hardTimeout: Infinity,
      storeTimeout: 2000,
      early: 0,
      lease: true,
      leaseTtl: 30_000,
      maxAge: Infinity,
      fresh: false,
    }
    return (key) => cache.getOrSet(key, load, options)
  },
  "structuredClone of a Map's value": async (values) => (key) => structuredClone(values.get(key)),
  "lru-cache.fetch": async (values) => {
    const { LRUCache } = await import("lru-cache")
    const cache = new LRUCache<string, Value>({
      max: 20_000,
      ttl: hour,
      fetchMethod: async (key) => values.get(key),
    })
    for (const [key, value] of values) cache.set(key, value)
    return (key) => cache.fetch(key)
  },
  "layered-loader": async (values) => {
    const { Loader } = await import("layered-loader")
    const loader = new Loader<Value>({
      inMemoryCache: { cacheType: "lru-object", ttlInMsecs: hour, maxItems: 20_000 },
      dataSources: [{ name: "values", get: async (key: string) => values.get(key) }] as never,
    })
    for (const key of values.keys()) await loader.get(key)
    return (key) => loader.get(key)
  },
  "p-memoize": async (values) => {
    const { default: pMemoize } = await import("p-memoize")
    const load = pMemoize(async (key: string) => values.get(key))
    for (const key of values.keys()) await load(key)
    return load
  },
  "async-cache-dedupe": async (values) => {
    const { createCache } = await import("async-cache-dedupe")
    const cache = createCache({ ttl: 3600, storage: { type: "memory", options: { size: 20_000 } } })
    cache.define("value", async (key: string) => values.get(key))
    const { value } = cache as unknown as { value(key: string): Promise<unknown> } // define made it
    for (const key of values.keys()) await value(key)
    return (key) => value(key)
  },
  cachified: async (values) => {
    const { cachified } = await import("@epic-web/cachified")
    const cache = new Map()
    const get = (key: string) => cachified({ key, cache, ttl: hour, getFreshValue: () => values.get(key) })
    for (const key of values.keys()) await get(key)
    return get
  },
  "cache-manager": async (values) => {
    const { createCache } = await import("cache-manager")
    const cache = createCache({ ttl: hour })
    for (const [key, value] of values) await cache.set(key, value)
    return (key) => cache.get(key)
  },
  ocache: async (values) => {
    const { defineCachedFunction } = await import("ocache")
    const get = defineCachedFunction(async (key: string) => values.get(key), {
      maxAge: 3600,
      getKey: (key: string) => key,
      name: "bench",
    })
    for (const key of values.keys()) await get(key)
    return get
  },
  bentocache: async (values) => {
    const { BentoCache, bentostore } = await import("bentocache")
    const { memoryDriver } = await import("bentocache/drivers/memory")
    const cache = new BentoCache({
      default: "memory",
      stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 20_000 })) },
    })
    for (const [key, value] of values) await cache.set({ key, value, ttl: hour })
    return (key) => cache.get({ key })
  },
  unstorage: async (values) => {
    const { createStorage } = await import("unstorage")
    const storage = createStorage()
    for (const [key, value] of values) await storage.setItem(key, value as never)
    return (key) => storage.getItem(key)
  },
  keyv: async (values) => {
    const { Keyv } = await import("keyv")
    const keyv = new Keyv({ ttl: hour })
    for (const [key, value] of values) await keyv.set(key, value)
    return (key) => keyv.get(key)
  },
  cacheable: async (values) => {
    const { Cacheable } = await import("cacheable")
    const cache = new Cacheable({ ttl: hour })
    for (const [key, value] of values) await cache.set(key, value)
    return (key) => cache.get(key)
  },
  "query-core": async (values) => {
    const { QueryClient } = await import("@tanstack/query-core")
    const client = new QueryClient({ defaultOptions: { queries: { staleTime: hour, gcTime: hour } } })
    for (const [key, value] of values) client.setQueryData([key], value)
    return (key) => client.fetchQuery({ queryKey: [key], queryFn: () => values.get(key) })
  },
}

async function filled(
  values: ReadonlyMap<string, Value>,
  copy: "clone" | "none",
  tags: (key: string) => readonly string[] = () => [],
): Promise<CacheWrapper> {
  const cache = new CacheWrapper({ adapter: memory({ maxEntries: 20_000, copy }), ttl: hour })
  await cache.setMany(Array.from(values, ([key, value]) => [key, value, { tags: tags(key) }] as const))
  return cache
}

const small = (i: number) => ({ id: i, name: `user ${i}`, active: true })
const big = (i: number) => ({
  id: i,
  items: Array.from({ length: 100 }, (_, at) => ({
    id: at,
    title: `An item with a title of some length ${at}`,
    price: at * 1.5,
    tags: ["a", "b", "c"],
    stock: { here: at, there: 2 },
  })),
})

/** Nanoseconds a call, the medians of interleaved rounds. */
async function measure(keys: number, make: (i: number) => Value): Promise<Map<string, number>> {
  const values = new Map(Array.from({ length: keys }, (_, i) => [`user:${i}`, make(i)]))
  const names = [...values.keys()]
  const asks = new Map<string, (key: string) => unknown>()
  for (const [name, contender] of Object.entries(contenders)) {
    try {
      asks.set(name, await contender(values))
    } catch (error) {
      const [reason] = String(error).split("\n")
      leftOut.add(`${name} is left out: ${reason}`)
    }
  }
  const times = new Map<string, number[]>([...asks.keys()].map((name) => [name, []]))
  const slow = new Set<string>()
  for (let round = 0; round < rounds + 2; round++) {
    // In another order each round: what one leaves to the garbage collector, who comes next pays for.
    const order = Array.from(asks, (one) => ({ one, at: Math.random() })).sort((a, b) => a.at - b.at)
    for (const {
      one: [name, ask],
    } of order) {
      const count = slow.has(name) ? calls / 40 : calls
      const startedAt = wall()
      for (let i = 0; i < count; i++) await ask(names[i % keys] ?? "")
      const ns = (wall() - startedAt) / count
      if (ns > 20_000) slow.add(name)
      if (round >= 2) times.get(name)?.push(ns)
    }
    await sleep(0)
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]))
}

const columns: readonly (readonly [title: string, keys: number, make: (i: number) => Value])[] = [
  ["3 fields, 64 keys", 64, small],
  ["3 fields, 10 000 keys", 10_000, small],
  ["16 kB, 64 keys", 64, big],
]
const results: Map<string, number>[] = []
for (const [, keys, make] of columns) results.push(await measure(keys, make))

const rows = [...(results[0]?.keys() ?? [])].map((name) => {
  const cells = results.map((times) => {
    const ns = times.get(name) ?? Number.NaN
    return `${duration(ns)}, ${ratio(ns, times.get("awaited Map + Date.now") ?? Number.NaN)}`
  })
  return [name, ...cells]
})
console.log(table(["an awaited hit", ...columns.map(([title]) => title)], rows))
for (const line of leftOut) console.log(`\n${line}`)
process.exit(0)
