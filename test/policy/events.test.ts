import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup, unheard } from "../support/setup.ts"

describe.each(kinds)("%s", (kind) => {
  test("each verb tells what it did, with key and time", async () => {
    const { cache, clock, events, trace } = await setup(kind)
    await cache.getOrSet("k", () => clock.now(), { grace: "1h", tags: ["t"] })
    await clock.advance(7)
    await cache.get("k")
    await cache.expire("k")
    await cache.get("k", { stale: true })
    await cache.get("absent")
    await cache.set("l", 1)
    await cache.delete("l")
    await cache.invalidateTags("t")
    await cache.invalidate({ mode: "soft" })
    await cache.clear()
    expect(trace.join(" ")).toBe(
      "miss load loaded set hit expire stale miss set delete invalidate invalidate clear",
    )
    for (const event of events) expect(event.at).toBeTypeOf("number")
    expect(events[0]).toMatchObject({ key: "k", reason: "absent" })
    expect(events[4]).toMatchObject({ key: "k", age: 7, at: clock.now() })
    expect(events[6]).toMatchObject({ key: "k", age: 7, reason: "asked" })
    expect(events[10]).toMatchObject({ mode: "hard", tags: ["t"] })
    expect(events[11]).toMatchObject({ mode: "soft" })
  })

  test("a key named twice is deleted, and reported, once", async () => {
    const { cache, events } = await setup(kind)
    await cache.set("a", 1, { grace: "1h" })
    events.length = 0
    expect(await cache.expire("a", "a")).toBe(1)
    expect(await cache.delete("a", "a")).toBe(1)
    expect(events.map(({ type, key }) => [type, key])).toEqual([
      ["expire", "a"],
      ["delete", "a"],
    ])
  })

  test("a miss tells its reason", async () => {
    const { cache, clock, events } = await setup(kind)
    await cache.set("expired", 1, { ttl: 1, grace: 1 })
    await clock.advance(1)
    await cache.set("invalidated", 1, { tags: ["t"] })
    await cache.invalidateTags("t")
    events.length = 0
    for (const key of ["absent", "expired", "invalidated"]) await cache.get(key)
    await cache.getMany(["absent", "expired", "invalidated"])
    const reasons = ["absent", "expired", "invalidated"]
    expect(events.map((event) => "reason" in event && event.reason)).toEqual([...reasons, ...reasons])
    for (const key of reasons) {
      await expect(cache.get(key, { required: true })).rejects.toMatchObject({
        code: "CACHE_MISS",
        reason: key,
        key,
      })
      await expect(cache.getMany([key], { required: true })).rejects.toMatchObject({ reason: key })
    }
  })

  test("a load tells its duration, a failed one its error", async () => {
    const { cache, clock, events } = await setup(kind)
    const first = cache.getOrSet("k", () => clock.after(30, 1))
    await clock.advance(30)
    await first
    const error = new Error("down")
    const second = cache.getOrSet("l", () => clock.failAfter(20, error)).catch(() => {})
    await clock.advance(20)
    await second
    expect(events.find(({ type }) => type === "loaded")).toMatchObject({ duration: 30 })
    expect(events.find(({ type }) => type === "failed")).toMatchObject({ duration: 20, error })
  })

  test("stale tells why it was served", async () => {
    const { cache, clock, events } = await setup(kind)
    await cache.set("k", 1, { ttl: 1, grace: "1h" })
    await clock.advance(1)
    await cache.get("k", { stale: true })
    const slow = cache.getOrSet("k", () => clock.after(50, 2), { softTimeout: 10, ttl: 1, grace: "1h" })
    await clock.advance(60)
    await slow
    await cache.getOrSet("k", () => Promise.reject(new Error("down")))
    await cache.getOrSet("k", () => 3)
    const reasons = events.flatMap((event) => (event.type === "stale" ? [event.reason] : []))
    expect(reasons).toEqual(["asked", "timeout", "failed", "backoff"])
  })

  test("events of a region bear its name", async () => {
    const { cache, events } = await setup(kind)
    await cache
      .region("a")
      .region("b")
      .getOrSet("k", () => 1)
    for (const event of events) expect(event).toMatchObject({ key: "k", region: "a:b" })
  })

  test("values, ever so briefly cached, are part of no event and no message", async () => {
    const { cache, events } = await setup(kind)
    const secret = "s3cret-value"
    await cache.getOrSet("k", () => secret, { tags: ["t"] })
    await cache.get("k")
    await cache.getOrSet("l", () => ({ secret, no: () => secret }))
    const error = await cache.set("m", { secret: Symbol(secret) }).catch((reason: unknown) => reason)
    await cache.delete("k")
    expect(
      JSON.stringify(events, (_, value) => (value instanceof Error ? value.message : value)),
    ).not.toContain(secret)
    expect(String(error)).not.toContain(secret)
  })

  test("a listener that throws, or rejects, disturbs nobody", async () => {
    const { cache } = await setup(kind)
    const rejections = unheard()
    const seen: string[] = []
    cache.on("*", () => {
      throw new Error("broken")
    })
    cache.on("*", async () => {
      throw new Error("broken later")
    })
    cache.on("set", ({ type }) => seen.push(type))
    await cache.set("k", 1)
    expect(await cache.getOrSet("k", () => 2)).toBe(1)
    expect(await cache.getOrSet("l", () => 2)).toBe(2)
    expect(seen).toEqual(["set", "set"])
    expect(await rejections()).toEqual([])
  })

  test("an onError that throws disturbs nobody", async () => {
    const { cache, storage, trace } = await setup(kind, {
      onError: () => {
        throw new Error("broken")
      },
    })
    storage.fault = () => "reject"
    expect(await cache.getOrSet("k", () => 1)).toBe(1)
    expect(trace).toContain("error")
  })

  test("off ends a listener, once and for itself alone", async () => {
    const { cache, trace } = await setup(kind)
    const seen: string[] = []
    const listen = ({ type }: { type: string }) => void seen.push(type)
    const offs = [cache.on("set", listen), cache.on("set", listen)]
    await cache.set("k", 1)
    offs[0]?.()
    offs[0]?.()
    await cache.set("k", 1)
    offs[1]?.()
    await cache.set("k", 1)
    expect(seen).toHaveLength(3)
    expect(trace).toHaveLength(3)
  })

  test("a load with fresh: true has missed nothing; a set with a ttl of 0 is a delete", async () => {
    const { cache, trace } = await setup(kind)
    await cache.getOrSet("k", () => 1, { fresh: true })
    await cache.set("k", 2, { ttl: 0 })
    expect(trace).toEqual(["load", "loaded", "set", "delete"])
    expect(cache.metrics()).toMatchObject({ hits: 0, misses: 0, loads: 1 })
  })

  test("a listener may call the cache", async () => {
    const { cache, clock } = await setup(kind)
    const done: unknown[] = []
    cache.on("miss", ({ key }) => {
      if (key === "k") void cache.getOrSet("from the listener", () => 1).then((value) => done.push(value))
    })
    await cache.getOrSet("k", () => 2)
    await settled(clock)
    expect(done).toEqual([1])
  })

  test("metrics count what happened", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate<number>()
    const calls = [1, 2, 3].map(() => cache.getOrSet("k", () => load.promise, { ttl: 100, grace: 1000 }))
    await clock.advance(40)
    load.pass(1)
    await Promise.all(calls)
    await cache.get("k")
    await cache.get("k")
    await clock.advance(100)
    await cache.get("k", { stale: true })
    await cache.getOrSet("l", () => Promise.reject(new Error("down"))).catch(() => {})
    expect(cache.metrics()).toEqual({
      hits: 2,
      misses: 2,
      stale: 1,
      loads: 2,
      failures: 1,
      coalesced: 2,
      evictions: 0,
      errors: 0,
      hitRatio: 0.6,
      loadTime: { count: 1, mean: 40, p50: 40, p95: 40, p99: 40 },
    })
  })
})
