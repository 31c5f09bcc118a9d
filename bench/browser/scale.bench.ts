import { test } from "vitest"
import { server } from "vitest/browser"
import { indexeddb } from "../../dist/adapters/indexeddb.js"
import { CacheWrapper } from "../../dist/core.js"
import { tell } from "./tell.ts"

/** Up to so many entries, by the environment's ENTRIES; vitest.config.ts puts it here. */
declare const mostEntries: number

const sizes = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= mostEntries)
const day = { ttl: "1d" }
const value = (id: number) => ({ id, name: `user ${id}`, text: "x".repeat(100) })

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** ms of one call, the mean of `count` one after the other: engines round their clocks. */
async function each(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const all = await timed(async () => {
    for (let i = 0; i < count; i++) await work(i)
  })
  return all / count
}

// One database that grows; cleared in the end, for a clear at every size would have to fill it again.
test("how every verb grows", { timeout: 1_200_000 }, async () => {
  const name = `scale-${Math.random()}`
  const cache = new CacheWrapper({ adapter: indexeddb({ name, maxEntries: 4_000_000 }), storeTimeout: "60s" })
  const part = cache.region("part")
  let from = 0
  for (const entries of sizes) {
    const at = (i: number) => (i * 7919) % entries
    const filling = await timed(async () => {
      for (let start = from; start < entries; start += 5000) {
        const ids = Array.from({ length: Math.min(5000, entries - start) }, (_, i) => start + i)
        await cache.setMany(ids.map((id) => [`user:${id}`, value(id), day] as const))
      }
    })
    if ((await cache.get(`user:${entries - 1}`))?.id !== entries - 1) throw new Error("an entry is missing")
    const verbs: Record<string, number> = {}
    verbs["setMany of 5 000, an entry"] = filling / (entries - from)
    verbs["get, a hit"] = await each(300, (i) => cache.get(`user:${at(i)}`))
    verbs["get, a miss"] = await each(300, (i) => cache.get(`nobody:${i}`))
    verbs["set"] = await each(100, (i) => cache.set(`user:${at(i)}`, value(i), day))
    verbs["prune with nothing to do"] = await each(3, () => cache.prune())
    await cache.setMany(Array.from({ length: 1000 }, (_, i) => [`short:${i}`, value(i), { ttl: 1 }] as const))
    await new Promise((resolve) => setTimeout(resolve, 20))
    verbs["prune, each of 1 000 expired"] = (await timed(() => cache.prune())) / 1000
    verbs["invalidate a region"] = await each(20, (i) => cache.region(`gone ${i}`).invalidate())
    await part.setMany(Array.from({ length: 1000 }, (_, i) => [`user:${i}`, value(i), day] as const))
    verbs["clear a region of 1 000"] = await timed(() => part.clear())
    if (entries === sizes.at(-1)) verbs["clear all"] = await timed(() => cache.clear())
    tell({ bench: "growth", engine: server.browser, entries, verbs })
    from = entries
  }
  if ((await cache.get("user:1")) !== undefined) throw new Error("clear left an entry")
  // Memory that stood in for the database would look fast.
  if (cache.metrics().errors > 0) throw new Error("the database was lost")
  await cache.close()
  indexedDB.deleteDatabase(name)
})
