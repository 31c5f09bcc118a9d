// HTTP requests and Redis commands, not time: what each verb on Upstash costs, beside @upstash/redis alone and unstorage.
// Counted by a front with Upstash's REST API before a real redis-server (REDIS_SERVER, else /usr/bin).
//   node bench/upstash.ts
import { Redis } from "@upstash/redis"
import { createStorage } from "unstorage"
import upstashDriver from "unstorage/drivers/upstash"
import { upstash } from "../dist/adapters/upstash.js"
import { CacheWrapper } from "../dist/core.js"
import { hasRedis, startRedis } from "../test/support/redis-server.ts"
import { startUpstash } from "../test/support/upstash-rest.ts"
import { table } from "./measure.ts"

if (!hasRedis) {
  console.log("Left out: there is no redis-server here.")
  process.exit(0)
}
const redis = await startRedis()
const front = await startUpstash(redis.port)
const { url, token } = front
const keys = (count: number) => Array.from({ length: count }, (_, i) => `user:${i}`)
const value = { id: 1, name: "user" }
const cache = new CacheWrapper({ adapter: upstash({ url, token }), ttl: "1h" })
const client = new Redis({ url, token, enableTelemetry: false })
const storage = createStorage({ driver: upstashDriver({ url, token, base: "unstorage" }) })

const rows: string[][] = []
/** What `work` asked of the front. A first run opens connections and learns version tokens. */
async function count(work: (() => Promise<unknown>) | undefined): Promise<string> {
  if (work === undefined) return "–"
  await work()
  front.reset()
  await work()
  const { requests, commands } = front.stats
  return `${requests} (${commands})`
}

async function row(
  name: string,
  ours: () => Promise<unknown>,
  bare?: () => Promise<unknown>,
  theirs?: () => Promise<unknown>,
): Promise<void> {
  rows.push([name, await count(ours), await count(bare), await count(theirs)])
}

const all = (count: number, work: (key: string) => Promise<unknown>) => () =>
  Promise.all(keys(count).map(work))
const entries = (count: number) => keys(count).map((key) => [key, value] as const)
await cache.setMany(entries(1000))
if ((await cache.get("user:999"))?.id !== 1) throw new Error("not kept")

await row(
  "get",
  () => cache.get("user:1"),
  () => client.get("user:1"),
  () => storage.getItem("user:1"),
)
await row(
  "100 concurrent gets",
  all(100, (key) => cache.get(key)),
  all(100, (key) => client.get(key)),
  all(100, (key) => storage.getItem(key)),
)
await row(
  "getMany of 1 000",
  () => cache.getMany(keys(1000)),
  () => client.mget(keys(1000)),
  () => storage.getItems(keys(1000)),
)
await row(
  "set",
  () => cache.set("user:1", value),
  () => client.set("user:1", value),
  () => storage.setItem("user:1", value),
)
await row(
  "100 concurrent sets",
  all(100, (key) => cache.set(key, value)),
  all(100, (key) => client.set(key, value)),
  all(100, (key) => storage.setItem(key, value)),
)
await row("setMany of 1 000", () => cache.setMany(entries(1000)))
await row("getOrSet, a hit", () => cache.getOrSet("user:1", () => value))
await cache.set("tagged", value, { tags: ["a", "b", "c"] })
await row("get of an entry with 3 tags", () => cache.get("tagged"))
const near = new CacheWrapper({ adapter: upstash({ url, token }), near: { maxAge: "1h" } })
await row("get, a near tier in front, a key it has", () => near.get("user:1"))
let fresh = 500
await row("get, a near tier in front, a key it has not", () => near.get(`user:${fresh++}`))
let misses = 0
await row("getOrSet, a miss with its lease", () => cache.getOrSet(`new:${misses++}`, () => value))
await row("getOrSet, a miss without a lease", () =>
  cache.getOrSet(`new:${misses++}`, () => value, { lease: false }),
)
await row("invalidateTags of 3 tags", () => cache.invalidateTags("a", "b", "c"))
await row("invalidate a region", () => cache.region("part").invalidate())

console.log(table(["HTTP requests (commands)", "isocache", "@upstash/redis alone", "unstorage"], rows))
await front.close()
await redis.stop()
process.exit(0)
