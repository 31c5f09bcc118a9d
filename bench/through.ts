// Ten million keys through a memory that keeps 100 000: neither time nor heap may grow.
//   node --expose-gc bench/through.ts [keys=10000000]
import { LRUCache } from "lru-cache"
import { memory } from "../dist/adapters/memory.js"
import { CacheWrapper } from "../dist/core.js"
import { duration, table, wall } from "./measure.ts"

const keys = Number(process.argv[2] ?? 1e7)
const bound = 100_000
const parts = 10

type Set = (key: string, value: object) => unknown
/** How many keys each takes: as many as ten million in a time that can be waited for. */
const contenders: Readonly<Record<string, readonly [count: number, make: () => Set]>> = {
  "memory() alone": [
    keys,
    () => {
      const adapter = memory({ maxEntries: bound })
      return (key, value) => adapter.set(key, value, 300_000)
    },
  ],
  "lru-cache, ttl": [
    keys / 5,
    () => {
      const cache = new LRUCache<string, object>({ max: bound, ttl: 300_000 })
      return (key, value) => cache.set(key, value)
    },
  ],
  "isocache set, default isolation": [
    keys / 5,
    () => {
      const cache = new CacheWrapper({ adapter: memory({ maxEntries: bound }) })
      return (key, value) => cache.set(key, value)
    },
  ],
}

function heap(): number {
  if (!globalThis.gc) throw new Error("run with --expose-gc")
  globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

/** Time a key in the first tenth, the fifth and the last, and MiB above the start after each. */
async function through(count: number, set: Set): Promise<string[]> {
  const before = heap()
  const cells: string[] = []
  const step = count / parts
  for (let part = 0; part < parts; part++) {
    const startedAt = wall()
    for (let i = part * step; i < (part + 1) * step; i++) {
      const answer = set(`user:${i}`, { id: i, name: "user" })
      if (answer instanceof Promise) await answer
    }
    const ns = (wall() - startedAt) / step
    if (part === 0 || part === 4 || part === parts - 1) {
      cells.push(`${duration(ns)}, ${(heap() - before).toFixed(0)} MiB`)
    }
  }
  return cells
}

const rows: string[][] = []
for (const [name, [count, make]] of Object.entries(contenders)) {
  rows.push([name, count.toLocaleString("en"), ...(await through(count, make()))])
}
console.log(
  table(
    [`set of a new key, ${bound.toLocaleString("en")} kept`, "keys", "first tenth", "fifth", "last"],
    rows,
  ),
)
process.exit(0)
