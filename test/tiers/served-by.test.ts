import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { tiered } from "../../src/tiers.ts"
import type { CacheEvent } from "../../src/types.ts"
import { fakeClock } from "../support/clock.ts"
import { fake } from "../support/fake.ts"
import { settled } from "../support/setup.ts"

const nears: Record<string, () => Adapter> = {
  memory: () => memory(),
  "memory by reference": () => memory({ copy: "none" }),
}
const fars: Record<string, () => Adapter> = {
  "a synchronous far tier": () => memory(),
  "an asynchronous far tier of text": () => fake("four methods").handle(),
  "an asynchronous far tier of objects": () => fake("all abilities").handle(),
}

describe.each(Object.entries(nears))("with %s", (_, near) => {
  test.each(Object.entries(fars))("over %s a hit tells which tier had it", async (__, far) => {
    const clock = fakeClock()
    const adapter = far()
    const cache = new CacheWrapper({
      adapter: tiered({ near: near(), far: adapter, maxAge: "1s" }),
      grace: "1h",
    })
    const served: unknown[] = []
    cache.on("*", (event: CacheEvent) => {
      if (event.type === "hit" || event.type === "stale") served.push(event.tier)
    })
    const ask = async () => {
      await cache.get("k")
      await cache.getOrSet("k", () => 0)
      await cache.getMany(["k"])
      await cache.getEntry("k", { stale: true })
      return served.splice(0)
    }
    await cache.ready()
    await cache.set("k", { n: 1 })
    expect(await ask()).toEqual(["near", "near", "near", "near"])
    await clock.advance(1000)
    expect(await ask()).toEqual(["far", "near", "near", "near"])
    await cache.touch("k")
    expect(await ask()).toEqual(["near", "near", "near", "near"])
    await cache.expire("k")
    await clock.advance(1000)
    await cache.get("k", { stale: true })
    await cache.get("k", { stale: true })
    expect(served.splice(0)).toEqual(["far", "near"])
  })
})

test("an asynchronous near tier tells it too", async () => {
  const clock = fakeClock()
  const tiers = { near: fake("four methods").handle(), far: fake("four methods").handle() }
  await new CacheWrapper({ adapter: tiers.far }).set("k", 1)
  const cache = new CacheWrapper({ adapter: tiered(tiers) })
  const served: unknown[] = []
  cache.on("hit", (event) => served.push(event.type === "hit" && event.tier))
  for (let i = 0; i < 2; i++) {
    expect(await cache.get("k")).toBe(1)
    await settled(clock)
  }
  expect(served).toEqual(["far", "near"])
})

test("with a single tier it is absent", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const events: CacheEvent[] = []
  cache.on("hit", (event) => events.push(event))
  await cache.set("k", 1)
  await cache.get("k")
  expect(events.map((event) => Object.keys(event).sort())).toEqual([["age", "at", "key", "type"]])
})

test.each(["reject", "hang"] as const)(
  "of many keys those that lie near are served while far is down: %s",
  async (fault) => {
    const clock = fakeClock()
    const far = fake("all abilities")
    const cache = new CacheWrapper({ adapter: far.handle(), near: true, ttl: "1h", storeTimeout: 100 })
    const trace: string[] = []
    await cache.setMany({ a: 1, b: 2, ended: 3 })
    await cache.set("tagged", 4, { tags: ["t"] })
    await cache.get("tagged")
    await cache.delete("ended")
    far.fault = () => fault
    cache.on("*", ({ type }) => trace.push(type))
    const after = async <T>(work: Promise<T>): Promise<T> => {
      await clock.advance(100)
      return work
    }
    const keys = ["a", "absent", "tagged", "ended", "b"]
    expect(await after(cache.getMany(keys))).toEqual([1, undefined, 4, undefined, 2])
    expect(trace.sort()).toEqual(["error", "hit", "hit", "hit", "miss", "miss"])
    const asked: unknown[] = []
    const load = (missing: readonly string[]) => {
      asked.push(...missing)
      return missing.map(() => "made")
    }
    const loaded = cache.getOrSetMany(keys, load)
    await clock.advance(1000)
    expect(await loaded).toEqual([1, "made", 4, "made", 2])
    expect(asked).toEqual(["absent", "ended"])
    far.fault = () => undefined
    await clock.advance(5000)
    expect(await cache.getMany(["a", "b"])).toEqual([1, 2])
  },
)

test.each(["one", "many"])("while far is down, a miss says why: by a read of %s", async (how) => {
  const clock = fakeClock()
  const far = fake("all abilities")
  const cache = new CacheWrapper({ adapter: far.handle(), near: true, ttl: "1h" })
  await cache.set("invalidated", 1, { tags: ["t"] })
  await cache.set("expired", 1, { ttl: 1000 })
  await cache.invalidateTags("t")
  for (const key of ["invalidated", "expired"]) await cache.get(key)
  far.fault = () => "reject"
  await clock.advance(1000)
  const reasons: unknown[] = []
  cache.on("miss", ({ key, reason }) => reasons.push([key, reason]))
  const keys = ["expired", "invalidated", "absent"]
  if (how === "many") await cache.getMany(keys)
  else for (const key of keys) await cache.get(key)
  expect(reasons).toEqual([
    ["expired", "expired"],
    ["invalidated", "invalidated"],
    ["absent", "unavailable"],
  ])
})
