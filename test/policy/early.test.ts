import { describe, expect, test, vi } from "vitest"
import { isEarly } from "../../src/policy/early.ts"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

/** An entry whose load took `took` ms. */
function entry(took: number) {
  return {
    format: 1,
    value: 1,
    createdAt: 0,
    freshUntil: 1000,
    ttl: 1000,
    grace: 0,
    took,
    tags: [],
    marks: [],
  } as const
}

test("the rate of refreshes is the formula's: exp(-left / (took · beta))", () => {
  for (const took of [1, 20, 300]) {
    for (const beta of [0.5, 1, 3]) {
      for (const left of [1, 20, 100, 500]) {
        let early = 0
        const runs = 20_000
        for (let i = 0; i < runs; i++) if (isEarly(entry(took), 1000, 1000 - left, beta)) early++
        const expected = Math.exp(-left / (took * beta))
        // Five standard deviations of a binomial, and a little for the rare ones.
        const margin = 5 * Math.sqrt((expected * (1 - expected)) / runs) + 1e-3
        expect(Math.abs(early / runs - expected), `took ${took}, beta ${beta}, left ${left}`).toBeLessThan(
          margin,
        )
      }
    }
  }
})

test("at its deadline an entry is always due, and with beta 0 or no duration never before", () => {
  expect(isEarly(entry(10), 1000, 1000, 1)).toBe(true)
  expect(isEarly(entry(10), 1000, 999, 0)).toBe(false)
  for (let i = 0; i < 1000; i++) expect(isEarly(entry(0), 1000, 999, 1)).toBe(false)
  for (let i = 0; i < 1000; i++) expect(isEarly(entry(1e6), Infinity, 999, 1)).toBe(false)
})

describe.each(kinds)("%s", (kind) => {
  test("the measured duration of the load decides", async () => {
    const { cache, clock } = await setup(kind)
    const first = cache.getOrSet("k", () => clock.after(100, 1), { ttl: 1000 })
    await clock.advance(100)
    await first
    await clock.advance(500)
    // 400 ms are left: due when 100 · -ln(random) ≥ 400.
    const load = vi.fn(() => 2)
    const random = vi.spyOn(Math, "random").mockReturnValue(Math.exp(-3.9))
    expect(await cache.getOrSet("k", load, { early: 1 })).toBe(1)
    await settled(clock)
    expect(load).not.toHaveBeenCalled()
    random.mockReturnValue(Math.exp(-4.1))
    expect(await cache.getOrSet("k", load, { early: 1 })).toBe(1)
    await settled(clock)
    random.mockRestore()
    expect(load).toHaveBeenCalledTimes(1)
    expect(await cache.get("k")).toBe(2)
  })

  test("readers get the fresh value while one refresh runs behind them", async () => {
    const { cache, clock, trace } = await setup(kind)
    const first = cache.getOrSet("k", () => clock.after(100, 1), { ttl: 1000 })
    await clock.advance(100)
    await first
    trace.length = 0
    const random = vi.spyOn(Math, "random").mockReturnValue(1e-9)
    const load = gate<number>()
    for (let i = 0; i < 5; i++) {
      expect(await cache.getOrSet("k", () => load.promise, { early: 1 })).toBe(1)
      await settled(clock)
    }
    random.mockRestore()
    load.pass(2)
    await settled(clock)
    expect(trace.filter((type) => type === "load")).toHaveLength(1)
    expect(trace.filter((type) => type === "hit")).toHaveLength(5)
    expect(await cache.get("k")).toBe(2)
  })

  test("an early refresh that fails leaves the fresh value", async () => {
    const { cache, clock } = await setup(kind)
    const first = cache.getOrSet("k", () => clock.after(100, 1), { ttl: 1000 })
    await clock.advance(100)
    await first
    const random = vi.spyOn(Math, "random").mockReturnValue(1e-9)
    expect(await cache.getOrSet("k", () => Promise.reject(new Error("down")), { early: 1 })).toBe(1)
    await settled(clock)
    random.mockRestore()
    expect(await cache.get("k")).toBe(1)
  })

  test("after an early refresh that failed the next attempt waits for its back-off", async () => {
    const { cache, clock } = await setup(kind)
    const first = cache.getOrSet("k", () => clock.after(10, "old"), { ttl: "1h", grace: "1h" })
    await clock.advance(10)
    await first
    let loads = 0
    const fails = () => {
      loads++
      throw new Error("down")
    }
    const ask = () => cache.getOrSet<string>("k", fails, { early: 1e12, ttl: "1h", grace: "1h" })
    for (let call = 0; call < 20; call++) {
      expect(await ask()).toBe("old")
      await settled(clock)
    }
    expect(loads).toBe(1)
    await clock.advance(1000)
    expect(await ask()).toBe("old")
    await settled(clock)
    expect(loads).toBe(2)
  })
})
