import { expect, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/index.ts"
import { fakeClock } from "../support/clock.ts"
import { kvDouble } from "../support/kv-double.ts"
import { gate } from "../support/setup.ts"

test("a storage outside of the process that is named again stays in use, with all that is under way", async () => {
  const clock = fakeClock()
  const binding = kvDouble().kv
  const cache = new CacheWrapper({ adapter: "kv", arguments: { binding }, near: true })
  await cache.ready()
  const load = gate()
  const make = vi.fn(() => load.promise)
  const asked = [1, 2, 3].map(() => {
    cache.use("kv", { binding, near: true })
    return cache.getOrSet("k", make)
  })
  await clock.advance(10)
  cache.use("kv", { binding, near: true })
  await cache.delete("k")
  load.pass("loaded")
  expect(await Promise.all(asked)).toEqual(["loaded", "loaded", "loaded"])
  expect(make).toHaveBeenCalledTimes(1)
  expect(await cache.get("k")).toBeUndefined()
})

test("one of other options is another one, and so is memory in any case", async () => {
  const cache = new CacheWrapper({ adapter: "kv", arguments: { binding: kvDouble().kv } })
  const { adapter } = await cache.ready()
  expect((await cache.use("kv", { binding: kvDouble().kv }).ready()).adapter).not.toBe(adapter)
  cache.use("memory")
  await cache.set("k", 1)
  expect(await cache.use("memory").get("k")).toBeUndefined()
})

test("a load in progress is stored in the storage it began on", async () => {
  const [one, other] = [memory(), memory()]
  const cache = new CacheWrapper({ adapter: one })
  const load = gate()
  const loading = cache.getOrSet("k", () => load.promise)
  cache.use(other)
  load.pass("loaded")
  expect(await loading).toBe("loaded")
  expect(await cache.get("k")).toBeUndefined()
  expect(await new CacheWrapper({ adapter: one }).get("k")).toBe("loaded")
})
