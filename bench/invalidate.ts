// Invalidation of tags and regions with ever more entries: it must stay O(1).
//   node bench/invalidate.ts [most=1000000]
// Beside it what has to touch every entry: clear(), and a peer that keeps the keys of each tag.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createCache } from "async-cache-dedupe"
import { memory } from "../dist/adapters/memory.js"
import { sqlite } from "../dist/adapters/sqlite.js"
import { CacheWrapper } from "../dist/core.js"
import { duration, median, table, timed } from "./measure.ts"

const sizes = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= Number(process.argv[2] ?? 1e6))
/** Each entry has one tag of so many and lies in one region of as many, so every call ends living entries. */
const groups = 50
const folder = mkdtempSync(join(tmpdir(), "isocache-bench-"))

interface Found {
  readonly fill: number
  readonly tags: number
  readonly region: number
  readonly soft: number
  readonly clear: number
}

/** Nanoseconds of each verb on a cache of `size` entries. */
async function ours(cache: CacheWrapper, size: number): Promise<Found> {
  const perRegion = size / groups
  const regions = Array.from({ length: groups }, (_, r) => cache.region(`region ${r}`))
  const fill = await timed(async () => {
    for (const region of regions) {
      for (let from = 0; from < perRegion; from += 5000) {
        const entries = Array.from({ length: Math.min(5000, perRegion - from) }, (_, i) => {
          const id = from + i
          return [`user:${id}`, { id, name: "user" }, { ttl: "1d", tags: [`tag ${id % groups}`] }] as const
        })
        await region.setMany(entries)
      }
    }
  })
  if ((await regions[3]?.get("user:1"))?.id !== 1) throw new Error("an entry is missing")
  const each = async (work: (i: number) => Promise<void>, from = 0, to = groups) => {
    const all: number[] = []
    for (let i = from; i < to; i++) all.push(await timed(() => work(i)))
    return median(all) * 1e6
  }
  // Tags of a region are its own: the tag goes in each of them in turn.
  const tags = await each((i) => regions[i]?.invalidateTags(`tag ${i % groups}`))
  if ((await regions[3]?.get("user:3")) !== undefined) throw new Error("an entry has outlived its tag")
  const soft = await each((i) => regions[i]?.invalidate({ mode: "soft" }), 0, groups / 2)
  const region = await each((i) => regions[i]?.invalidate(), groups / 2)
  if ((await regions[groups - 1]?.get("user:2")) !== undefined)
    throw new Error("an entry has outlived its region")
  const clear = (await timed(() => cache.clear())) * 1e6
  await cache.close()
  return { fill: (fill * 1e6) / size, tags, region, soft, clear }
}

/** async-cache-dedupe in memory, which keeps the keys of each reference. */
async function dedupe(size: number): Promise<number> {
  const cache = createCache({
    ttl: 3600,
    storage: { type: "memory", options: { size: size * 2, invalidation: true } },
  })
  cache.define("user", { references: (id: number) => [`tag ${id % groups}`] }, async (id: number) => ({ id }))
  const { user } = cache as unknown as { user(id: number): Promise<unknown> } // define made it
  for (let id = 0; id < size; id++) await user(id)
  const all: number[] = []
  for (let i = 0; i < groups; i++) all.push(await timed(() => cache.invalidateAll(`tag ${i}`)))
  return median(all) * 1e6
}

const rows: (string | number)[][] = []
for (const size of sizes) {
  const row = (name: string, { tags, soft, region, clear, fill }: Found) =>
    rows.push([
      name,
      size.toLocaleString("en"),
      duration(tags),
      duration(soft),
      duration(region),
      duration(clear),
      duration(fill),
    ])
  row("memory", await ours(new CacheWrapper({ adapter: memory({ maxEntries: size + 1000 }) }), size))
  const path = join(folder, `${size}.sqlite`)
  const adapter = sqlite({ path, maxEntries: size + 1000 })
  row("SQLite, a file", await ours(new CacheWrapper({ adapter }), size))
  await adapter.close()
  if (size <= 100_000) {
    const tags = duration(await dedupe(size))
    rows.push(["async-cache-dedupe, memory", size.toLocaleString("en"), tags, "–", "–", "–", "–"])
  }
}
rmSync(folder, { recursive: true, force: true })
console.log(
  table(
    [
      "",
      "entries",
      "invalidateTags(tag)",
      'invalidate({ mode: "soft" })',
      "invalidate()",
      "clear(), all of them",
      "to fill, an entry",
    ],
    rows,
  ),
)
process.exit(0)
