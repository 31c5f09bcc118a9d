// What 10 000 concurrent misses of one key cost beside their one load, and a stale hit beside a fresh one.
import { memory } from "../dist/adapters/memory.js"
import { CacheWrapper } from "../dist/core.js"

const median = (all: number[]) => all.sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN

const burst: number[] = []
for (let round = 0; round < 30; round++) {
  const cache = new CacheWrapper({ adapter: memory() })
  let loads = 0
  const load = async () => ++loads
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: 10_000 }, () => cache.getOrSet("key", load)))
  burst.push(performance.now() - startedAt)
  if (loads !== 1) throw new Error(`${loads} loads`)
}

async function perCall(count: number, run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  for (let i = 0; i < count; i++) await run()
  return ((performance.now() - startedAt) * 1e6) / count
}

const cache = new CacheWrapper({ adapter: memory({ copy: "none" }) })
await cache.set("fresh", { id: 1 }, { ttl: "1h" })
await cache.set("stale", { id: 1 }, { ttl: 1, grace: "1h" })
await new Promise((resolve) => setTimeout(resolve, 5))
const never = () => new Promise<object>(() => {})
const fresh: number[] = []
const stale: number[] = []
for (let round = 0; round < 15; round++) {
  fresh.push(await perCall(20_000, () => cache.getOrSet("fresh", never, { softTimeout: 0 })))
  stale.push(await perCall(20_000, () => cache.getOrSet("stale", never, { softTimeout: 0 })))
}

console.log("| what | median |")
console.log("|---|---|")
console.log(`| 10 000 concurrent misses of one key, one load | ${median(burst).toFixed(1)} ms |`)
console.log(`| a hit | ${median(fresh).toFixed(0)} ns |`)
console.log(
  `| a stale hit with softTimeout 0, its refresh running | ${median(stale).toFixed(0)} ns, ${(median(stale) / median(fresh)).toFixed(2)} × |`,
)
process.exit(0)
