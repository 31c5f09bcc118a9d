import { describe, expect, test, vi } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

const never = () => new Promise<string>(() => {})

describe.each(kinds)("%s", (kind) => {
  test("hardTimeout rejects its own caller with FALLBACK_TIMEOUT and lets the load go on", async () => {
    const { cache, clock } = await setup(kind)
    const hasty = cache.getOrSet("k", () => clock.after(50, "value"), { hardTimeout: 20 })
    const patient = cache.getOrSet("k", never)
    const late = expect(hasty).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT", key: "k" })
    await clock.advance(20)
    await late
    await clock.advance(30)
    expect(await patient).toBe("value")
    expect(await cache.get("k")).toBe("value")
  })

  test("hardTimeout serves stale within grace", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const answer = cache.getOrSet("k", never, { hardTimeout: 20 })
    await clock.advance(20)
    expect(await answer).toBe("old")
  })

  test("a hardTimeout of 0 serves stale what is known at once", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const answer = cache.getOrSet("k", () => "new", { hardTimeout: 0 })
    if (kind === "memory") expect(await answer).toBe("old")
    else await expect(answer).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await settled(clock)
    expect(await cache.get("k")).toBe("new")
  })

  test("its message speaks of no fallback where none has run", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "fresh")
    const load = vi.fn(() => "new")
    const answer = cache.getOrSet("k", load, { hardTimeout: 0 })
    if (kind === "memory") expect(await answer).toBe("fresh")
    else await expect(answer).rejects.toThrow(/^No value of "k" came within 0 ms\. Raise hardTimeout/)
    await settled(clock)
    expect(load).not.toHaveBeenCalled()
    const late = expect(cache.getOrSet("l", never, { hardTimeout: 20 })).rejects.toThrow(/within 20 ms/)
    await clock.advance(20)
    await late
  })

  test.each([
    ["expire", (cache) => cache.expire("k")],
    ["a soft end of the cache", (cache) => cache.invalidate({ mode: "soft" })],
    ["a soft end of its tag", (cache) => cache.invalidateTags("t", { mode: "soft" })],
  ] as [string, (cache: CacheWrapper) => Promise<unknown>][])(
    "and what is stale by %s as well",
    async (_, end) => {
      const { cache, clock } = await setup(kind, { grace: "1h" })
      await cache.set("k", "old", { tags: ["t"] })
      await end(cache)
      const answer = cache.getOrSet("k", () => "new", { hardTimeout: 0 })
      if (kind === "memory") expect(await answer).toBe("old")
      else await expect(answer).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
      await settled(clock)
      expect(await cache.get("k")).toBe("new")
    },
  )

  test("of both timeouts the shorter one serves stale", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const answer = cache.getOrSet("k", never, { hardTimeout: 20, softTimeout: 1000 })
    await clock.advance(20)
    expect(await answer).toBe("old")
  })

  test("no timeout serves what has outlived its grace while its caller waited", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: 10 })
    await clock.advance(1)
    const patient = cache.getOrSet("k", () => clock.after(50, "new"), { softTimeout: 20 })
    const hasty = cache.getOrSet("k", never, { hardTimeout: 20 })
    const late = expect(hasty).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(20)
    await late
    await clock.advance(30)
    expect(await patient).toBe("new")
  })

  test("a softTimeout without anything stale waits for the load", async () => {
    const { cache, clock } = await setup(kind)
    const answer = cache.getOrSet("k", () => clock.after(50, "value"), { softTimeout: 0 })
    await clock.advance(50)
    expect(await answer).toBe("value")
  })

  test("a fallback that never settles holds its key for leaseTtl at most; then one challenger loads", async () => {
    const { cache, clock } = await setup(kind)
    const hung = cache.getOrSet("k", never, { leaseTtl: 100 })
    await clock.advance(50)
    const load = vi.fn(() => clock.after(10, "value"))
    const calls = Array.from({ length: 10 }, () => cache.getOrSet("k", load, { leaseTtl: 100 }))
    await clock.advance(50)
    expect(load).toHaveBeenCalledTimes(1)
    await clock.advance(20)
    expect(await Promise.all(calls)).toEqual(calls.map(() => "value"))
    expect(await hung).toBe("value")
  })

  test("a challenger comes at once where the flight has hung long enough", async () => {
    const { cache, clock } = await setup(kind)
    void cache.getOrSet("k", never)
    await clock.advance(29_999)
    const waiting = cache.getOrSet("k", () => "value")
    await settled(clock)
    await clock.advance(1)
    await clock.advance(10)
    expect(await waiting).toBe("value")
  })

  test("the late result of a challenged flight is fenced off", async () => {
    const { cache, clock } = await setup(kind)
    const hung = gate()
    const first = cache.getOrSet("k", () => hung.promise, { leaseTtl: 100 })
    await clock.advance(100)
    const second = cache.getOrSet("k", () => "challenger", { leaseTtl: 100 })
    await clock.advance(10)
    expect(await second).toBe("challenger")
    hung.pass("late")
    await settled(clock)
    expect(await first).toMatch(/late|challenger/)
    expect(await cache.get("k")).toBe("challenger")
  })

  test("each caller waits for a hung flight by its own leaseTtl", async () => {
    const { cache, clock } = await setup(kind)
    void cache.getOrSet("k", never)
    await settled(clock)
    const patient = cache.getOrSet("k", () => "value")
    await settled(clock)
    const hasty = cache.getOrSet("k", () => "value", { leaseTtl: 100 })
    await clock.advance(110)
    expect(await hasty).toBe("value")
    expect(await patient).toBe("value")
  })

  test("with softTimeout 0 a later caller is served what is being stored, not the stale value", async () => {
    const { cache, clock, storage } = await setup(kind)
    const options = { softTimeout: 0, grace: 1000 }
    await cache.set("k", "old", { ttl: 1, grace: 1000 })
    await clock.advance(1)
    storage.fault = (verb) => (verb === "set" ? 50 : undefined)
    expect(await cache.getOrSet("k", () => "new", options)).toBe("old")
    await clock.advance(10)
    expect(await cache.getOrSet("k", () => "newer", options)).toBe("new")
    await clock.advance(100)
  })

  test("a hung background refresh is challenged as well, while stale is served", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const options = { softTimeout: 0, leaseTtl: 100 }
    expect(await cache.getOrSet("k", never, options)).toBe("old")
    await clock.advance(100)
    expect(await cache.getOrSet("k", () => "new", options)).toBe("old")
    await clock.advance(10)
    expect(await cache.getOrSet("k", never, options)).toBe("new")
  })

  test("a timeout of 60 days does not fire at once", async () => {
    const { cache, clock } = await setup(kind)
    const options = { hardTimeout: "60d", softTimeout: "60d", leaseTtl: "60d" } as const
    const calls = [1, 2].map(() => cache.getOrSet("k", () => clock.after(100_000, "value"), options))
    await clock.advance(100_000)
    expect(await Promise.all(calls)).toEqual(["value", "value"])
    expect(vi.getTimerCount()).toBe(0)
  })

  test("no timer is left behind by callers who were served", async () => {
    const { cache, clock } = await setup(kind)
    const options = { hardTimeout: 1000, softTimeout: 500, leaseTtl: 5000 }
    const calls = [1, 2, 3].map(() => cache.getOrSet("k", () => clock.after(10, "value"), options))
    await clock.advance(10)
    await Promise.all(calls)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("a caller does not wait for the storage to take what was loaded", async () => {
    const { cache, clock, storage, trace } = await setup(kind)
    storage.fault = (verb, key) => (verb === "set" && key === "k" ? "hang" : undefined)
    const hasty = cache.getOrSet("k", () => clock.after(10, "value"), { hardTimeout: 20 })
    await clock.advance(20)
    expect(await hasty).toBe("value")
    await clock.advance(2000)
    expect(trace).toEqual(["miss", "load", "loaded", "error"])
  })

  test("hardTimeout ends the wait for a storage as well", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => 500
    const hasty = cache.getOrSet("k", () => "value", { hardTimeout: 20 })
    const late = expect(hasty).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(20)
    await late
  })

  test("hardTimeout ends a joined caller's wait for a storage that hangs", async () => {
    const { cache, clock, storage } = await setup(kind)
    const load = gate()
    void cache.getOrSet("k", () => load.promise)
    await settled(clock)
    storage.fault = () => "hang"
    const hasty = cache.getOrSet("k", () => "value", { hardTimeout: 20 })
    const late = expect(hasty).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(20)
    await late
  })
})

test("what the storage has answered while the process stood still is heard before its time is over", async () => {
  vi.useRealTimers()
  const adapter = {
    name: "far",
    medium: "text",
    get: () => new Promise<undefined>((resolve) => setImmediate(resolve, undefined)),
    set: () => new Promise<void>((resolve) => setImmediate(resolve, undefined)),
    delete: async () => false,
    clear: async () => {},
  } as const
  const cache = await new CacheWrapper({ adapter, storeTimeout: 20 }).ready()
  const written = cache.set("k", 1)
  for (const until = Date.now() + 200; Date.now() < until; );
  await expect(written).resolves.toBeUndefined()
  const read = cache.get("k", { required: true })
  for (const until = Date.now() + 200; Date.now() < until; );
  await expect(read).rejects.toMatchObject({ code: "CACHE_MISS", reason: "absent" })
})
