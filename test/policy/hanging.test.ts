import { describe, expect, test, vi } from "vitest"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { laneOf } from "../../src/policy/lane.ts"
import { fakeClock } from "../support/clock.ts"
import { setup } from "../support/setup.ts"

async function listed(cache: CacheWrapper): Promise<string[]> {
  const all: string[] = []
  for await (const key of cache.keys()) all.push(key)
  return all
}

const never = () => new Promise<never>(() => {})

function hanging(members: Partial<Adapter>): Adapter {
  const map = new Map<string, unknown>()
  return {
    name: "slow",
    medium: "object",
    get: async (key) => map.get(key),
    set: async (key, record) => void map.set(key, record),
    delete: async (key) => map.delete(key),
    clear: async () => map.clear(),
    ...members,
  }
}

describe("a storage that hangs is waited for no longer than storeTimeout", () => {
  const verbs: Record<string, [Partial<Adapter>, (cache: CacheWrapper) => Promise<unknown>]> = {
    "ready while it opens": [{ open: never }, (cache) => cache.ready()],
    "batch while it opens": [{ open: never }, (cache) => cache.batch((b) => b.set("k", 1))],
    prune: [{ prune: never }, (cache) => cache.prune()],
    keys: [{ keys: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }) }, (cache) => listed(cache)],
  }
  test.each(Object.entries(verbs))("by %s", async (_, [members, act]) => {
    const clock = fakeClock()
    const cache = new CacheWrapper({ adapter: hanging(members), storeTimeout: 100 })
    await import("../../src/batch.ts")
    const acted = act(cache)
    acted.catch(() => {})
    await clock.advance(4000)
    await expect(Promise.race([acted, "pending"])).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
  })

  test("a listing that is long, but goes on, comes to its end", async () => {
    const clock = fakeClock()
    async function* keys() {
      for (const key of ["a", "b", "c"]) {
        await clock.after(80, undefined)
        yield key
      }
    }
    const cache = new CacheWrapper({ adapter: hanging({ keys }), storeTimeout: 100 })
    await cache.setMany({ a: 1, b: 2, c: 3 })
    const all = listed(cache)
    await clock.advance(400)
    expect(await all).toEqual(["a", "b", "c"])
  })
})

test("a clear that is late lists no further, however long the listing", async () => {
  const clock = fakeClock()
  let steps = 0
  async function* keys() {
    for (;;) {
      await clock.after(10, undefined)
      yield `@neighbour::${steps++}`
    }
  }
  const adapter = hanging({ keys })
  const cache = new CacheWrapper({ adapter, storeTimeout: 100 })
  await new CacheWrapper({ adapter, prefix: "neighbour" }).set("k", 1)
  const cleared = expect(cache.clear()).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
  await clock.advance(1000)
  await cleared
  expect(steps).toBeLessThan(30)
  expect(vi.getTimerCount()).toBe(0)
})

describe("a batch waits for loads that began in it as long as they may hold their key", () => {
  test("one that never settles keeps nothing back for ever", async () => {
    const { cache, clock } = await setup("all abilities")
    await import("../../src/batch.ts")
    const written = cache.batch(async (b) => {
      await b.set("x", 1)
      b.getOrSet("k", never, { hardTimeout: 50 }).catch(() => {})
    })
    await clock.advance(31_000)
    expect(await Promise.race([written, "pending"])).toBeUndefined()
    expect(await cache.get("x")).toBe(1)
  })

  test("a write in it that nobody waits for has its storeTimeout, however short leaseTtl is", async () => {
    const { cache, clock, storage } = await setup("all abilities", { ttl: "1m", leaseTtl: 10 })
    await import("../../src/batch.ts")
    await cache.set("k", 1)
    storage.fault = (verb) => (verb.startsWith("get") ? 200 : undefined)
    const written = cache.batch(async (b) => {
      b.touch("k", "1h").catch(() => {})
    })
    await clock.advance(2000)
    await written
    storage.fault = () => undefined
    await clock.advance(120_000)
    expect(await cache.get("k")).toBe(1)
  })
})

test("of very many loads that hang those are forgotten that nobody waits for", async () => {
  const { cache, clock } = await setup("memory", { ttl: "1h" })
  const hang = (i: number) => cache.getOrSet(`k${i}`, () => new Promise(() => {}), { hardTimeout: 100 })
  const gone = Array.from({ length: 10_000 }, (_, i) => hang(i).catch(() => "gone"))
  await clock.advance(100)
  expect(new Set(await Promise.all(gone))).toEqual(new Set(["gone"]))
  const few = Array.from({ length: 10 }, (_, i) => hang(10_000 + i).catch(() => "gone"))
  await clock.advance(0)
  expect(cache.isLoading("k0")).toBe(true)
  await clock.advance(30_000)
  few.push(hang(20_000).catch(() => "gone"))
  expect([cache.isLoading("k0"), cache.isLoading("k10"), cache.isLoading("k9999")]).toEqual([
    false,
    false,
    true,
  ])
  await clock.advance(100)
  await Promise.all(few)
})

test("one that somebody waits for keeps none of the others", async () => {
  const { cache, clock } = await setup("memory")
  const never = () => new Promise<never>(() => {})
  void cache.getOrSet("awaited", never)
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 10_000; i++)
      cache.getOrSet(`k${round} ${i}`, never, { hardTimeout: 100 }).catch(() => {})
    await clock.advance(40_000)
  }
  expect(cache.isLoading("awaited")).toBe(true)
  expect([cache.isLoading("k0 0"), cache.isLoading("k0 9990")]).toEqual([false, false])
})

test("of very many caches over one adapter whose loads hang few are kept by it", async () => {
  const { clock, cache } = await setup("memory")
  const never = () => new Promise<never>(() => {})
  const hang = (count: number) => {
    for (let i = 0; i < count; i++) {
      const own = new CacheWrapper({ adapter: cache.adapter })
      own.getOrSet(`k${i}`, never, { hardTimeout: 100 }).catch(() => {})
    }
    return clock.advance(40_000)
  }
  const load = cache.getOrSet("slow", () => clock.after(100_000, "loaded"))
  const { flights } = laneOf(cache.adapter)
  await hang(300)
  expect(flights.size).toBeGreaterThan(290)
  await hang(300)
  expect(flights.size).toBeLessThan(320)
  await clock.advance(100_000)
  expect(await load).toBe("loaded")
})
