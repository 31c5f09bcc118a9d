// What isocache and its peers do in the same few situations, each tried on the library itself, in memory.
//   node bench/peers.ts        after npm run build and npm ci --prefix bench
import { CacheWrapper } from "../dist/index.js"
import { type Load, minute, type OpenPeer, situations } from "./situations.ts"

const seconds = 1000
const tags = ["t"]

const peers: Readonly<Record<string, OpenPeer>> = {
  isocache: async (ttl = minute, stale) => {
    const cache = new CacheWrapper({ ttl, ...(stale && { grace: stale, softTimeout: 0 }) })
    return {
      getOrSet: (key, load) => cache.getOrSet(key, load),
      delete: (key) => cache.delete(key),
      setTagged: (key, value) => cache.set(key, value, { tags }),
      endTag: () => cache.invalidateTags("t"),
    }
  },
  bentocache: async (ttl = minute, stale) => {
    const { BentoCache, bentostore } = await import("bentocache")
    const { memoryDriver } = await import("bentocache/drivers/memory")
    const stores = { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 1000 })) }
    const later = stale && { grace: stale, timeout: 0 }
    const cache = new BentoCache({ default: "memory", stores, ttl, ...later })
    return {
      getOrSet: (key, factory) => cache.getOrSet({ key, factory }),
      delete: (key) => cache.delete({ key }),
      setTagged: (key, value) => cache.set({ key, value, tags }),
      endTag: () => cache.deleteByTag({ tags }),
    }
  },
  cacheable: async (ttl = minute, stale) => {
    if (stale) return undefined
    const { Cacheable } = await import("cacheable")
    const cache = new Cacheable({ ttl, tags: true })
    return {
      getOrSet: (key, load) => cache.getOrSet(key, load),
      delete: (key) => cache.delete(key),
      setTagged: (key, value) => cache.set(key, value, { tags }),
      endTag: () => cache.tags.invalidateTag("t"),
    }
  },
  "cache-manager": async (ttl = minute, stale) => {
    if (stale) return undefined
    const { createCache } = await import("cache-manager")
    const cache = createCache({ ttl })
    return { getOrSet: (key, load) => cache.wrap(key, load), delete: (key) => cache.del(key) }
  },
  cachified: async (ttl = minute, stale = 0) => {
    const { cachified } = await import("@epic-web/cachified")
    const cache = new Map()
    return {
      getOrSet: (key, getFreshValue) => cachified({ key, cache, ttl, swr: stale, getFreshValue }),
      delete: async (key) => cache.delete(key),
    }
  },
  ocache: async (ttl = minute, stale) => {
    const { defineCachedFunction } = await import("ocache")
    const loads = new Map<string, Load>()
    const ask = defineCachedFunction((key: string) => loads.get(key)?.(), {
      maxAge: ttl / seconds,
      swr: stale !== undefined,
      ...(stale && { staleMaxAge: stale / seconds }),
      getKey: (key: string) => key,
      name: `peer ${Math.random()}`,
    })
    return {
      getOrSet: (key, load) => Promise.resolve(loads.set(key, load) && ask(key)),
      delete: (key) => ask.invalidate(key),
    }
  },
  "lru-cache": async (ttl = minute, stale) => {
    const { LRUCache } = await import("lru-cache")
    const cache = new LRUCache<string, object, Load>({
      max: 1000,
      ttl,
      allowStale: stale !== undefined,
      fetchMethod: (_key, _stale, { context }) => context() as Promise<object>,
    })
    return {
      getOrSet: (key, load) => cache.fetch(key, { context: load }),
      delete: async (key) => cache.delete(key),
    }
  },
  "async-cache-dedupe": async (ttl = minute, stale) => {
    const { createCache } = await import("async-cache-dedupe")
    const loads = new Map<string, Load>()
    const cache = createCache({
      ttl: ttl / seconds,
      ...(stale && { stale: stale / seconds }),
      storage: { type: "memory", options: { invalidation: true } },
    })
    const tagged = new Set<string>()
    const references = (key: string) => (tagged.has(key) ? tags : [])
    cache.define("value", { references }, async (key: string) => loads.get(key)?.())
    const { value } = cache as unknown as { value(key: string): Promise<unknown> } // define made it
    return {
      getOrSet: (key, load) => (loads.set(key, load), value(key)),
      delete: (key) => cache.clear("value", key),
      setTagged: (key, one) => (tagged.add(key), loads.set(key, async () => one), value(key)),
      endTag: () => cache.invalidate("value", tags),
    }
  },
  "query-core": async (ttl = minute, stale) => {
    const { QueryClient } = await import("@tanstack/query-core")
    const client = new QueryClient({
      defaultOptions: { queries: { staleTime: ttl, gcTime: stale ?? ttl, retry: false } },
    })
    return {
      getOrSet: (key, queryFn) =>
        stale
          ? client.ensureQueryData({ queryKey: [key], queryFn, revalidateIfStale: true })
          : client.fetchQuery({ queryKey: [key], queryFn }),
      delete: async (key) => client.removeQueries({ queryKey: [key] }),
    }
  },
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const rows: string[] = []
process.on("unhandledRejection", () => {})
for (const [title, situation] of Object.entries(situations)) {
  const cells: string[] = []
  for (const open of Object.values(peers)) {
    const answer = await Promise.race([situation(open), sleep(4000).then(() => false)]).catch(() => false)
    cells.push(answer === undefined ? "–" : answer ? "yes" : "no")
  }
  rows.push(`| ${title} | ${cells.join(" | ")} |`)
}
console.log(`| in memory | ${Object.keys(peers).join(" | ")} |`)
console.log(
  `|---|${Object.keys(peers)
    .map(() => "---")
    .join("|")}|`,
)
console.log(rows.join("\n"))
process.exit(0)
