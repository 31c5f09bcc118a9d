// What an entry weighs in each storage: bench/SCALE.md reckons with it.   node --expose-gc bench/weigh.ts [entries=20000]
// Redis needs a redis-server (REDIS_SERVER, else /usr/bin), and is left out without.
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { kv } from "../dist/adapters/kv.js"
import { memory } from "../dist/adapters/memory.js"
import { sqlite } from "../dist/adapters/sqlite.js"
import { upstash } from "../dist/adapters/upstash.js"
import { CacheWrapper } from "../dist/core.js"
import { kvDouble } from "../test/support/kv-double.ts"
import { hasRedis, startRedis } from "../test/support/redis-server.ts"
import { redisConnection } from "../test/support/resp.ts"
import { startUpstash } from "../test/support/upstash-rest.ts"
import { table } from "./measure.ts"

const count = Number(process.argv[2] ?? 20_000)
const value = (id: number) => ({ id, name: `user ${id}`, text: "x".repeat(100) })
const ids = Array.from({ length: count }, (_, id) => id)
const json = ids.reduce((sum, id) => sum + JSON.stringify(value(id)).length, 0) / count

async function fill(adapter: unknown, tags: readonly string[] = []): Promise<CacheWrapper> {
  const cache = new CacheWrapper({ adapter, ttl: "1d" } as never)
  for (let from = 0; from < count; from += 1000) {
    await cache.setMany(
      ids.slice(from, from + 1000).map((id) => [`user:${id}`, value(id), { tags }] as const),
    )
  }
  if ((await cache.get(`user:${count - 1}`))?.id !== count - 1) throw new Error("an entry is missing")
  return cache
}

/** Characters of a record and its key as they lie in a text storage, JSON included. */
async function asText(tags: readonly string[]): Promise<number> {
  const map = new Map<string, string>()
  const adapter = {
    name: "text",
    medium: "text",
    get: (key: string) => map.get(key),
    set: (key: string, record: string) => void map.set(key, record),
    delete: (key: string) => map.delete(key),
    clear: () => map.clear(),
  }
  await fill(adapter, tags)
  let length = 0
  for (const [key, record] of map) if (!key.startsWith("#")) length += key.length + record.length
  return length / count
}

async function inSqlite(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "isocache-bench-"))
  const path = join(folder, "weigh.sqlite")
  const adapter = sqlite({ path, maxEntries: count * 2 })
  await fill(adapter)
  await adapter.close()
  const { size } = statSync(path)
  rmSync(folder, { recursive: true, force: true })
  return size / count
}

async function inKv(): Promise<number> {
  const double = kvDouble()
  await fill(kv({ binding: double.kv }))
  let length = 0
  for (const [name, { value, metadata }] of double.stored()) {
    length += name.length + value.length + JSON.stringify(metadata ?? "").length
  }
  return length / count
}

async function inMemory(): Promise<number> {
  if (!globalThis.gc) throw new Error("run with --expose-gc")
  globalThis.gc()
  const heap = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  const before = heap()
  const cache = await fill(memory({ maxEntries: count }))
  globalThis.gc()
  const bytes = heap() - before
  await cache.close()
  return bytes / count
}

/** Bytes of redis-server's memory, ours and of the bare JSON under the same keys. */
async function inRedis(): Promise<[ours: number, bare: number]> {
  const redis = await startRedis()
  const connection = redisConnection(redis.port)
  const used = async () => {
    const [info] = await connection.send([["INFO", "memory"]])
    const text = info instanceof Uint8Array ? Buffer.from(info).toString() : String(info)
    return Number(/used_memory:(\d+)/.exec(text)?.[1])
  }
  const front = await startUpstash(redis.port)
  const empty = await used()
  for (let from = 0; from < count; from += 1000) {
    const some = ids.slice(from, from + 1000)
    await connection.send(
      some.map((id) => ["SET", `user:${id}`, JSON.stringify(value(id)), "PX", "86400000"]),
    )
  }
  const bare = (await used()) - empty
  await connection.send([["FLUSHALL"]])
  const emptied = await used()
  await fill(upstash({ url: front.url, token: front.token }))
  const ours = (await used()) - emptied
  await front.close()
  connection.close()
  await redis.stop()
  return [ours / count, bare / count]
}

const rows: [string, number][] = [
  ["the value as JSON", json],
  ["text: key and record", await asText([])],
  ["… with 3 tags", await asText(["users", "team 12", "region eu"])],
  ["KV: name, value and metadata", await inKv()],
  ["SQLite: the file", await inSqlite()],
  ["memory: the heap", await inMemory()],
]
if (hasRedis) {
  const [ours, bare] = await inRedis()
  rows.push(["Redis: SET of the JSON alone", bare], ["Redis: isocache", ours])
} else console.log("Left out: there is no redis-server here.\n")
console.log(
  table(
    [
      `${count.toLocaleString("en")} entries of ${json.toFixed(0)} bytes`,
      "bytes an entry",
      "beyond the value",
    ],
    rows.map(([name, bytes]) => [name, bytes.toFixed(0), (bytes - json).toFixed(0)]),
  ),
)
process.exit(0)
