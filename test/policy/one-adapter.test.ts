import { describe, expect, test } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import type { LoadContext } from "../../src/types.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { type Kind, kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

/** Two caches over one adapter object, as a process may have them. */
async function two(kind: Kind) {
  const made = await setup(kind, { ttl: "1h", grace: "1h" })
  const other = new CacheWrapper({ adapter: made.cache.adapter, ttl: "1h", grace: "1h" })
  await other.ready()
  return { ...made, other }
}

describe.each(kinds)("two caches over one adapter, on %s", (kind) => {
  test("what a batch gives back does not beat a load of the other's", async () => {
    const { cache, other, clock } = await two(kind)
    const load = gate()
    const answer = cache.getOrSet("k", () => load.promise, { lease: false })
    await settled(clock)
    const failed = other.batch(async (b) => {
      await b.delete("k")
      throw new Error("no")
    })
    await expect(failed).rejects.toThrow("no")
    load.pass("loaded")
    await answer
    expect(await other.get("k")).toBe("loaded")
  })

  test("a tag that the other has ended is not joined, though the versions could not be read", async () => {
    const { cache, other, clock, storage } = await two(kind)
    const load = gate()
    storage.fault = (verb, key) => (verb.startsWith("get") && key.startsWith("#") ? "throw" : undefined)
    const first = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
    await settled(clock)
    storage.fault = () => undefined
    await other.invalidateTags("t")
    const second = cache.getOrSet("k", () => "new", { tags: ["t"] })
    await settled(clock)
    load.pass("old")
    expect(await Promise.all([first, second])).toEqual(["old", "new"])
  })

  test("a tag that one of another prefix has ended is not theirs", async () => {
    const { cache, clock } = await two(kind)
    const load = gate()
    const answer = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
    await settled(clock)
    await new CacheWrapper({ adapter: cache.adapter, prefix: "named" }).invalidateTags("t")
    load.pass("loaded")
    await answer
    expect(await cache.get("k")).toBe("loaded")
  })

  test.each<[string, (other: CacheWrapper) => Promise<unknown>]>([
    ["closes", (other) => other.close()],
    ["clears a prefix in", ({ adapter }) => new CacheWrapper({ adapter, prefix: "named" }).clear()],
  ])("who %s the one leaves the loads of the other", async (_, act) => {
    const { cache, other, clock } = await two(kind)
    const load = gate()
    const answer = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    await act(other)
    load.pass("loaded")
    await answer
    expect(await cache.get("k")).toBe("loaded")
  })
})

test.each(kinds)("a clear of one without a prefix leaves those with one, on %s", async (kind) => {
  const { cache } = await two(kind)
  const named = new CacheWrapper({ adapter: cache.adapter, prefix: "named" })
  const places = [cache, cache.region("r"), named, named.region("r")]
  for (const place of places) await place.set("k", 1, { tags: ["t"] })
  await cache.clear()
  const left = () => Promise.all(places.map((place) => place.get("k")))
  expect(await left()).toEqual([undefined, undefined, 1, 1])
  await cache.set("k", 2)
  expect(await left()).toEqual([2, undefined, 1, 1])
})

test.each(kinds)("so does a clear in a batch, on %s", async (kind) => {
  const { cache } = await two(kind)
  const named = new CacheWrapper({ adapter: cache.adapter, prefix: "named" })
  for (const one of [cache, named]) await one.set("k", 1)
  await cache.batch(async (batch) => {
    await batch.clear()
    await batch.set("new", 2)
  })
  expect([await cache.get("k"), await cache.get("new"), await named.get("k")]).toEqual([undefined, 2, 1])
})

describe.each(lateKinds)("the writes of two caches over one adapter, on %s", (kind) => {
  test("are done in the order in which they were called", async () => {
    const { cache, other, clock, storage } = await two(kind)
    let delay = 50
    storage.fault = (verb) => {
      if (!verb.startsWith("set")) return undefined
      delay -= 40
      return delay + 40
    }
    const done = Promise.all([cache.set("k", 1), other.set("k", 2)])
    await clock.advance(200)
    await done
    expect(await cache.get("k")).toBe(2)
  })

  test("a tag that one ends is not undone by the other, whose load makes its version", async () => {
    const { cache, other, clock, storage } = await two(kind)
    storage.fault = (verb, key) => (verb !== "get" && key.startsWith("#h==") ? 10 : undefined)
    const load = (context: LoadContext<string>) => {
      context.tags = ["late"]
      return clock.after(10, "old")
    }
    const answer = cache.getOrSet("k", load, { lease: false })
    await clock.advance(9)
    const ended = other.invalidateTags("late")
    await clock.advance(100)
    await Promise.all([answer, ended])
    expect(await cache.get("k")).toBeUndefined()
  })

  test("are found, though both began in an empty storage", async () => {
    const { cache, other, clock, storage } = await two(kind)
    let delay = 30
    storage.fault = (verb, key) =>
      !verb.startsWith("get") && key.startsWith("#") ? (delay -= 10) : undefined
    const done = Promise.all([cache.set("k", 1), other.set("l", 2)])
    await clock.advance(100)
    await done
    expect(await cache.getMany(["k", "l"])).toEqual([1, 2])
  })

  test("what one touches in a batch gives way to what the other writes", async () => {
    const { cache, other } = await two(kind)
    await cache.set("k", 1)
    await cache.batch(async (b) => {
      await b.touch("k")
      await other.set("k", 2)
    })
    expect(await cache.get("k")).toBe(2)
  })
})

test("a region with a codec of its own is no other cache's: clear removes what the cache has", async () => {
  const shelf: Shelf = new Map()
  const cache = new CacheWrapper({ adapter: custom("text", "sync", shelf) })
  await cache.set("secret", 1)
  await cache.region("a").region("b", { compress: true }).set("x", 1)
  await cache.clear()
  expect([...shelf.keys()].filter((key) => !key.startsWith("#"))).toEqual([])
})
