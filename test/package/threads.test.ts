import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { consumer } from "../../tools/scripts/consumer.ts"
import { install } from "../../tools/scripts/projects.ts"
import { run } from "../../tools/scripts/run.ts"
import { runtimes } from "../../tools/scripts/runtimes.ts"

const folder = mkdtempSync(join(tmpdir(), "isocache-threads-"))
const file = join(consumer, "threads/threads.mjs")

// Two threads, each with memory in front of one SQLite file. What one writes the other drops, and reads anew.
const program = `
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { CacheWrapper } from "isocache"
import { memory } from "isocache/adapters/memory"
import { sqlite } from "isocache/adapters/sqlite"
import { broadcastBus, tiered } from "isocache/tiers"

const path = isMainThread ? process.argv[2] : workerData
const bus = broadcastBus("threads of " + path)
const cache = new CacheWrapper({ adapter: tiered({ near: memory(), far: sqlite({ path }), bus }) })
const dropped = async (key) => {
  for (let left = 1000; cache.peek(key) === "old" && left > 0; left--) await new Promise((done) => setTimeout(done, 5))
  return (await cache.get(key)) ?? null
}

if (isMainThread) {
  await cache.set("a", "old")
  await cache.set("b", "old", { tags: ["t"] })
  const worker = new Worker(new URL(import.meta.url), { workerData: path })
  const says = () => new Promise((heard) => worker.once("message", heard))
  const before = await says()
  await cache.set("a", "new")
  const seen = await says()
  const here = await dropped("b")
  console.log(JSON.stringify({ before, seen, here }))
  worker.postMessage("over")
  await cache.close()
  await bus.close?.()
} else {
  await cache.get("a")
  parentPort.postMessage(cache.peek("a"))
  parentPort.postMessage(await dropped("a"))
  await cache.invalidateTags("t")
  parentPort.once("message", async () => {
    await cache.close()
    await bus.close?.()
  })
}
`

beforeAll(async () => {
  await install("runtimes")
  mkdirSync(join(consumer, "threads"), { recursive: true })
  writeFileSync(file, program)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const able = runtimes.filter(({ name }) => name !== "node 20") // It has no SQLite.
test.each(able)(
  "$name: threads tell each other what to drop, and the process ends by itself",
  async (one) => {
    const path = join(folder, `${one.name}.sqlite`)
    const args = [...one.args, file, path]
    const { ok, output } = await run(one.command, args, { quiet: true, cwd: consumer, timeout: 30_000 })
    const told = output.split("\n").find((line) => line.startsWith("{")) ?? "{}"
    expect(JSON.parse(told), output).toEqual({ before: "old", seen: "new", here: null })
    expect(ok, output).toBe(true)
  },
)
