import { describe, expect, test } from "vitest"
import type { SchemaResult } from "../../src/policy/options.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { held } from "../support/garbage.ts"
import { gate, settled, setup } from "../support/setup.ts"

const never = () => new Promise<never>(() => {})

describe.each(kinds)("a challenger of a load, on %s", (kind) => {
  test("nobody does where leaseTtl has no end", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: Infinity })
    const { promise, pass } = gate()
    let loads = 0
    const load = () => {
      loads++
      return promise
    }
    const all = Array.from({ length: 10 }, () => cache.getOrSet("k", load))
    await settled(clock)
    for (let i = 0; i < 10; i++) all.push(cache.getOrSet("k", load))
    await clock.advance(3_600_000)
    pass("loaded")
    expect(new Set(await Promise.all(all))).toEqual(new Set(["loaded"]))
    expect(loads).toBe(1)
  })

  test("the leader of a hanging load that a write has fenced gets the value of its successor", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 100 })
    const leader = cache.getOrSet("k", () => new Promise<string>(() => {}))
    await settled(clock)
    const follower = cache.getOrSet("k", () => clock.after(10, "value"))
    await settled(clock)
    await cache.delete("k")
    await clock.advance(200)
    expect(await Promise.all([leader, follower])).toEqual(["value", "value"])
  })

  test("the leader of a hanging load validates another's value by its own schema", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 100 })
    const schema = (judge: (value: unknown) => SchemaResult<unknown>) => ({
      schema: { "~standard": { version: 1, vendor: "test", validate: judge } } as const,
    })
    const loud = schema((value) => ({ value: `${value}!` }))
    const numbers = schema((value) =>
      typeof value === "number" ? { value } : { issues: [{ message: "no" }] },
    )
    const judging = cache.getOrSet<unknown>("k", never, numbers)
    const refused = expect(judging).rejects.toMatchObject({ code: "FALLBACK_RESULT" })
    const plain = cache.getOrSet<unknown>("l", never)
    await clock.advance(10)
    const all = [
      cache.getOrSet<unknown>("k", () => "text"),
      cache.getOrSet<unknown>("l", () => "text", loud),
      plain,
    ]
    await clock.advance(200)
    await refused
    expect(await Promise.all(all)).toEqual(["text", "text!", "text"])
  })

  test("and has it for himself", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 100 })
    const leader = cache.getOrSet<object>("k", never)
    await clock.advance(10)
    const follower = cache.getOrSet("k", () => ({ a: 1 }))
    await clock.advance(200)
    expect(await leader).toEqual({ a: 1 })
    expect(await leader).not.toBe(await follower)
  })

  test("a load that one of little patience has begun beside it, and that fails, fails nobody else", async () => {
    const { cache, clock } = await setup(kind)
    const leader = cache.getOrSet("k", () => clock.after(100, "loaded"))
    await clock.advance(10)
    const patient = cache.getOrSet("k", () => clock.after(100, "loaded anew"))
    const hasty = cache.getOrSet<string>("k", () => clock.failAfter(10, new Error("down")), { leaseTtl: 50 })
    const refused = expect(hasty).rejects.toThrow("down")
    await clock.advance(300)
    await refused
    expect([await leader, await patient]).toEqual(["loaded", "loaded"])
  })

  test("a load that takes longer than leaseTtl does not fail with the one that began beside it", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 50 })
    const slow = cache.getOrSet("k", () => clock.after(200, "slow"))
    await clock.advance(10)
    const refused = expect(cache.getOrSet("k", () => clock.failAfter(10, new Error("down")))).rejects.toThrow(
      "down",
    )
    await clock.advance(300)
    await refused
    expect(await slow).toBe("slow")
    // It was late.
    expect(await cache.has("k")).toBe(false)
  })

  test("the leader of a hanging load gets the first value that a challenger loads, not the errors before it", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 50 })
    const leader = cache.getOrSet<string>("k", never)
    for (let i = 0; i < 3; i++) {
      await clock.advance(10)
      const down = () => clock.failAfter(10, new Error("down"))
      const refused = expect(cache.getOrSet("k", down)).rejects.toThrow("down")
      await clock.advance(100)
      await refused
    }
    expect(await cache.getOrSet("k", () => "value")).toBe("value")
    expect(await leader).toBe("value")
  })

  test("a leader gets the value of the last of several challengers, if no caller waits for those in between", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 100 })
    const leader = cache.getOrSet<string>("k", never)
    for (let i = 0; i < 3; i++) {
      await clock.advance(110)
      const hasty = cache.getOrSet<string>("k", never, { hardTimeout: 10 })
      const refused = expect(hasty).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
      await clock.advance(10)
      await refused
    }
    await clock.advance(110)
    const last = cache.getOrSet("k", () => "value")
    await clock.advance(10)
    expect(await Promise.all([leader, last])).toEqual(["value", "value"])
  })

  test("all callers of hanging loads get the first value that a challenger loads", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 100 })
    let loads = 0
    const load = () => (++loads < 8 ? never() : "value")
    const all = Array.from({ length: 60 }, () => cache.getOrSet<string>("k", load))
    const over = Promise.all(all)
    await clock.advance(1000)
    expect(new Set(await over)).toEqual(new Set(["value"]))
    expect(loads).toBe(8)
  })

  test("of loads that hang, and that nobody waits for, one does not keep all those before it", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 100, hardTimeout: 150 })
    const seen: WeakRef<object>[] = []
    const load = (context: object) => {
      seen.push(new WeakRef(context))
      return never()
    }
    for (let i = 0; i < 200; i++) {
      cache.getOrSet("k", load).catch(() => {})
      await clock.advance(200)
    }
    expect(seen.length).toBe(200)
    expect(await held(seen)).toBeLessThan(100)
  })

  test("a caller of little patience makes nobody else's load overdue", async () => {
    const { cache, clock } = await setup(kind)
    const { promise, pass } = gate()
    let loads = 0
    const load = () => {
      loads++
      return promise
    }
    const first = cache.getOrSet("k", load)
    await settled(clock)
    const signal = new AbortController()
    const hasty = cache.getOrSet("k", load, { leaseTtl: 50, signal: signal.signal })
    hasty.catch(() => {})
    await settled(clock)
    signal.abort()
    await clock.advance(75)
    const later = cache.getOrSet("k", load)
    await settled(clock)
    pass("loaded")
    expect([await first, await later, loads]).toEqual(["loaded", "loaded", 1])
    expect(await cache.get("k")).toBe("loaded")
  })

  test("no caller joins a refresh that a challenger has fenced", async () => {
    const { cache, clock } = await setup(kind)
    const slow = cache.getOrSet("k", () => clock.after(5_000, "slow"), { fresh: true })
    await clock.advance(60)
    const hasty = cache.getOrSet("k", () => "short", { leaseTtl: 50, ttl: 20 })
    await clock.advance(300)
    const later = cache.getOrSet("k", () => "new")
    await clock.advance(5_000)
    expect(await Promise.all([slow, hasty, later])).toEqual(["short", "short", "new"])
    expect(await cache.get("k")).toBe("new")
  })

  test("hits neither end nor start the load of a caller that wants a newer value, however long that takes", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 50 })
    await cache.set("k", "old")
    await clock.advance(5)
    let loads = 0
    const load = () => clock.after(120, `load ${++loads}`)
    const younger = cache.getOrSet("k", load, { maxAge: 1 })
    const hits: unknown[] = []
    for (let left = 6; left > 0; left--) {
      await clock.advance(60)
      const hit = cache.getOrSet("k", () => "never called")
      await settled(clock)
      hits.push(await hit)
    }
    expect(await younger).toBe("load 1")
    expect(hits).toEqual(["old", ...Array(5).fill("load 1")])
    expect(loads).toBe(1)
  })

  test("a hit fences no refresh, however long that takes", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 50 })
    await cache.set("k", "old")
    const refreshed = cache.getOrSet("k", () => clock.after(200, "new"), { fresh: true })
    await clock.advance(100)
    const signal = new AbortController()
    expect(await cache.getOrSet("k", () => "another", { signal: signal.signal })).toBe("old")
    await clock.advance(200)
    expect(await refreshed).toBe("new")
    expect(await cache.get("k")).toBe("new")
  })

  test("one that goes on after its callers were served is not joined, and another load fences it", async () => {
    const { cache, another, clock } = await setup(kind, {
      leaseTtl: 50,
      signal: new AbortController().signal,
    })
    let rounds = 0
    // Who goes round and round lets no time pass.
    cache.on("coalesced", () => ++rounds === 100 && clock.jump(Date.now() + 3_600_000))
    const slow = cache.getOrSet("k", () => clock.after(500, "late"), { lease: false })
    await clock.advance(10)
    await another().set("k", "brief", { ttl: 100 })
    await clock.advance(50)
    const hit = cache.getOrSet("k", () => "never called")
    await settled(clock)
    expect(await Promise.all([slow, hit])).toEqual(["brief", "brief"])
    await clock.advance(100)
    const patient = cache.getOrSet("k", () => "new", { leaseTtl: "1m" })
    await settled(clock)
    expect([await patient, rounds]).toEqual(["new", 0])
    await clock.advance(500)
    expect(await cache.get("k")).toBe("new")
  })

  test("another load fences it", async () => {
    const { cache, clock } = await setup(kind, { leaseTtl: 50 })
    const refreshed = cache.getOrSet("k", () => clock.after(200, "late"), { fresh: true })
    await clock.advance(100)
    expect(await cache.getOrSet("k", () => "challenger")).toBe("challenger")
    await clock.advance(200)
    await refreshed
    expect(await cache.get("k")).toBe("challenger")
  })

  test("a load that hangs does not remember tags without end: it is fenced", async () => {
    const { cache, clock } = await setup(kind)
    const { promise, pass } = gate()
    const load = cache.getOrSet("k", () => promise)
    await settled(clock)
    for (let i = 0; i < 1002; i++) await cache.invalidateTags(`t${i}`)
    pass("late")
    expect(await load).toBe("late")
    expect(await cache.get("k")).toBeUndefined()
  })

  test("a joiner's own schema is waited for no longer than he would", async () => {
    const { cache, clock } = await setup(kind)
    const validate = () => new Promise<never>(() => {})
    const schema = { "~standard": { version: 1, vendor: "slow", validate } } as const
    const first = cache.getOrSet("k", () => clock.after(20, "v"))
    await settled(clock)
    const second = cache.getOrSet("k", () => "own", { schema, hardTimeout: 100 })
    const refused = expect(second).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(150)
    await refused
    expect(await first).toBe("v")
  })

  test("who is served stale at once has joined nothing", async () => {
    const { cache, clock, trace } = await setup(kind, { ttl: 10, grace: "1h", softTimeout: 0 })
    await cache.set("k", "old")
    await clock.advance(20)
    trace.length = 0
    const load = () => clock.after(50, "new")
    await cache.getOrSet("k", load)
    await cache.getOrSet("k", load)
    await cache.getOrSet("k", load)
    expect(trace.toSorted()).toEqual(["load", "stale", "stale", "stale"])
  })
})

describe.each(lateKinds.slice(1))("between processes, on %s", (kind) => {
  test("who has lost his lease leaves what its next holder has brought", async () => {
    const { cache, another, clock } = await setup(kind, { leaseTtl: 100 })
    const other = another()
    const slow = cache.getOrSet("k", () => clock.after(500, "older"))
    await clock.advance(200)
    const fast = other.getOrSet("k", () => "younger")
    await clock.advance(50)
    expect(await fast).toBe("younger")
    await clock.advance(500)
    expect(await slow).toBe("older")
    expect(await cache.get("k")).toBe("younger")
  })

  test("an invalidation that failed is tried again with another version", async () => {
    const { cache, another, storage } = await setup(kind)
    const other = another()
    await other.set("k", 1, { tags: ["t"] })
    let isLost = false
    storage.fault = (verb, key) => {
      if (verb !== "set" || !key.startsWith("#h") || isLost) return undefined
      isLost = true
      return "lose"
    }
    const tokens: unknown[] = []
    storage.onWrite = (_, key, record) => key.startsWith("#h") && tokens.push(record)
    await cache.invalidateTags("t")
    expect(tokens).toHaveLength(2)
    expect(tokens[0]).not.toBe(tokens[1])
  })
})
