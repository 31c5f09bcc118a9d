import { describe, expect, test, vi } from "vitest"
import { kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

describe.each(kinds)("%s", (kind) => {
  test("10 000 concurrent callers of one key share one load", async () => {
    const { cache, clock } = await setup(kind)
    const load = vi.fn(() => clock.after(10, { a: 1 }))
    const calls = Array.from({ length: 10_000 }, () => cache.getOrSet("k", load))
    await clock.advance(10)
    const values = await Promise.all(calls)
    expect(values.every((value) => value.a === 1)).toBe(true)
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.metrics()).toMatchObject({ loads: 1, coalesced: 9_999, misses: 1 })
  })

  test("a caller that comes while the load runs joins it", async () => {
    const { cache, clock, trace } = await setup(kind)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const second = cache.getOrSet("k", () => "never called")
    await settled(clock)
    expect(cache.isLoading("k")).toBe(true)
    load.pass("value")
    expect(await Promise.all([first, second])).toEqual(["value", "value"])
    expect(cache.isLoading("k")).toBe(false)
    expect(trace).toEqual(["miss", "load", "coalesced", "loaded", "set"])
  })

  test("the entry is stored before the flight is over: no gap for a second load", async () => {
    const { cache, clock } = await setup(kind)
    const load = vi.fn(() => clock.after(5, "value"))
    for (let at = 0; at < 40; at++) {
      void cache.getOrSet("k", load)
      await clock.advance(at < 20 ? 1 : 0)
    }
    expect(load).toHaveBeenCalledTimes(1)
  })

  test("every waiter gets the very error of the load; nothing is stored; the next call loads again", async () => {
    const { cache, clock, trace } = await setup(kind)
    const error = Object.freeze(new Error("down"))
    const calls = [1, 2, 3].map(() => cache.getOrSet("k", () => clock.failAfter(10, error)))
    const outcomes = Promise.allSettled(calls)
    await clock.advance(10)
    for (const outcome of await outcomes) expect(outcome).toEqual({ status: "rejected", reason: error })
    expect(trace).toEqual(["miss", "load", "coalesced", "coalesced", "failed"].sort(order(trace)))
    expect(await cache.getOrSet("k", () => "up")).toBe("up")
  })

  test("a fallback that throws at once rejects, and does not throw at the call", async () => {
    const { cache } = await setup(kind)
    const answer = cache.getOrSet("k", () => {
      throw new RangeError("at once")
    })
    await expect(answer).rejects.toThrow(RangeError)
    expect(cache.isLoading("k")).toBe(false)
  })

  test("a fallback that throws undefined rejects with undefined, all of its callers", async () => {
    const { cache } = await setup(kind)
    const calls = [1, 2].map(() => cache.getOrSet("k", () => Promise.reject(undefined)))
    expect(await Promise.allSettled(calls)).toEqual([
      { status: "rejected", reason: undefined },
      { status: "rejected", reason: undefined },
    ])
    await cache.set("k", 1, { ttl: 1, grace: "1h" })
    await cache.expire("k")
    expect(await cache.getOrSet("k", () => Promise.reject(undefined))).toBe(1)
  })

  test("a fallback may answer with any thenable", async () => {
    const { cache } = await setup(kind)
    const thenable = { then: (resolve: (value: string) => void) => resolve("value") }
    expect(await cache.getOrSet("k", () => thenable as unknown as Promise<string>)).toBe("value")
    expect(await cache.get("k")).toBe("value")
  })

  test("a value with a then property is a value", async () => {
    const { cache } = await setup(kind)
    expect(await cache.getOrSet("k", () => ({ then: 5 }))).toEqual({ then: 5 })
    expect(await cache.get("k")).toEqual({ then: 5 })
    expect(await cache.getMany(["k"])).toEqual([{ then: 5 }])
  })

  test("a fallback that asks for its own key gets REENTRANT", async () => {
    const { cache } = await setup(kind)
    const inner = () => cache.getOrSet("k", () => "inner")
    await expect(cache.getOrSet("k", inner)).rejects.toMatchObject({ code: "REENTRANT", key: "k" })
    await expect(cache.getOrSet("k", inner, { fresh: true })).rejects.toMatchObject({ code: "REENTRANT" })
    expect(await cache.getOrSet("k", () => "value")).toBe("value")
  })

  test("a fallback that has ended its own load and asks for its key again gets REENTRANT", async () => {
    const { cache } = await setup(kind)
    const ends: readonly (() => Promise<unknown>)[] = [
      () => cache.delete("k"),
      () => cache.set("k", 1),
      () => cache.invalidateTags("t"),
      () => cache.clear(),
    ]
    for (const end of ends) {
      let runs = 0
      const load = async (): Promise<unknown> => {
        if (++runs > 3) throw new Error("without end")
        await end()
        return cache.getOrSet("k", load, { tags: ["t"], fresh: true })
      }
      await expect(cache.getOrSet("k", load, { tags: ["t"] })).rejects.toMatchObject({ code: "REENTRANT" })
      expect(runs).toBe(1)
      await cache.delete("k")
    }
  })

  test("a fallback that asks for its own key by way of another's gets REENTRANT", async () => {
    const { cache } = await setup(kind)
    const asks = (key: string, then: () => Promise<unknown>) => cache.getOrSet<unknown>(key, then)
    const circle = asks("a", () => asks("b", () => asks("a", () => Promise.resolve(1))))
    await expect(circle).rejects.toMatchObject({ code: "REENTRANT", key: "a" })
  })

  test("a fallback may ask for other keys, and the same from elsewhere", async () => {
    const { cache } = await setup(kind)
    const answer = cache.getOrSet("a", async () => [
      await cache.getOrSet("b", () => 1),
      await cache.region("r").getOrSet("a", () => 2),
    ])
    expect(await answer).toEqual([1, 2])
  })

  test("a key is loaded once for each region and cache", async () => {
    const { cache, another } = await setup(kind)
    const load = vi.fn(() => Promise.resolve(1))
    await Promise.all([cache.getOrSet("k", load), cache.region("r").getOrSet("k", load)])
    expect(load).toHaveBeenCalledTimes(2)
    const other = another({ prefix: "p" })
    await other.getOrSet("k", load)
    expect(load).toHaveBeenCalledTimes(3)
  })

  test("what callers do to the value they share never reaches the cache", async () => {
    const { cache } = await setup(kind)
    const value = await cache.getOrSet("k", () => ({ list: [1] }))
    value.list.push(2)
    const found = await cache.getOrSet("k", () => ({ list: [0] }))
    expect(found).toEqual({ list: [1] })
    found.list.push(3)
    expect(await cache.get("k")).toEqual({ list: [1] })
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("the flight is there before the storage is read", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => 5
    const load = vi.fn(() => "value")
    const calls = [cache.getOrSet("k", load), cache.getOrSet("k", load)]
    expect(cache.isLoading("k")).toBe(true)
    await clock.advance(1)
    calls.push(cache.getOrSet("k", load))
    await clock.advance(100)
    expect(await Promise.all(calls)).toEqual(["value", "value", "value"])
    expect(load).toHaveBeenCalledTimes(1)
    expect(storage.calls.filter((call) => call === "get k").length).toBeLessThanOrEqual(2)
  })
})

/** Sorts by first appearance in `trace`. */
function order(trace: readonly string[]): (a: string, b: string) => number {
  return (a, b) => trace.indexOf(a) - trace.indexOf(b)
}
