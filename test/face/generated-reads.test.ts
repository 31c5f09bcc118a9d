import { describe, expect, test, vi } from "vitest"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

describe.each(kinds)("a region with a generator on %s", (kind) => {
  test("serves what is stale and asked for so, without a load", async () => {
    const { cache, clock, events } = await setup(kind, { grace: "1h" })
    let loads = 0
    const numbers = cache.region("numbers", { generate: (_: number) => ++loads })
    await numbers.get(1)
    await numbers.expire(1)
    events.length = 0
    expect(await numbers.get(1, { stale: true })).toBe(1)
    expect(await numbers.getMany([1, 1], { stale: true })).toEqual([1, 1])
    expect(events.map(({ type }) => type)).toEqual(["stale", "stale", "stale"])
    expect(events[0]).toMatchObject({ type: "stale", reason: "asked" })
    expect(loads).toBe(1)
    expect(await numbers.get(1)).toBe(2)
    await clock.advance(1_000_000)
    expect(await numbers.get(1, { stale: true })).toBe(2)
    await clock.advance(4_000_000)
    expect(await numbers.get(1, { stale: true })).toBe(3)
  })

  test("counts one miss where stale is asked for and nothing is there", async () => {
    const { cache, trace } = await setup(kind, { grace: "1h" })
    const numbers = cache.region("numbers", { generate: (n: number) => n })
    expect(await numbers.get(1, { stale: true })).toBe(1)
    expect(trace.filter((type) => type !== "set")).toEqual(["miss", "load", "loaded"])
    expect(await numbers.get(1, { stale: true })).toBe(1)
    expect(trace.at(-1)).toBe("hit")
  })

  test("joins one load where stale is asked for and nothing is there, by one read", async () => {
    const { cache, storage } = await setup(kind, { grace: "1h" })
    const { promise, pass } = gate()
    const load = vi.fn(() => promise)
    const texts = cache.region("texts", { generate: load })
    const all = [1, 2, 3].map(() => texts.get(1, { stale: true }))
    const plain = texts.get(1)
    pass("made")
    expect(await Promise.all([...all, plain])).toEqual(["made", "made", "made", "made"])
    expect(load).toHaveBeenCalledTimes(1)
    const reads = storage.calls.filter((call) => call.startsWith("get "))
    // Memory is asked by each, and all abilities hold a lease, under which it is read again.
    expect(reads).toHaveLength({ memory: 4, "four methods": 1, "all abilities": 2 }[kind])
  })

  test("loads for a caller that wants a fresh value, while another accepts a stale one", async () => {
    const { cache, clock } = await setup(kind, { grace: "1h" })
    let loads = 0
    const numbers = cache.region("numbers", { generate: (_: number) => ++loads })
    await numbers.get(1)
    await numbers.expire(1)
    const content = numbers.get(1, { stale: true })
    const prompt = numbers.get(1, { softTimeout: 0 })
    expect(await Promise.all([content, prompt])).toEqual([1, 1])
    await settled(clock)
    expect(loads).toBe(2)
    await numbers.expire(1)
    expect(await Promise.all([numbers.get(1, { stale: true }), numbers.get(1)])).toEqual([2, 3])
  })

  test("never serves as stale what was ended for good", async () => {
    const { cache } = await setup(kind, { grace: "1h" })
    let loads = 0
    const numbers = cache.region("numbers", { generate: (_: number) => ++loads })
    await numbers.get(1)
    await numbers.invalidate()
    expect(await numbers.get(1, { stale: true })).toBe(2)
  })
})

describe.each(["four methods", "all abilities"] as const)("many of a generator on %s", (kind) => {
  test("are read together", async () => {
    const { cache, storage } = await setup(kind)
    const loads: number[] = []
    const numbers = cache.region("numbers", { generate: (n: number) => loads.push(n) && 2 * n })
    expect(await numbers.getMany([1, 2, 1])).toEqual([2, 4, 2])
    expect(loads).toEqual([1, 2])
    storage.calls.length = 0
    expect(await numbers.getMany([1, 2, 1])).toEqual([2, 4, 2])
    const verbs = storage.calls.map((call) => call.replace(/ .*/, ""))
    expect(verbs).toEqual(kind === "four methods" ? ["get", "get"] : ["getMany"])
    expect(await numbers.getMany([2, 3])).toEqual([4, 6])
    expect(loads).toEqual([1, 2, 3])
  })
})
