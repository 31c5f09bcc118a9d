import { describe, expect, test, vi } from "vitest"
import { kinds } from "../support/fake.ts"
import { settled, setup, unheard } from "../support/setup.ts"

const fails = () => vi.fn((): Promise<number> => Promise.reject(new Error("down")))

describe.each(kinds)("%s", (kind) => {
  test("while a stale value can be served, a failing origin is tried once per back-off", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const load = fails()
    const tries: number[] = []
    for (let second = 0; second < 100; second += 0.5) {
      expect(await cache.getOrSet("k", load)).toBe(1)
      if (load.mock.calls.length > tries.length) tries.push(second)
      await clock.advance(500)
    }
    // After 1, 2, 4, 8, 16 and then each 30 seconds.
    expect(tries).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
  })

  test("a stale value served after a failed load has the reason failed, however fast it failed", async () => {
    const { cache, clock, events } = await setup(kind)
    await cache.set("k", 1, { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const throws = () => {
      throw new Error("at once")
    }
    for (let i = 0; i < 2; i++) expect(await cache.getOrSet("k", throws)).toBe(1)
    const reasons = events.flatMap((event) => (event.type === "stale" ? [event.reason] : []))
    expect(reasons).toEqual(["failed", "backoff"])
  })

  test("without anything stale each call tries the origin", async () => {
    const { cache } = await setup(kind)
    const load = fails()
    for (let i = 0; i < 3; i++) await expect(cache.getOrSet("k", load)).rejects.toThrow("down")
    expect(load).toHaveBeenCalledTimes(3)
  })

  test("past its grace a value backs nothing off", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 1, grace: 100 })
    await clock.advance(1)
    expect(await cache.getOrSet("k", fails())).toBe(1)
    await clock.advance(100)
    expect(await cache.getOrSet("k", () => 2)).toBe(2)
  })

  test("a success, an explicit write or fresh: true ends the back-off", async () => {
    const { cache, clock } = await setup(kind)
    const stale = async () => {
      await cache.set("k", 1, { ttl: 1, grace: "1h" })
      await clock.advance(1)
      expect(await cache.getOrSet("k", fails())).toBe(1)
      expect(await cache.getOrSet("k", () => 2)).toBe(1)
    }
    await stale()
    expect(await cache.getOrSet("k", () => 2, { fresh: true, ttl: 1, grace: "1h" })).toBe(2)
    await clock.advance(1)
    expect(await cache.getOrSet("k", () => 3)).toBe(3)
    await stale()
    await cache.expire("k")
    expect(await cache.getOrSet("k", () => 4)).toBe(4)
  })

  test("a background refresh that fails is an event, never an unhandled rejection", async () => {
    const { cache, clock, trace } = await setup(kind)
    const rejections = unheard()
    await cache.set("k", 1, { ttl: 1, grace: "1h" })
    await clock.advance(1)
    trace.length = 0
    const thrown = () => {
      throw new Error("at once")
    }
    expect(await cache.getOrSet("k", thrown, { softTimeout: 0 })).toBe(1)
    await settled(clock)
    expect(trace.toSorted()).toEqual(["failed", "load", "stale"])
    await clock.advance(1000)
    expect(await cache.getOrSet("k", () => clock.failAfter(50, new Error("later")), { softTimeout: 0 })).toBe(
      1,
    )
    await clock.advance(50)
    expect(await rejections()).toEqual([])
  })

  test("a load that fails after its caller's timeout is no unhandled rejection", async () => {
    const { cache, clock, trace } = await setup(kind)
    const rejections = unheard()
    const answer = cache.getOrSet("k", () => clock.failAfter(50, new Error("down")), { hardTimeout: 10 })
    const late = expect(answer).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(50)
    await late
    expect(trace).toContain("failed")
    expect(await rejections()).toEqual([])
  })
})
