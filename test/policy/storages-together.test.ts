import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"
import { fake, kinds, lateKinds } from "../support/fake.ts"
import { heardBus } from "../support/heard-bus.ts"
import { settled, setup } from "../support/setup.ts"

describe.each(kinds)("a cache with a region that has a storage of its own, on %s", (kind) => {
  const two = async () => {
    const made = await setup(kind, { ttl: "1h" })
    const own = made.cache.region("own", { adapter: fake(kind).handle() })
    return { ...made, own }
  }

  test.each(["clear", "invalidate"] as const)("%s is before all that is written after it", async (verb) => {
    const { cache, own } = await two()
    await Promise.all([cache[verb](), own.set("k", 1), cache.set("k", 1)])
    expect([await own.get("k"), await cache.get("k")]).toEqual([1, 1])
  })

  test("so is an invalidation of tags, from either side", async () => {
    const { cache, own } = await two()
    const tags = ["t"]
    await Promise.all([cache.invalidateTags("t"), own.set("k", 1, { tags }), cache.set("k", 1, { tags })])
    expect([await own.get("k"), await cache.get("k")]).toEqual([1, 1])
    await Promise.all([own.invalidateTags("t"), own.set("k", 2, { tags }), cache.set("k", 2, { tags })])
    expect([await own.get("k"), await cache.get("k")]).toEqual([2, 2])
  })

  test("an invalidation in progress finishes on the storages of before a use()", async () => {
    const { cache, own } = await two()
    await own.set("k", 1, { tags: ["t"] })
    const over = cache.invalidateTags("t")
    cache.use(memory())
    await over
    expect(await own.get("k")).toBeUndefined()
  })

  test("prune tells how many there were in all", async () => {
    const drop = (count: number) => ({ ...fake("four methods").handle(), prune: async () => count })
    const cache = new CacheWrapper({ adapter: drop(2) })
    cache.region("a", { adapter: drop(30) })
    cache.region("b", { adapter: drop(400) })
    expect(await cache.prune()).toBe(432)
  })

  test("one storage that fails keeps no other from being cleared", async () => {
    const { cache, own, storage } = await two()
    await own.set("k", 1)
    storage.fault = (verb) => (verb === "clear" || verb === "keys" || verb === "delete" ? "throw" : undefined)
    await expect(cache.clear()).rejects.toThrow()
    expect(await own.get("k")).toBeUndefined()
  })

  test("clear and invalidate leave what others keep in the region's storage", async () => {
    const { cache, own } = await two()
    const shared = fake(kind)
    const region = cache.region("shared", { adapter: shared.handle() })
    const other = new CacheWrapper({ adapter: shared.handle(), ttl: "1h" })
    await other.set("k", "other")
    await Promise.all([region.set("k", "mine"), own.set("k", "own")])
    await cache.invalidate()
    expect([await other.get("k"), await region.get("k")]).toEqual(["other", undefined])
    await region.set("k", "mine")
    await cache.clear()
    expect([await other.get("k"), await region.get("k")]).toEqual(["other", undefined])
  })
})

describe.each(lateKinds)("the order of writes, on %s", (kind) => {
  test("holds across a use() of the same adapter", async () => {
    const { cache, clock, storage } = await setup(kind, { ttl: "1h" })
    const { adapter } = cache
    storage.fault = (verb, key) => (verb.startsWith("set") && key === "j" ? 50 : undefined)
    const set = cache.set("j", 1)
    await settled(clock)
    cache.use(adapter)
    const deleted = cache.delete("j")
    await clock.advance(200)
    await Promise.all([set, deleted])
    expect(storage.shelf.has("j")).toBe(false)
  })

  test("the near tier of before a use() of the same adapter is closed, whatever is written on", async () => {
    const { cache, clock, storage } = await setup(kind, { ttl: "1h", storeTimeout: "1m" })
    const { bus, listeners } = heardBus()
    const adapter = Object.assign(storage.handle(), { bus })
    cache.use(adapter, { near: true })
    await import("../../src/store/near.ts")
    await cache.set("k", 1)
    expect(listeners()).toBe(1)
    storage.fault = (verb) => (verb.startsWith("set") ? 30_000 : undefined)
    const before = cache.set("k", 2)
    await settled(clock)
    cache.use(adapter, { near: true })
    await clock.advance(20_000)
    const after = cache.set("j", 2)
    await clock.advance(15_000)
    // Its own write has ended, another's goes on. That of now listens.
    expect(listeners()).toBe(1)
    await clock.advance(40_000)
    await Promise.all([before, after])
  })
})

test("an invalidation comes after the versions that a load is making", async () => {
  const { cache, clock, storage } = await setup("four methods", { ttl: "1h" })
  let tokens = 0
  // The first one written is the load's, and takes longer than the invalidation's.
  storage.fault = (verb, key) => (verb === "set" && key === "#h" && tokens++ === 0 ? 60 : undefined)
  const load = cache.getOrSet("b", () => 2)
  await settled(clock)
  const acted = cache.invalidate().then(() => cache.set("a", 1))
  await clock.advance(500)
  await Promise.all([load, acted])
  expect(await cache.get("a")).toBe(1)
})

test("a clock that is set back while a load hangs keeps its challenger no longer than leaseTtl", async () => {
  const clock = fakeClock()
  const cache = new CacheWrapper({ adapter: memory(), leaseTtl: 200 })
  cache.getOrSet("k", () => new Promise<string>(() => {})).catch(() => {})
  await clock.advance(20)
  const challenger = cache.getOrSet("k", () => "challenger")
  await clock.advance(30)
  clock.jump(clock.now() - 4000)
  await clock.advance(200)
  expect(await challenger).toBe("challenger")
})
