import { describe, expect, test, vi } from "vitest"
import type { LoadContext } from "../../src/types.ts"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

const down = () => Promise.reject(new Error("down"))

describe.each(kinds)("%s", (kind) => {
  test("a fresh value is returned and nothing else happens", async () => {
    const { cache, trace } = await setup(kind)
    await cache.set("k", 1)
    expect(await cache.getOrSet("k", () => 2)).toBe(1)
    expect(trace).toEqual(["set", "hit"])
  })

  test("a value is fresh to the last millisecond of its ttl", async () => {
    const { cache, clock } = await setup(kind)
    await cache.getOrSet("k", () => 1, { ttl: 100 })
    await clock.advance(99)
    expect(await cache.get("k")).toBe(1)
    await clock.advance(1)
    expect(await cache.get("k")).toBeUndefined()
  })

  test("a ttl of 60 days keeps a value for 60 days", async () => {
    const { cache, clock } = await setup(kind)
    await cache.getOrSet("k", () => 1, { ttl: "60d" })
    clock.jump(clock.now() + 60 * 86_400_000 - 1)
    expect(await cache.getOrSet("k", () => 2)).toBe(1)
    clock.jump(clock.now() + 1)
    expect(await cache.getOrSet("k", () => 2)).toBe(2)
  })

  test("no timer waits for a ttl", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", 1, { ttl: "60d", grace: "60d" })
    await cache.getOrSet("l", () => 1, { ttl: "60d" })
    expect(vi.getTimerCount()).toBe(0)
  })

  test("a ttl of 0 returns the value, keeps nothing, and removes what was there", async () => {
    const { cache, trace } = await setup(kind)
    await cache.set("k", 1, { grace: "1h" })
    expect(await cache.getOrSet("k", () => 2, { ttl: 0, fresh: true, grace: "1h" })).toBe(2)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
    expect(trace).not.toContain("hit")
    expect(trace.filter((type) => type === "set")).toHaveLength(1)
  })

  test("past its ttl and without grace a value is loaded again", async () => {
    const { cache, clock, trace } = await setup(kind)
    await cache.getOrSet("k", () => 1, { ttl: 100 })
    await clock.advance(100)
    expect(await cache.getOrSet("k", () => 2)).toBe(2)
    expect(trace).toEqual(["miss", "load", "loaded", "set", "miss", "load", "loaded", "set"])
  })

  test("a stale value stands in for a load that fails, until its grace is over", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 100, grace: 60_000 })
    await clock.advance(100)
    expect(await cache.getOrSet("k", down)).toBe(1)
    await clock.advance(60_000)
    await expect(cache.getOrSet("k", down)).rejects.toThrow("down")
  })

  test("with softTimeout 0 a stale value is served at once and refreshed behind it", async () => {
    const { cache, clock, trace } = await setup(kind)
    await cache.set("k", 1, { ttl: 100, grace: 1000 })
    await clock.advance(100)
    trace.length = 0
    const options = { softTimeout: 0, ttl: 100, grace: 1000 }
    expect(await cache.getOrSet("k", () => clock.after(50, 2), options)).toBe(1)
    await clock.advance(50)
    await settled(clock)
    expect(await cache.getOrSet("k", () => 3, options)).toBe(2)
    expect(trace.filter((type) => type !== "load")).toEqual(["stale", "loaded", "set", "hit"])
  })

  test("with a softTimeout a caller waits that long, and no longer, for a fresh value", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 100, grace: 10_000 })
    await clock.advance(100)
    const patient = cache.getOrSet("k", () => clock.after(30, 2), { softTimeout: 50, grace: 10_000 })
    await clock.advance(30)
    expect(await patient).toBe(2)
    await cache.expire("k")
    const hasty = cache.getOrSet("k", () => clock.after(100, 3), { softTimeout: 50 })
    await clock.advance(50)
    expect(await hasty).toBe(2)
    await clock.advance(50)
    await settled(clock)
    expect(await cache.get("k")).toBe(3)
  })

  test("each caller waits by its own softTimeout", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 100, grace: 10_000 })
    await clock.advance(100)
    const load = () => clock.after(100, 2)
    const patient = cache.getOrSet("k", load)
    const hasty = cache.getOrSet("k", load, { softTimeout: 0 })
    await settled(clock)
    expect(await hasty).toBe(1)
    await clock.advance(100)
    expect(await patient).toBe(2)
  })

  test("maxAge caps the age for this call only", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 1000 })
    await clock.advance(100)
    expect(await cache.get("k", { maxAge: 100 })).toBeUndefined()
    expect(await cache.get("k", { maxAge: 101 })).toBe(1)
    expect(await cache.getOrSet("k", () => 2, { maxAge: 101 })).toBe(1)
    expect(await cache.getOrSet("k", () => 2, { maxAge: 100 })).toBe(2)
  })

  test("older than maxAge is stale: it is served when the load fails", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 1000, grace: 1000 })
    await clock.advance(100)
    expect(await cache.getOrSet("k", down, { maxAge: 50 })).toBe(1)
  })

  test("a maxAge of 0 loads each time and still shares the load", async () => {
    const { cache, clock } = await setup(kind)
    let runs = 0
    const load = () => clock.after(10, ++runs)
    const calls = [1, 2, 3].map(() => cache.getOrSet("k", load, { maxAge: 0 }))
    await clock.advance(10)
    expect(await Promise.all(calls)).toEqual([1, 1, 1])
    const again = cache.getOrSet("k", load, { maxAge: 0 })
    await clock.advance(10)
    expect(await again).toBe(2)
  })

  test("fresh skips the read, loads and stores", async () => {
    const { cache, storage } = await setup(kind)
    expect(await cache.getOrSet("k", () => 1, { fresh: true })).toBe(1)
    expect(await cache.get("k")).toBe(1)
    storage.calls.length = 0
    expect(await cache.getOrSet("k", ({ stale }) => [2, stale], { fresh: true })).toEqual([2, undefined])
    expect(storage.calls.filter((call) => call.startsWith("get"))).toEqual(kind === "memory" ? ["get k"] : [])
    expect(await cache.get("k")).toEqual([2, undefined])
  })

  test("what a first fresh load has stored is what the next read finds", async () => {
    const { cache } = await setup(kind)
    await cache.getOrSet("k", () => 1, { fresh: true })
    expect(await cache.getOrSet("k", () => 2)).toBe(1)
  })

  test("jitter spreads the ttl by ±, once, at write, and never the grace", async () => {
    const { cache } = await setup(kind)
    const random = vi.spyOn(Math, "random")
    for (const [share, ttl] of [
      [0, 900],
      [0.5, 1000],
      [0.75, 1050],
    ] as const) {
      random.mockReturnValue(share)
      await cache.getOrSet("k", () => 1, { fresh: true, ttl: 1000, grace: 500, jitter: 100 })
      const entry = await cache.getEntry("k")
      expect((entry?.freshUntil ?? 0) - (entry?.createdAt ?? 0)).toBe(ttl)
      expect((entry?.staleUntil ?? 0) - (entry?.freshUntil ?? 0)).toBe(500)
      await cache.set("l", 1, { ttl: 1000, grace: 500, jitter: 100 })
      const other = await cache.getEntry("l")
      expect((other?.freshUntil ?? 0) - (other?.createdAt ?? 0)).toBe(ttl)
    }
    random.mockRestore()
  })

  test("the fallback may decide ttl, grace and tags from the value", async () => {
    const { cache } = await setup(kind, { ttl: "1h", grace: "2h" })
    const seen: unknown[] = []
    await cache.getOrSet("k", (context) => {
      seen.push(context.key, context.ttl, context.grace, context.tags)
      context.ttl = "1s"
      context.grace = 500
      context.tags.push("t")
      return 1
    })
    expect(seen).toEqual(["k", 3_600_000, 7_200_000, ["t"]])
    const entry = await cache.getEntry("k")
    expect((entry?.freshUntil ?? 0) - (entry?.createdAt ?? 0)).toBe(1000)
    expect((entry?.staleUntil ?? 0) - (entry?.freshUntil ?? 0)).toBe(500)
    expect(entry?.tags).toEqual(["t"])
    await cache.invalidateTags("t")
    expect(await cache.get("k", { stale: true })).toBeUndefined()
  })

  test("a fallback that decides nonsense loses the storing, not the value", async () => {
    const { cache, events } = await setup(kind)
    const bad = [
      ["ttl", "1 year"],
      ["grace", -1],
      ["tags", "text"],
      ["tags", [1]],
    ] as const
    for (const [name, value] of bad) {
      events.length = 0
      expect(await cache.getOrSet("k", (context) => Object.assign(context, { [name]: value }) && 1)).toBe(1)
      expect(await cache.get("k")).toBeUndefined()
      expect(events.map(({ type }) => type)).toContain("error")
    }
  })

  test("an explicit undefined in the context means unset", async () => {
    const { cache } = await setup(kind, { ttl: 1000, grace: 10, tags: ["t"] })
    await cache.getOrSet("k", (context) => {
      Object.assign(context, { ttl: undefined, grace: undefined, tags: undefined })
      return 1
    })
    const entry = await cache.getEntry("k")
    expect((entry?.staleUntil ?? 0) - (entry?.createdAt ?? 0)).toBe(1010)
    expect(entry?.tags).toEqual(["t"])
  })

  test("the fallback sees what it replaces", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", { a: 1 }, { ttl: 100, grace: 1000, tags: ["t"] })
    const createdAt = clock.now()
    await clock.advance(100)
    await cache.getOrSet("k", ({ stale }) => {
      expect(stale).toMatchObject({ value: { a: 1 }, createdAt, stale: true, tags: ["t"] })
      return 2
    })
    await cache.invalidateTags("t")
    await cache.set("k", 1, { ttl: 100, grace: 1000, tags: ["t"] })
    await cache.invalidateTags("t")
    await cache.getOrSet("k", ({ stale }) => {
      expect(stale).toBeUndefined()
      return 2
    })
  })

  test("what is older than maxAge is stale to the end of the grace, and gone where there is none", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1000, grace: 10 })
    await cache.set("l", "old", { ttl: 1000 })
    await clock.advance(500)
    expect(await cache.get("k", { maxAge: 100 })).toBeUndefined()
    expect(await cache.get("k", { maxAge: 100, stale: true })).toBe("old")
    expect(await cache.getOrSet("k", down, { maxAge: 100 })).toBe("old")
    expect(await cache.get("l", { maxAge: 100, stale: true })).toBeUndefined()
    await expect(cache.getOrSet("l", down, { maxAge: 100 })).rejects.toThrow("down")
    expect(await cache.get("l")).toBe("old")
    await clock.advance(510)
    expect(await cache.get("k", { maxAge: 100, stale: true })).toBeUndefined()
  })

  test("keep() renews the ttl of the stale value", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", { a: 1 }, { ttl: 100, grace: 1000 })
    await clock.advance(100)
    expect(await cache.getOrSet("k", ({ keep }) => keep(), { ttl: 100 })).toEqual({ a: 1 })
    await clock.advance(99)
    expect(await cache.get("k")).toEqual({ a: 1 })
  })

  test("keep() goes on with the ttl, grace and tags of the entry, where the call does not say otherwise", async () => {
    const { cache, clock } = await setup(kind, { ttl: 50 })
    const start = clock.now()
    await cache.set("k", 1, { ttl: 100, grace: 1000, tags: ["x"] })
    await clock.advance(100)
    expect(await cache.getOrSet("k", ({ keep }) => keep())).toBe(1)
    const renewed = { freshUntil: start + 200, staleUntil: start + 1200, tags: ["x"] }
    expect(await cache.getEntry("k")).toMatchObject(renewed)
    await clock.advance(100)
    expect(await cache.getOrSet("k", ({ keep }) => keep(), { ttl: 300, tags: ["y"] })).toBe(1)
    const told = { freshUntil: start + 500, staleUntil: start + 1500, tags: ["y", "x"] }
    expect(await cache.getEntry("k")).toMatchObject(told)
    await cache.expire("k")
    const load = (context: LoadContext<number>) => {
      const value = context.keep()
      context.grace = 0
      context.tags = ["z"]
      return value
    }
    expect(await cache.getOrSet("k", load)).toBe(1)
    const chosen = { freshUntil: start + 500, staleUntil: start + 500, tags: ["z"] }
    expect(await cache.getEntry("k")).toMatchObject(chosen)
    await cache.invalidateTags("z")
    expect(await cache.has("k")).toBe(false)
  })

  test("what keep() has renewed is still ended by its tags, invalidated before, during and after", async () => {
    for (const when of ["before", "during", "after"]) {
      const { cache, clock } = await setup(kind)
      await cache.set("k", 1, { ttl: 100, grace: 1000, tags: ["x"] })
      await clock.advance(100)
      const { promise, pass } = gate()
      const kept = cache.getOrSet("k", async ({ keep }) => {
        const value = when === "before" ? keep() : undefined
        await promise
        return when === "before" ? value : keep()
      })
      const answered = kept.catch(() => undefined)
      await settled(clock)
      if (when !== "after") await cache.invalidateTags("x")
      pass("on")
      await answered
      if (when === "after") await cache.invalidateTags("x")
      expect(await cache.get("k", { stale: true }), when).toBeUndefined()
    }
  })

  test("keep() after a soft invalidation makes the entry fresh", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 100, grace: 1000, tags: ["x"] })
    await clock.advance(10)
    await cache.invalidateTags("x", { mode: "soft" })
    expect(await cache.get("k")).toBeUndefined()
    await clock.advance(10)
    expect(await cache.getOrSet("k", ({ keep }) => keep())).toBe(1)
    expect(await cache.get("k")).toBe(1)
  })

  test("a fallback sees nothing of what is past its grace, pruned or not", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 100, grace: 100 })
    await clock.advance(200)
    let seen: unknown
    const kept = cache.getOrSet("k", (context) => {
      seen = context.stale
      return context.keep()
    })
    await expect(kept).rejects.toMatchObject({ code: "FALLBACK_RESULT" })
    expect(seen).toBeUndefined()
  })

  test("keep() without a stale value rejects", async () => {
    const { cache } = await setup(kind)
    await expect(cache.getOrSet("k", ({ keep }) => keep())).rejects.toMatchObject({ code: "FALLBACK_RESULT" })
  })

  test("skip() returns the value and stores nothing", async () => {
    const { cache, trace } = await setup(kind)
    const load = ({ skip }: { skip(): void }) => {
      skip()
      return 1
    }
    expect(await cache.getOrSet("k", load)).toBe(1)
    expect(await cache.get("k")).toBeUndefined()
    expect(trace).toEqual(["miss", "load", "loaded", "miss"])
  })

  test("shouldCache decides on every path", async () => {
    const { cache, clock } = await setup(kind)
    const options = { shouldCache: (value: number, { key }: { key: string }) => value > 1 && key === "k" }
    expect(await cache.getOrSet("k", () => 1, options)).toBe(1)
    expect(await cache.getOrSet("k", () => 1, { ...options, fresh: true })).toBe(1)
    expect(await cache.getOrSetMany(["k"], () => [1], options)).toEqual([1])
    expect(await cache.get("k")).toBeUndefined()
    await cache.set("k", 5, { ttl: 1, grace: 1000 })
    await clock.advance(1)
    expect(await cache.getOrSet("k", () => 1, { ...options, softTimeout: 0 })).toBe(5)
    await settled(clock)
    expect(await cache.get("k", { stale: true })).toBe(5)
    expect(await cache.getOrSet("k", () => 2, options)).toBe(2)
    expect(await cache.get("k")).toBe(2)
  })

  test("a value that took longer than its ttl to make is returned and stored, born stale", async () => {
    const { cache, clock } = await setup(kind)
    const options = { ttl: 10, grace: 1000 }
    const answer = cache.getOrSet("k", () => clock.after(50, 1), options)
    await clock.advance(50)
    expect(await answer).toBe(1)
    expect(await cache.get("k")).toBeUndefined()
    expect(await cache.get("k", { stale: true })).toBe(1)
    const joined = [1, 2].map(() => cache.getOrSet("l", () => clock.after(50, 1), options))
    await clock.advance(50)
    expect(await Promise.all(joined)).toEqual([1, 1])
  })

  test("createdAt is when the fallback started", async () => {
    const { cache, clock } = await setup(kind)
    const start = clock.now()
    const answer = cache.getOrSet("k", () => clock.after(50, 1), { ttl: 100 })
    await clock.advance(50)
    await answer
    expect(await cache.getEntry("k")).toMatchObject({ createdAt: start, freshUntil: start + 100 })
  })

  test("expire makes stale now and keeps within grace", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 10_000, grace: 100 })
    expect(await cache.expire("k", "absent", "k")).toBe(1)
    expect(await cache.get("k")).toBeUndefined()
    expect(await cache.get("k", { stale: true })).toBe(1)
    expect(await cache.expire("k")).toBe(1)
    await clock.advance(100)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
    expect(await cache.expire("k")).toBe(0)
  })

  test("touch restarts the ttl of a live entry, its own or the one given, and leaves createdAt", async () => {
    const { cache, clock } = await setup(kind)
    const createdAt = clock.now()
    await cache.set("k", 1, { ttl: 100, grace: 100 })
    await clock.advance(150)
    expect(await cache.touch("k")).toBe(true)
    expect(await cache.getEntry("k")).toMatchObject({ createdAt, freshUntil: createdAt + 250 })
    expect(await cache.touch("k", "1s")).toBe(true)
    expect(await cache.getEntry("k")).toMatchObject({ createdAt, staleUntil: createdAt + 150 + 1100 })
    await clock.advance(1100)
    expect(await cache.touch("k")).toBe(false)
    expect(await cache.touch("absent")).toBe(false)
  })

  test("touch makes a softly invalidated entry fresh again, and no hard one", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", 1, { grace: "1h", tags: ["t"] })
    await cache.invalidateTags("t", { mode: "soft" })
    expect(await cache.get("k")).toBeUndefined()
    expect(await cache.touch("k")).toBe(true)
    expect(await cache.get("k")).toBe(1)
    await cache.invalidateTags("t")
    expect(await cache.touch("k")).toBe(false)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
  })

  test("null, undefined, false, 0, the empty text and NaN are values", async () => {
    const { cache } = await setup(kind)
    const load = vi.fn()
    for (const value of [null, undefined, false, 0, "", Number.NaN]) {
      expect(await cache.getOrSet(`k${value}`, () => value)).toBe(value)
      expect(await cache.getOrSet<unknown>(`k${value}`, load)).toBe(value)
      expect(await cache.has(`k${value}`)).toBe(true)
      expect(await cache.getOrSet(`direct${value}`, value)).toBe(value)
    }
    expect(load).not.toHaveBeenCalled()
  })

  test("a stored value of the wrong schema is a miss, a loaded one an error", async () => {
    const validate = (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate } }
    const { cache } = await setup(kind)
    await cache.set("k", "text")
    expect(await cache.getOrSet<number>("k", () => 1, { schema })).toBe(1)
    const wrong = cache.getOrSet<number>("l", () => "text" as never, { schema })
    await expect(wrong).rejects.toMatchObject({ code: "FALLBACK_RESULT" })
    expect(await cache.get("l")).toBeUndefined()
    const region = cache.region("numbers", { schema })
    await cache.region("numbers").set("k", "text")
    expect(await region.get("k")).toBeUndefined()
    expect(await region.has("k")).toBe(false)
    expect(await region.getMany(["k"])).toEqual([undefined])
  })

  test("a schema that throws is an error of the load and a miss of the read, and poisons nothing", async () => {
    const validate = (): never => {
      throw new Error("broken")
    }
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate } }
    const { cache } = await setup(kind)
    await cache.set("k", 1)
    await expect(cache.getOrSet("k", () => 2, { schema })).rejects.toThrow("broken")
    expect(cache.isLoading("k")).toBe(false)
    expect(await cache.getOrSet("k", () => 3)).toBe(1)
  })

  test("a stale value is served to one who waits while another's load goes on", async () => {
    const { cache, clock, trace } = await setup(kind)
    await cache.set("k", 1, { ttl: 10, grace: 10_000 })
    await clock.advance(10)
    const load = gate()
    const first = cache.getOrSet<unknown>("k", () => load.promise)
    await settled(clock)
    expect(await cache.getOrSet<unknown>("k", () => "other", { softTimeout: 0 })).toBe(1)
    load.pass("new")
    expect(await first).toBe("new")
    expect(trace.filter((type) => type === "load")).toHaveLength(1)
  })
})
