import { describe, expect, test, vi } from "vitest"
import { gate, settled, setup } from "../support/setup.ts"

const never = () => new Promise<string>(() => {})
const kind = "all abilities"

describe("caches on one storage that leases", () => {
  test("load a key once, however many callers they have", async () => {
    const { clock, another } = await setup(kind)
    const caches = Array.from({ length: 8 }, () => another())
    const load = vi.fn(() => clock.after(500, "value"))
    const calls = caches.flatMap((cache) => Array.from({ length: 20 }, () => cache.getOrSet("k", load)))
    await clock.advance(1000)
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["value"]))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test("whoever gets the lease reads again: his neighbour may have written meanwhile", async () => {
    const { cache, clock, storage, another } = await setup(kind)
    const load = vi.fn(() => "value")
    storage.fault = (verb) => (verb === "lock" ? 50 : undefined)
    const first = cache.getOrSet("k", load)
    await clock.advance(20)
    await another().set("k", "neighbour")
    await clock.advance(50)
    expect(await first).toBe("neighbour")
    expect(load).not.toHaveBeenCalled()
  })

  test("a follower waits on with a load that has waited for its lease, and is told of once", async () => {
    const { cache, clock, trace, another } = await setup(kind, { leaseTtl: 300 })
    const other = gate()
    const held = another()
      .getOrSet("k", () => other.promise)
      .catch(() => "failed")
    await settled(clock)
    const signals: AbortSignal[] = []
    const load = vi.fn(async ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal)
      return clock.after(250, "value")
    })
    const leader = new AbortController()
    const first = cache.getOrSet("k", load, { signal: leader.signal }).catch(() => "gone")
    await clock.advance(10)
    const second = cache.getOrSet("k", load)
    await clock.advance(40)
    leader.abort()
    await clock.advance(150)
    other.fail(new Error("no value"))
    await clock.advance(1000)
    expect(await Promise.all([first, second, held])).toEqual(["gone", "value", "failed"])
    expect(load).toHaveBeenCalledTimes(1)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    expect(trace.filter((type) => type === "coalesced")).toHaveLength(1)
  })

  test("serve stale at once while another process loads", async () => {
    const { cache, clock, another } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const unused = vi.fn(() => "other")
    expect(await another().getOrSet("k", unused)).toBe("old")
    load.pass("new")
    expect(await first).toBe("new")
    expect(unused).not.toHaveBeenCalled()
  })

  test("do not serve as stale what was invalidated since the lease was asked for", async () => {
    const { cache, clock, storage, another } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h", tags: ["t"] })
    await clock.advance(1)
    storage.fault = (verb) => (verb === "lock" ? 50 : undefined)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await clock.advance(10)
    await another().invalidateTags("t")
    await clock.advance(50)
    storage.fault = () => undefined
    const second = cache.getOrSet("k", () => "unused", { softTimeout: 0 })
    await settled(clock)
    load.pass("new")
    expect(await second).not.toBe("old")
    expect(await first).toMatch(/new|unused/)
  })

  test("wait for a holder that was killed no longer than leaseTtl; then one of them loads", async () => {
    const { clock, another } = await setup(kind, { leaseTtl: 1000 })
    void another().getOrSet("k", never)
    await clock.advance(10)
    const load = vi.fn(() => clock.after(100, "value"))
    const calls = Array.from({ length: 5 }, () => another().getOrSet("k", load))
    await clock.advance(990)
    await clock.advance(500)
    expect(await Promise.all(calls)).toEqual(calls.map(() => "value"))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test("load although nobody ever gives the lease back", async () => {
    const { storage, clock, another } = await setup(kind, { leaseTtl: 1000 })
    const stuck = another({ adapter: { ...storage.handle(), lock: () => undefined }, leaseTtl: 1000 })
    const answer = stuck.getOrSet("k", () => "value")
    await clock.advance(2000)
    expect(await answer).toBe("value")
  })

  test("callers who wait for it together load once together, when nobody gives it back", async () => {
    const { storage, clock, another } = await setup(kind)
    const stuck = another({ adapter: { ...storage.handle(), lock: () => undefined }, leaseTtl: 1000 })
    const load = vi.fn(() => clock.after(10, "value"))
    const calls = [stuck.getOrSet("k", load)]
    for (let i = 0; i < 5; i++) {
      await clock.advance(100)
      calls.push(stuck.getOrSet("k", load))
    }
    await clock.advance(2000)
    expect(await Promise.all(calls)).toEqual(calls.map(() => "value"))
    expect(load).toHaveBeenCalledTimes(1)
  })

  test("give the lease back after a load, good or bad", async () => {
    const { cache, another } = await setup(kind)
    await cache.getOrSet("a", () => 1)
    await expect(cache.getOrSet("b", () => Promise.reject(new Error("down")))).rejects.toThrow("down")
    expect(await another().getOrSet("b", () => 2)).toBe(2)
    await cache.delete("a")
    expect(await another().getOrSet("a", () => 3)).toBe(3)
  })

  test("do not wait for a load that an explicit write here has fenced", async () => {
    const { cache, clock, another } = await setup(kind)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    await cache.delete("k")
    expect(await cache.getOrSet("k", () => "anew")).toBe("anew")
    expect(await another().getOrSet("k", () => "other")).toBe("anew")
    load.pass("late")
    expect(await first).toBe("late")
  })

  test("a load that was fenced before it began takes no lease from the one that follows it", async () => {
    const { clock, storage, another } = await setup(kind)
    const handle = storage.handle()
    const lock = async (key: string, ttl: number) => clock.after(10, await handle.lock?.(key, ttl))
    const cache = another({ adapter: { ...handle, lock } })
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    storage.fault = (verb) => (verb === "get" ? 10 : undefined)
    const first = cache.getOrSet("k", () => "first")
    await clock.advance(1)
    await cache.expire("k")
    await clock.advance(4)
    const second = cache.getOrSet("k", () => "second")
    await clock.advance(50)
    expect(await Promise.all([first, second])).toEqual(["first", "second"])
  })

  test("do not wait for a load whose callers have gone", async () => {
    const { cache, clock, another } = await setup(kind)
    const controller = new AbortController()
    const gone = cache.getOrSet("k", never, { signal: controller.signal })
    await settled(clock)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    expect(await another().getOrSet("k", () => "value")).toBe("value")
  })

  test("a caller that leaves while it waits for the lease needs no load", async () => {
    const { cache, clock, another } = await setup(kind)
    const load = gate()
    const first = another().getOrSet("k", () => load.promise)
    await settled(clock)
    const controller = new AbortController()
    const unused = vi.fn(() => "unused")
    const gone = cache.getOrSet("k", unused, { signal: controller.signal })
    await clock.advance(20)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    load.fail(new Error("down"))
    await expect(first).rejects.toThrow("down")
    await clock.advance(60_000)
    expect(unused).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test("a failed load passes to the next process at once", async () => {
    const { cache, clock, another } = await setup(kind)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const second = another().getOrSet("k", () => "second")
    await clock.advance(20)
    load.fail(new Error("down"))
    await expect(first).rejects.toThrow("down")
    await clock.advance(200)
    expect(await second).toBe("second")
  })

  test("a lease that fails, throws or hangs never blocks a load", async () => {
    for (const fault of ["reject", "throw", "hang", "lose"] as const) {
      const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
      storage.fault = (verb) => (verb === "lock" ? fault : undefined)
      const answer = cache.getOrSet("k", () => "value")
      await clock.advance(100)
      expect(await answer).toBe("value")
    }
  })

  test("a lease that comes too late is given back", async () => {
    const { cache, clock, storage, another } = await setup(kind, { storeTimeout: 100 })
    storage.fault = (verb) => (verb === "lock" ? 200 : undefined)
    const answer = cache.getOrSet("k", () => "value", { ttl: 50 })
    await clock.advance(300)
    await answer
    storage.fault = () => undefined
    expect(await another().getOrSet("k", () => "other")).toBe("other")
  })

  test("lease: false and fresh: true take none", async () => {
    const { cache, storage } = await setup(kind)
    await cache.getOrSet("k", () => 1, { lease: false })
    await cache.getOrSet("k", () => 1, { fresh: true })
    expect(storage.calls.filter((call) => call.startsWith("lock"))).toEqual([])
  })

  test("a stored value of the wrong schema is no news from the neighbour", async () => {
    const validate = (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate } }
    const { cache, another } = await setup(kind)
    await another().set("k", "text")
    expect(await cache.getOrSet<number>("k", () => 5, { schema })).toBe(5)
  })

  test("of many keys, those that others load are awaited while the rest is loaded", async () => {
    const { cache, clock, another } = await setup(kind)
    const load = gate()
    const first = another().getOrSet("a", () => load.promise)
    await settled(clock)
    const asked: unknown[] = []
    const many = cache.getOrSetMany(["a", "b", "c"], (missing) => {
      asked.push([...missing])
      return missing.map((key) => `loaded ${key}`)
    })
    await clock.advance(20)
    load.pass("from the other")
    await clock.advance(300)
    expect(await many).toEqual(["from the other", "loaded b", "loaded c"])
    expect(asked).toEqual([["b", "c"]])
    await first
  })

  test("are polled for no longer than somebody waits", async () => {
    const { cache, clock, storage, another } = await setup(kind)
    cache.getOrSet("k", never)
    await settled(clock)
    const load = vi.fn(() => "mine")
    const late = another().getOrSet("k", load, { hardTimeout: 100 })
    late.catch(() => {})
    await clock.advance(100)
    await expect(late).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(1000)
    storage.calls.length = 0
    await clock.advance(60_000)
    expect(storage.calls.filter((call) => call.startsWith("lock"))).toEqual([])
    expect(load).not.toHaveBeenCalled()
  })
})

test("a caller that joins a load that got its lease late waits for it, though others had given it up", async () => {
  const { cache, clock, storage } = await setup(kind, { leaseTtl: 100 })
  storage.fault = (verb) => (verb === "lock" ? 150 : undefined)
  const load = () => clock.after(50, "loaded")
  const first = cache.getOrSet("k", load)
  await clock.advance(10)
  const tired = expect(cache.getOrSet("k", load, { hardTimeout: 20 })).rejects.toThrow("20 ms")
  let isLoading = false
  cache.on("load", () => {
    isLoading = true
  })
  while (!isLoading) await clock.advance(1)
  // One that asks over and over again would never let time pass.
  let reads = 0
  storage.fault = () => (++reads > 500 ? "hang" : undefined)
  const second = cache.getOrSet("k", load)
  await clock.advance(60)
  expect(reads).toBeLessThan(20)
  expect(await Promise.all([first, second])).toEqual(["loaded", "loaded"])
  await tired
})
