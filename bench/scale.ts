// How every verb on SQLite grows, from a thousand entries to a million.   node bench/scale.ts [most=1000000]
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sqlite } from "../dist/adapters/sqlite.js"
import { CacheWrapper } from "../dist/core.js"
import { duration, median, table, timed } from "./measure.ts"

const sizes = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= Number(process.argv[2] ?? 1e6))
const folder = mkdtempSync(join(tmpdir(), "isocache-bench-"))
const value = (id: number) => ({ id, name: `user ${id}`, text: "x".repeat(100) })
const day = { ttl: "1d" }

function open(name: string): { cache: CacheWrapper; path: string; close(): Promise<void> } {
  const path = join(folder, `${name}.sqlite`)
  const adapter = sqlite({ path, maxEntries: 4e6, maxBytes: Infinity })
  const cache = new CacheWrapper({ adapter })
  const close = async () => {
    await cache.close()
    await adapter.close()
  }
  return { cache, path, close }
}

/** Nanoseconds of one call, the median of `count`; each is timed by itself, so that a checkpoint shows in none. */
async function each(count: number, work: (i: number) => unknown): Promise<number> {
  const all: number[] = []
  for (let i = 0; i < count; i++) all.push(await timed(() => work(i)))
  return median(all) * 1e6
}

/** Every verb at `size` entries, in ns, in the order of the table. */
async function verbs(size: number, from: number, name: string): Promise<string[]> {
  const { cache, path, close } = open("growing")
  const chunk = 10_000
  const filling = await timed(async () => {
    for (let start = from; start < size; start += chunk) {
      const ids = Array.from({ length: Math.min(chunk, size - start) }, (_, i) => start + i)
      await cache.setMany(ids.map((id) => [`user:${id}`, value(id), day] as const))
    }
  })
  // Every 7 919th entry, so that neighbours in the file are not neighbours in time.
  const at = (i: number) => (i * 7919) % size
  if ((await cache.get(`user:${size - 1}`))?.id !== size - 1) throw new Error("an entry is missing")
  const found: number[] = []
  found.push(await each(2000, (i) => cache.get(`user:${at(i)}`)))
  found.push(await each(1000, (i) => cache.get(`nobody:${i}`)))
  found.push(await each(500, (i) => cache.set(`user:${at(i)}`, value(i), day)))
  found.push((filling * 1e6) / (size - from))
  found.push(await each(20, () => cache.prune()))
  await cache.setMany(Array.from({ length: 2000 }, (_, i) => [`short:${i}`, value(i), { ttl: 1 }] as const))
  await new Promise((resolve) => setTimeout(resolve, 5))
  let pruned = 0
  const pruning = await timed(async () => {
    pruned = await cache.prune()
  })
  if (pruned !== 2000) throw new Error(`${pruned} pruned`)
  found.push((pruning * 1e6) / pruned)
  found.push(await each(20, (i) => cache.region(`gone ${i}`).invalidate()))
  const part = cache.region("part")
  await part.setMany(Array.from({ length: 1000 }, (_, i) => [`user:${i}`, value(i), day] as const))
  found.push((await timed(() => part.clear())) * 1e6)
  await close()
  const bytes = statSync(path).size
  copyFileSync(path, join(folder, `${name}.sqlite`))
  const copy = open(name)
  await copy.cache.get("user:0")
  const clearing = await timed(() => copy.cache.clear())
  if ((await copy.cache.get("user:0")) !== undefined) throw new Error("clear left an entry")
  await copy.close()
  rmSync(copy.path)
  found.push(clearing * 1e6)
  return [...found.map(duration), `${(bytes / 1e6).toFixed(1)} MB`]
}

const verbNames = [
  "get, a hit",
  "get, a miss",
  "set",
  "setMany of 10 000, an entry",
  "prune with nothing to do",
  "prune, each of 2 000 expired",
  "invalidate",
  "clear a region of 1 000",
  "clear all",
  "the file",
]
const columns: string[][] = []
let from = 0
for (const [i, size] of sizes.entries()) {
  columns.push(await verbs(size, from, `copy-${i}`))
  from = size
}
rmSync(folder, { recursive: true, force: true })
const sizeNames = sizes.map((size) => `${size.toLocaleString("en")} entries`)
const verbRows = verbNames.map((name, row) => [name, ...columns.map((column) => column[row] ?? "")])
console.log(table(["SQLite, a file, entries of 150 bytes", ...sizeNames], verbRows))
process.exit(0)
