// What isocache and its peers do in the same few situations, each tried on the library itself, in memory.
//   node bench/peers.ts        after npm run build and npm ci --prefix bench
import { isDeepStrictEqual } from "node:util"
import { CacheWrapper } from "../dist/index.js"

type Load = () => Promise<unknown>

/** The least that the situations need; what a library cannot say is left out. */
interface Peer {
  getOrSet(key: string, load: Load): Promise<unknown>
  delete?(key: string): Promise<unknown>
  /** A cache whose entries live for 60 days. */
  long?(): Promise<Pick<Peer, "getOrSet">>
}

const minute = 60_000
const days = 60 * 24 * 60 * minute

const peers: Readonly<Record<string, (ttl?: number) => Promise<Peer>>> = {
  isocache: async (ttl = minute) => {
    const cache = new CacheWrapper({ ttl })
    return { getOrSet: (key, load) => cache.getOrSet(key, load), delete: (key) => cache.delete(key) }
  },
  bentocache: async (ttl = minute) => {
    const { BentoCache, bentostore } = await import("bentocache")
    const { memoryDriver } = await import("bentocache/drivers/memory")
    const stores = { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 1000 })) }
    const cache = new BentoCache({ default: "memory", stores, ttl })
    return {
      getOrSet: (key, factory) => cache.getOrSet({ key, factory }),
      delete: (key) => cache.delete({ key }),
    }
  },
  cacheable: async (ttl = minute) => {
    const { Cacheable } = await import("cacheable")
    const cache = new Cacheable({ ttl })
    return { getOrSet: (key, load) => cache.getOrSet(key, load), delete: (key) => cache.delete(key) }
  },
  "cache-manager": async (ttl = minute) => {
    const { createCache } = await import("cache-manager")
    const cache = createCache({ ttl })
    return { getOrSet: (key, load) => cache.wrap(key, load), delete: (key) => cache.del(key) }
  },
  cachified: async (ttl = minute) => {
    const { cachified } = await import("@epic-web/cachified")
    const cache = new Map()
    return {
      getOrSet: (key, getFreshValue) => cachified({ key, cache, ttl, getFreshValue }),
      delete: async (key) => cache.delete(key),
    }
  },
  ocache: async (ttl = minute) => {
    const { defineCachedFunction } = await import("ocache")
    const loads = new Map<string, Load>()
    const ask = defineCachedFunction((key: string) => loads.get(key)?.(), {
      maxAge: ttl / 1000,
      swr: false,
      getKey: (key: string) => key,
      name: `peer ${Math.random()}`,
    })
    return { getOrSet: (key, load) => Promise.resolve(loads.set(key, load) && ask(key)) }
  },
  "lru-cache": async (ttl = minute) => {
    const { LRUCache } = await import("lru-cache")
    const cache = new LRUCache<string, object, Load>({
      max: 1000,
      ttl,
      fetchMethod: (_key, _stale, { context }) => context() as Promise<object>,
    })
    return {
      getOrSet: (key, load) => cache.fetch(key, { context: load }),
      delete: async (key) => cache.delete(key),
    }
  },
  "async-cache-dedupe": async (ttl = minute) => {
    const { createCache } = await import("async-cache-dedupe")
    const loads = new Map<string, Load>()
    const cache = createCache({ ttl: ttl / 1000, storage: { type: "memory" } })
    cache.define("value", async (key: string) => loads.get(key)?.())
    const { value } = cache as unknown as { value(key: string): Promise<unknown> } // define made it
    return {
      getOrSet: (key, load) => (loads.set(key, load), value(key)),
      delete: (key) => cache.clear("value", key),
    }
  },
  "query-core": async (ttl = minute) => {
    const { QueryClient } = await import("@tanstack/query-core")
    const client = new QueryClient({
      defaultOptions: { queries: { staleTime: ttl, gcTime: ttl, retry: false } },
    })
    return {
      getOrSet: (key, queryFn) => client.fetchQuery({ queryKey: [key], queryFn }),
      delete: async (key) => client.removeQueries({ queryKey: [key] }),
    }
  },
}

/** A load that ends when it is told to. */
function gate() {
  let open = (_value: unknown): void => {}
  const ended = new Promise((resolve) => {
    open = resolve
  })
  return { load: () => ended, open }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const situations: Readonly<
  Record<string, (peer: Peer, make: (ttl?: number) => Promise<Peer>) => Promise<boolean | undefined>>
> = {
  "100 callers at once, one load": async (peer) => {
    const { load, open } = gate()
    let runs = 0
    const calls = Array.from({ length: 100 }, () => peer.getOrSet("k", () => (runs++, load())))
    await sleep(20)
    open({ n: 1 })
    await Promise.race([Promise.all(calls), sleep(1000)])
    return runs === 1
  },
  "a delete during a load wins over its late result": async (peer) => {
    if (!peer.delete) return undefined
    const first = gate()
    const answer = peer.getOrSet("k", first.load).catch(() => {})
    await sleep(20)
    await peer.delete("k")
    first.open({ old: true })
    await answer
    return isDeepStrictEqual(await peer.getOrSet("k", async () => ({ old: false })), { old: false })
  },
  "who asks after that delete gets a new load": async (peer) => {
    if (!peer.delete) return undefined
    const first = gate()
    const answer = peer.getOrSet("k", first.load).catch(() => {})
    await sleep(20)
    await peer.delete("k")
    const later = peer.getOrSet("k", async () => ({ old: false })).catch(() => {})
    await sleep(20)
    first.open({ old: true })
    await answer
    return isDeepStrictEqual(await later, { old: false })
  },
  "a caller who changes what he got changes nothing": async (peer) => {
    const load = async () => ({ list: [1] })
    const got = (await peer.getOrSet("k", load)) as { list: number[] } // what load gives
    got.list.push(2)
    return isDeepStrictEqual(await peer.getOrSet("k", load), { list: [1] })
  },
  "Date, Map, bigint and undefined come back": async (peer) => {
    const value = () => ({ at: new Date(5), map: new Map([["a", 1n]]), nothing: undefined })
    await peer.getOrSet("k", async () => value())
    return isDeepStrictEqual(await peer.getOrSet("k", async () => "loaded again"), value())
  },
  "null and undefined are values": async (peer) => {
    let runs = 0
    for (const value of [null, undefined])
      for (let i = 0; i < 2; i++) await peer.getOrSet(String(value), async () => (runs++, value))
    return runs === 2
  },
  "an error reaches all, and is not kept": async (peer) => {
    const error = new Error("no")
    const fails = () => peer.getOrSet("k", () => Promise.reject(error)).catch((caught) => caught)
    const caught = await Promise.all([fails(), fails()])
    const isIt = (one: unknown) => one === error || (one instanceof Error && one.cause === error)
    return caught.every(isIt) && (await peer.getOrSet("k", async () => 1)) === 1
  },
  "60 days are 60 days": async (_, make) => {
    const peer = await make(days)
    await peer.getOrSet("k", async () => ({ first: true }))
    await sleep(50)
    return isDeepStrictEqual(await peer.getOrSet("k", async () => ({ first: false })), { first: true })
  },
}

const rows: string[] = []
process.on("unhandledRejection", () => {})
for (const [title, situation] of Object.entries(situations)) {
  const cells: string[] = []
  for (const make of Object.values(peers)) {
    const answer = await Promise.race([make().then((peer) => situation(peer, make)), sleep(3000)]).catch(
      () => false,
    )
    cells.push(answer === undefined ? "–" : answer === true ? "yes" : "no")
  }
  rows.push(`| ${title} | ${cells.join(" | ")} |`)
}
console.log(`| in memory, default settings | ${Object.keys(peers).join(" | ")} |`)
console.log(
  `|---|${Object.keys(peers)
    .map(() => "---")
    .join("|")}|`,
)
console.log(rows.join("\n"))
process.exit(0)
