import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper, registerAlias } from "../../src/index.ts"
import { custom } from "../support/adapters.ts"
import { fake } from "../support/fake.ts"

test("a region has an adapter of its own, by object", async () => {
  const cache = new CacheWrapper()
  const own = memory()
  const region = cache.region("r", { adapter: own })
  await region.set("a", 1)
  await region.region("inner").set("b", 2)
  await cache.set("a", 3)
  expect(own.keys("").filter((key) => !key.startsWith("#")).length).toBe(2)
  expect(await cache.get("a")).toBe(3)
  expect(await region.get("a")).toBe(1)
})

test("a region has an adapter of its own, by alias with arguments, closed with the cache", async () => {
  let closed = 0
  const made: unknown[] = []
  registerAlias("counting", (options: object) => {
    made.push(options)
    return { ...memory(), close: () => void closed++ }
  })
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: "counting", arguments: { x: 1 } })
  expect(made).toEqual([])
  await region.set("a", 1)
  expect(await region.get("a")).toBe(1)
  expect(made).toEqual([{ x: 1 }])
  await cache.close()
  expect(closed).toBe(1)
})

test("an adapter object of a region stays open when the cache closes", async () => {
  let closed = 0
  const cache = new CacheWrapper()
  await cache.region("r", { adapter: { ...memory(), close: () => void closed++ } }).set("a", 1)
  await cache.close()
  expect(closed).toBe(0)
  await expect(cache.region("r").get("a")).rejects.toMatchObject({ code: "CLOSED" })
})

test("a region's own adapter stays when the cache swaps its own", async () => {
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: memory() })
  await region.set("a", 1)
  cache.use(memory())
  expect(await region.get("a")).toBe(1)
})

test("clear, invalidate, tags and prune reach into regions with adapters of their own", async () => {
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: memory() })
  const inner = region.region("inner", { adapter: memory() })
  const fill = async () => {
    for (const place of [cache, region, inner]) await place.set("a", 1, { tags: ["t"], grace: "1h" })
  }
  const there = () => Promise.all([cache, region, inner].map((place) => place.has("a")))
  await fill()
  await cache.invalidateTags("t")
  expect(await there()).toEqual([false, false, false])
  await fill()
  await inner.invalidateTags("t")
  expect(await there()).toEqual([false, false, false])
  await fill()
  await region.invalidate()
  expect(await there()).toEqual([true, false, false])
  await fill()
  await region.clear()
  expect(await there()).toEqual([true, false, false])
  await fill()
  await cache.clear()
  expect(await there()).toEqual([false, false, false])
})

test("options that replace keep the data of the region's own storage", async () => {
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: "memory", arguments: { maxEntries: 5 }, ttl: "1h" })
  await region.set("a", 1)
  cache.region("r", { adapter: "memory", arguments: { maxEntries: 5 }, ttl: "2h", replace: true })
  expect(await region.get("a")).toBe(1)
})

test("an explicit undefined in a region's storage options means unset", async () => {
  const cache = new CacheWrapper({ adapter: fake("all abilities").handle(), compress: true })
  const region = cache.region("r", {
    adapter: undefined,
    arguments: undefined,
    compress: undefined,
    near: true,
  })
  await region.set("a", 1)
  expect(await region.get("a")).toBe(1)
  expect(region.peek("a")).toBe(1)
})

test("a region has codecs of its own on its cache's adapter", async () => {
  const shelf = new Map()
  const cache = new CacheWrapper({ adapter: custom("text", "sync", shelf) })
  const key = new Uint8Array(32).fill(7)
  const secret = cache.region("secret", { encrypt: { keys: [{ id: "1", key }] } })
  await secret.set("a", "plain as day")
  await cache.set("a", "plain as day")
  const records = [...shelf].filter(([name]) => !name.startsWith("#")).map(([, kept]) => String(kept.record))
  expect(records.filter((record) => record.includes("plain as day")).length).toBe(1)
  expect(await secret.get("a")).toBe("plain as day")
  const upper = cache.region("upper", {
    serializer: {
      name: "upper",
      stringify: (value) => JSON.stringify([String(value)]),
      parse: (text) => JSON.parse(text)[0],
    },
  })
  await upper.set("a", new Date(0))
  expect(await upper.get("a")).toBe(String(new Date(0)))
})

test("reads of a region whose adapter cannot open are misses, writes say why", async () => {
  const cache = new CacheWrapper()
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event.error))
  registerAlias("broken", () => Promise.reject(new Error("no disk")))
  const region = cache.region("r", { adapter: "broken" })
  expect(await region.get("a")).toBeUndefined()
  expect(await region.getOrSet("a", () => 1)).toBe(1)
  await expect(region.set("a", 1)).rejects.toThrow("no disk")
  expect(errors.length).toBeGreaterThan(0)
  expect(await cache.getOrSet("a", () => 2)).toBe(2)
})
