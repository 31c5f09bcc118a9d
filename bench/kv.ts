// Workers KV operations, not time: what each verb costs, beside unstorage on the same double of KV.
//   node bench/kv.ts
import { createStorage } from "unstorage"
import kvDriver from "unstorage/drivers/cloudflare-kv-binding"
import { kv } from "../dist/adapters/kv.js"
import { CacheWrapper } from "../dist/core.js"
import { kvDouble } from "../test/support/kv-double.ts"
import { table } from "./measure.ts"

const double = kvDouble()
const cache = new CacheWrapper({ adapter: kv({ binding: double.kv }), ttl: "1h" })
const theirs = kvDouble()
/** unstorage gives no options to get, where the double wants the type of what is read. */
const plain = {
  ...theirs.kv,
  get: async (name: string) => (await theirs.kv.getWithMetadata(name, { type: "text" }))?.value ?? null,
}
const storage = createStorage({ driver: kvDriver({ binding: plain as never }) })

const keys = (count: number) => Array.from({ length: count }, (_, i) => `user:${i}`)
const value = { id: 1, name: "user" }
const rows: string[][] = []

/** The operations of `work`, added up by kind. A first run has learnt the version tokens, once a minute. */
async function count(log: string[], work: (() => Promise<unknown>) | undefined): Promise<string> {
  if (work === undefined) return "–"
  await work()
  const before = log.length
  await work()
  const kinds = new Map<string, number>()
  for (const line of log.slice(before)) {
    const [kind = ""] = line.split(" ")
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  return (
    [...kinds].map(([kind, times]) => `${times} ${kind === "getMany" ? "bulk get" : kind}`).join(", ") || "0"
  )
}

async function row(
  name: string,
  ours: () => Promise<unknown>,
  other?: () => Promise<unknown>,
): Promise<void> {
  rows.push([name, await count(double.log, ours), await count(theirs.log, other)])
}

for (const key of keys(1000)) await storage.setItem(key, value)
await cache.setMany(keys(1000).map((key) => [key, value] as const))
await cache.set("tagged", value, { tags: ["a", "b"] })
if ((await cache.get("user:999"))?.id !== 1) throw new Error("not kept")

await row(
  "get",
  () => cache.get("user:1"),
  () => storage.getItem("user:1"),
)
await row("get of an entry with 2 tags", () => cache.get("tagged"))
await row(
  "getMany of 100",
  () => cache.getMany(keys(100)),
  () => storage.getItems(keys(100)),
)
await row(
  "getMany of 1 000",
  () => cache.getMany(keys(1000)),
  () => storage.getItems(keys(1000)),
)
await row(
  "100 concurrent gets",
  () => Promise.all(keys(100).map((key) => cache.get(key))),
  () => Promise.all(keys(100).map((key) => storage.getItem(key))),
)
await row(
  "set",
  () => cache.set("user:1", value),
  () => storage.setItem("user:1", value),
)
let misses = 0
await row("getOrSet, a miss", () => cache.getOrSet(`new:${misses++}`, () => value))
await row(
  "delete",
  () => cache.delete("user:1"),
  () => storage.removeItem("user:1"),
)
await row("invalidateTags of 3 tags", () => cache.invalidateTags("a", "b", "c"))

console.log(table(["KV operations", "isocache", "unstorage"], rows))
process.exit(0)
