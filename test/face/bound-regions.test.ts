import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/index.ts"

test("a bound view has one region by one name, of its own, wherever its prefix moves", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const waited: unknown[] = []
  const view = cache.bind({ waitUntil: (work) => void waited.push(work) })
  const other = cache.bind({ waitUntil: () => {} })
  const region = view.region("a")
  expect(view.region("a")).toBe(region)
  expect(view.region("a").region("b")).toBe(region.region("b"))
  expect(other.region("a")).not.toBe(region)
  expect(cache.region("a")).not.toBe(region)
  cache.region("a", { prefix: "moved" })
  await region.set("k", 1)
  expect(await cache.region("a").get("k")).toBe(1)
  expect(await cache.adapter.get(":moved::k")).toBeDefined()
  await region.getOrSet("l", () => 2)
  expect(waited.length).toBeGreaterThan(0)
})

test("within a batch of a bound view its regions are the batch's", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const view = cache.bind({ waitUntil: () => {} })
  const region = view.region("a")
  await expect(
    view.batch(async (batch) => {
      expect(batch.region("a")).not.toBe(region)
      expect(batch.region("a")).toBe(batch.region("a"))
      await batch.region("a").set("k", 1)
      throw new Error("no")
    }),
  ).rejects.toThrow("no")
  expect(await region.get("k")).toBeUndefined()
  await region.batch((batch) => batch.set("k", 2))
  expect(await region.get("k")).toBe(2)
})
