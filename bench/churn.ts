// Memory under churn: 100 000 entries of 1 kB, new keys all the time, the heap after a collection each minute.
//   node --expose-gc bench/churn.ts [minutes=10]        after npm run build
import { memory } from "../dist/adapters/memory.js"
import { CacheWrapper } from "../dist/core.js"

const minutes = Number(process.argv[2] ?? 10)
const entries = 100_000
const cache = new CacheWrapper({ adapter: memory({ maxEntries: entries }), ttl: "1h" })
const value = (i: number) => ({ id: i, text: `${i}`.padEnd(1000, "x") })
const collect = globalThis.gc ?? (() => console.error("run with --expose-gc"))

let next = 0
for (; next < entries; next++) await cache.set(`key:${next}`, value(next))
const heaps: number[] = []
const measure = () => {
  collect()
  heaps.push(process.memoryUsage().heapUsed / 2 ** 20)
}
measure()
for (let minute = 1; minute <= minutes; minute++) {
  const until = performance.now() + 60_000
  while (performance.now() < until) {
    for (let i = 0; i < 500; i++) {
      await cache.set(`key:${next}`, value(next))
      await cache.get(`key:${next - (i % 1000)}`)
      next++
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  measure()
}
console.log("| minute | heap |")
console.log("|---|---|")
for (const [minute, heap] of heaps.entries()) console.log(`| ${minute} | ${heap.toFixed(0)} MiB |`)
console.log(`\n${(next - entries).toLocaleString("en")} keys came and went.`)
