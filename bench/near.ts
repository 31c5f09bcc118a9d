// A hit in the near tier beside a hit in memory: target within 10 %. node bench/near.ts [rounds=21]
import { memory } from "../dist/adapters/memory.js"
import { sqlite } from "../dist/adapters/sqlite.js"
import { CacheWrapper } from "../dist/core.js"
import { memoryBus, tiered } from "../dist/tiers.js"
import { interleaved, ratios, type Way } from "./measure.ts"

const rounds = Number(process.argv[2] ?? 21)
const keys = Array.from({ length: 64 }, (_, i) => `user:${i}`)

/** As long as the bench runs: by default a copy is asked for anew after 5 seconds. */
const hour = { near: { maxAge: "1h" } }

/** An adapter of four methods over a `Map` of bytes, as another process's storage would be: it answers later. */
function bytesMap() {
  const map = new Map<string, Uint8Array>()
  return {
    name: "bytes",
    medium: "bytes" as const,
    get: async (key: string) => map.get(key),
    async set(key: string, record: Uint8Array) {
      map.set(key, record)
    },
    delete: async (key: string) => map.delete(key),
    async clear(prefix: string) {
      for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key)
    },
  }
}

interface Case {
  readonly cache: CacheWrapper
  /** Who has written the entries: the cache itself, or another one on the same storage. */
  readonly writer: CacheWrapper
}

/** `writer` "other": what is near came from far, decoded. */
function before(far: object, writer: "self" | "other", options: object = hour): Case {
  const cache = new CacheWrapper({ adapter: far, ...options })
  return { cache, writer: writer === "self" ? cache : new CacheWrapper({ adapter: far }) }
}

const bytes = bytesMap()
const tiers = tiered({ near: memory(), far: bytes, bus: memoryBus(), maxAge: "1h" })
const cases: Readonly<Record<string, Case>> = {
  memory: before(memory(), "self", {}),
  "near, before sqlite, written here": before(sqlite({ path: ":memory:" }), "self"),
  "near, before sqlite, read from it": before(sqlite({ path: ":memory:" }), "other"),
  "near, before bytes, written here": before(bytesMap(), "self"),
  "near, before bytes, read from them": before(bytesMap(), "other"),
  "near with a bus, read from bytes": {
    cache: new CacheWrapper({ adapter: tiers }),
    writer: new CacheWrapper({ adapter: bytes }),
  },
  "no near tier: sqlite": before(sqlite({ path: ":memory:" }), "self", {}),
}

const load = () => ({ id: 0, name: "", active: false })
const gets: Record<string, Way> = {}
const loads: Record<string, Way> = {}
for (const [name, { cache, writer }] of Object.entries(cases)) {
  for (const [id, key] of keys.entries()) {
    await writer.set(key, { id, name: `user ${id}`, active: true }, { ttl: "1h" })
    if ((await cache.get(key))?.id !== id) throw new Error(`${name} has lost ${key}`)
  }
  gets[name] = (i) => cache.get(keys[i & 63])
  loads[name] = (i) => cache.getOrSet(keys[i & 63], load)
}

console.log(ratios("get", await interleaved(gets, { rounds })))
console.log()
console.log(ratios("getOrSet", await interleaved(loads, { rounds })))
process.exit(0)
