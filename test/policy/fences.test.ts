import { describe, expect, test, vi } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import type { LoadContext } from "../../src/types.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

/** Every verb that beats a load in progress, and what a reader finds afterwards. */
const writes: readonly [name: string, write: (cache: CacheWrapper) => Promise<unknown>, then: unknown][] = [
  ["set", (cache) => cache.set("k", "set"), "set"],
  ["set with a ttl of 0", (cache) => cache.set("k", "set", { ttl: 0 }), undefined],
  ["setMany", (cache) => cache.setMany({ k: "set" }), "set"],
  ["delete", (cache) => cache.delete("k"), undefined],
  ["expire", (cache) => cache.expire("k"), undefined],
  ["touch", (cache) => cache.touch("k"), undefined],
  ["clear", (cache) => cache.clear(), undefined],
  ["invalidate", (cache) => cache.invalidate(), undefined],
  ["invalidate, soft", (cache) => cache.invalidate({ mode: "soft" }), undefined],
  ["invalidateTags", (cache) => cache.invalidateTags("t"), undefined],
  ["invalidateTags, soft", (cache) => cache.invalidateTags("t", { mode: "soft" }), undefined],
  ["batch", (cache) => cache.batch((b) => b.set("k", "set")), "set"],
  ["batch that clears", (cache) => cache.batch((b) => b.clear()), undefined],
  ["batch that invalidates", (cache) => cache.batch((b) => b.invalidate()), undefined],
  ["batch that ends tags", (cache) => cache.batch((b) => b.invalidateTags("t")), undefined],
  ["a fresh load", (cache) => cache.getOrSet("k", () => "set", { fresh: true, tags: ["t"] }), "set"],
]

describe.each(kinds)("%s", (kind) => {
  describe.each(["the same cache", "another over the same adapter"])("by %s", (who) => {
    test.each(writes)("%s during a load wins over its result", async (_, write, then) => {
      const { cache, clock } = await setup(kind)
      const writer = who === "the same cache" ? cache : new CacheWrapper({ adapter: cache.adapter })
      const load = gate()
      const early = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
      await settled(clock)
      await write(writer)
      const late = then === undefined ? cache.getOrSet("k", () => "anew", { tags: ["t"] }) : cache.get("k")
      expect(await late).toBe(then ?? "anew")
      load.pass("late")
      expect(await early).toBe("late")
      expect([await cache.get("k"), await writer.get("k")]).toEqual([then ?? "anew", then ?? "anew"])
    })
  })

  test.each(writes)("%s in the very turn of the call wins over its result", async (_, write, then) => {
    const { cache } = await setup(kind)
    const early = cache.getOrSet("k", () => "late", { tags: ["t"] })
    await write(cache)
    await early
    expect(await cache.get("k")).toBe(then)
  })

  // A batch that fails has written nothing, and so beats nothing.
  const single = writes.filter(([name]) => !name.startsWith("batch"))
  test.each(single)("%s that fails leaves the key usable", async (_, write) => {
    const { cache, storage, clock } = await setup(kind)
    const load = gate()
    const early = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
    await settled(clock)
    storage.fault = () => "reject"
    await write(cache).catch(() => {})
    storage.fault = () => undefined
    load.pass("late")
    expect(await early).toBe("late")
    expect(await cache.getOrSet("k", () => "anew")).toBe("anew")
    expect(await cache.get("k")).toBe("anew")
  })

  test.each(single)(
    "who calls after %s joins no load of before, though nobody awaits the write",
    async (_, write) => {
      const { cache, clock } = await setup(kind)
      const load = gate()
      const early = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
      await settled(clock)
      const written = write(cache)
      const late = cache.getOrSet("k", () => "anew", { tags: ["t"] })
      await clock.advance(100)
      expect(["anew", "set"]).toContain(await late)
      await written
      load.pass("late")
      expect(await early).toBe("late")
    },
  )

  test("writes to another key do not fence a load", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const answer = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
    await settled(clock)
    await cache.set("l", 1)
    await cache.delete("m")
    await cache.invalidateTags("u")
    await cache.region("r").invalidate()
    await cache.region("r").clear()
    load.pass("value")
    await answer
    expect(await cache.get("k")).toBe("value")
  })

  test("what ended past its grace before the load does not count, whether a storage still has it or not", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 10, tags: ["t"] })
    await clock.advance(20)
    const load = gate()
    const answer = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    await cache.invalidateTags("t")
    load.pass("value")
    await answer
    expect(await cache.get("k")).toBe("value")
  })

  test("a load in a region is fenced by what happens to its cache", async () => {
    for (const verb of ["clear", "invalidate"] as const) {
      const { cache, clock } = await setup(kind)
      const region = cache.region("r").region("inner")
      const load = gate()
      const answer = region.getOrSet("k", () => load.promise)
      await settled(clock)
      await cache.region("r")[verb]()
      load.pass("late")
      expect(await answer).toBe("late")
      expect(await region.get("k")).toBeUndefined()
    }
  })

  test("a tag that the fallback chooses counts from the start of its load", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const answer = cache.getOrSet("k", async (context) => {
      const value = await load.promise
      context.tags = ["late"]
      return value
    })
    await settled(clock)
    await cache.invalidateTags("late")
    load.pass("value")
    expect(await answer).toBe("value")
    expect(await cache.get("k")).toBeUndefined()
  })

  test("a tag that the fallback chooses counts for other caches as well", async () => {
    const { cache, clock, another } = await setup(kind)
    const load = gate()
    const answer = cache.getOrSet("k", async (context) => {
      const value = await load.promise
      context.tags = ["late"]
      return value
    })
    await settled(clock)
    await another().invalidateTags("late")
    load.pass("value")
    expect(await answer).toBe("value")
    expect(await cache.get("k")).toBeUndefined()
    await cache.getOrSet("k", (context) => Object.assign(context, { tags: ["late"] }) && "again")
    await clock.advance(1)
    await cache.getOrSet("k", (context) => Object.assign(context, { tags: ["late"] }) && "again")
    expect(await cache.get("k")).toBe("again")
  })

  test("an invalidation in another cache during the load outlives its result", async () => {
    const { cache, clock, another } = await setup(kind)
    const acts = [
      (other: CacheWrapper) => other.invalidate(),
      (other: CacheWrapper) => other.invalidateTags("t"),
      (other: CacheWrapper) => other.invalidateTags("t", { mode: "soft" }),
    ]
    for (const act of acts) {
      const load = gate()
      const answer = cache.getOrSet("k", () => load.promise, { tags: ["t"] })
      await settled(clock)
      await act(another())
      expect(await cache.getOrSet("k", () => "anew", { tags: ["t"] })).toBe("anew")
      load.pass("late")
      expect(await answer).toMatch(/late|anew/)
      expect(await cache.get("k")).not.toBe("late")
      await cache.delete("k")
    }
  })

  test("a caller that joins after a hard invalidation is not served what that ended, though the load began before", async () => {
    for (const by of ["same", "other"] as const) {
      const { cache, clock, another } = await setup(kind)
      await cache.set("k", "old", { ttl: 10, grace: "1h", tags: ["t"] })
      await clock.advance(10)
      const load = gate()
      const first = cache.getOrSet("k", () => load.promise)
      await settled(clock)
      await (by === "same" ? cache : another()).invalidateTags("t")
      const second = cache.getOrSet("k", () => "anew", { softTimeout: 0 })
      expect(await second).toBe("anew")
      load.pass("new")
      expect(await first).toMatch(/new/)
    }
  })

  test("a caller that joins an early refresh after an invalidation is not served what that ended", async () => {
    for (const mode of ["hard", "soft"] as const) {
      const { cache, clock, another } = await setup(kind)
      await cache.set("k", "old", { ttl: 1000, grace: "1h", tags: ["t"] })
      await clock.advance(20)
      const load = gate()
      // Too old for him, fresh for the others.
      const first = cache.getOrSet("k", () => load.promise, { maxAge: 10 })
      await settled(clock)
      expect(await cache.getOrSet("k", () => "unused")).toBe("old")
      await another().invalidateTags("t", { mode })
      const second = cache.getOrSet("k", () => "anew")
      await settled(clock)
      load.pass("new")
      expect(await second).toMatch(/new/)
      expect(await first).toMatch(/new/)
    }
  })

  test("what a hard invalidation ended during a load is not served when the load fails or is late", async () => {
    for (const by of ["same", "other"] as const) {
      const { cache, clock, another } = await setup(kind)
      await cache.set("k", "old", { ttl: 1, grace: "1h", tags: ["t"] })
      await clock.advance(1)
      const fallback = vi.fn(() => clock.failAfter(50, new Error("down")))
      const failing = expect(cache.getOrSet("k", fallback)).rejects.toThrow("down")
      await clock.advance(10)
      await (by === "same" ? cache : another()).invalidateTags("t")
      await clock.advance(50)
      await failing
      expect(fallback).toHaveBeenCalledTimes(1)
    }
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const slow = cache.getOrSet("k", () => clock.after(50, "new"), { softTimeout: 20 })
    await clock.advance(10)
    await cache.invalidate()
    await clock.advance(100)
    expect(await slow).toBe("new")
  })

  test("what was only expired during a load is served when the load fails", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h", tags: ["t"] })
    await clock.advance(1)
    const answer = cache.getOrSet("k", () => clock.failAfter(50, new Error("down")))
    await clock.advance(10)
    await cache.expire("k")
    await cache.invalidateTags("t", { mode: "soft" })
    await clock.advance(50)
    expect(await answer).toBe("old")
  })

  test("a load that an invalidation has outdated still gives its callers its own value", async () => {
    const { cache, clock, another } = await setup(kind)
    const first = cache.getOrSet("k", () => clock.after(50, "own"))
    await clock.advance(10)
    await another().invalidate()
    const second = expect(cache.getOrSet("k", () => Promise.reject(new Error("other")))).rejects.toThrow(
      "other",
    )
    await clock.advance(50)
    await second
    expect(await first).toBe("own")
  })

  test("a caller that joins after an invalidation by a tag that the fallback chooses gets no older value", async () => {
    for (const by of ["same", "other"] as const) {
      const { cache, clock, another } = await setup(kind)
      let run = 0
      const load = async (context: LoadContext<number>) => {
        const value = ++run
        await clock.after(20, undefined)
        context.tags = ["late"]
        return value
      }
      const first = cache.getOrSet("k", load)
      await clock.advance(10)
      await (by === "same" ? cache : another()).invalidateTags("late")
      const second = cache.getOrSet("k", load)
      await clock.advance(100)
      expect(await first).toBe(1)
      expect(await second).toBe(2)
    }
  })

  test("a set that waits for its turn is not overtaken by the load it has fenced", async () => {
    const { cache, clock, storage } = await setup(kind)
    const load = gate()
    const answer = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    storage.fault = (verb) => (verb === "set" && kind !== "memory" ? 10 : undefined)
    load.pass("late")
    await settled(clock)
    const set = cache.set("k", "set")
    await clock.advance(50)
    await Promise.all([set, answer])
    expect(await cache.get("k")).toBe("set")
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("the later of two sets wins, though the storage takes longer for the first", async () => {
    const { cache, clock, storage } = await setup(kind)
    let ms = 50
    await cache.set("warm", 1)
    storage.fault = (verb) => (verb === "set" ? (ms -= 20) : undefined)
    const sets = [cache.set("k", 1), cache.set("k", 2)]
    await clock.advance(100)
    await Promise.all(sets)
    storage.fault = () => undefined
    expect(await cache.get("k")).toBe(2)
  })

  test("a load that began while a set was under way and read what was there before is not stored", async () => {
    const { cache, clock, storage } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    storage.fault = (verb, key) => (verb === "set" && key === "k" ? 20 : undefined)
    const set = cache.set("k", "set")
    await clock.advance(5)
    const answer = cache.getOrSet("k", () => clock.after(30, "late"))
    await clock.advance(100)
    await Promise.all([set, answer])
    storage.fault = () => undefined
    expect(await cache.get("k")).toBe("set")
  })

  test("a set whose reply is lost fences the load that began in the meantime", async () => {
    const { cache, clock, storage } = await setup(kind)
    await cache.set("warm", "old")
    storage.fault = (verb, key) => (verb === "set" && key === "k" ? "lose" : undefined)
    const set = cache.set("k", "set").catch(() => {})
    const answer = cache.getOrSet("k", () => clock.after(30, "late"))
    await settled(clock)
    await set
    storage.fault = () => undefined
    await clock.advance(30)
    expect(await answer).toMatch(/late|set/)
    expect(await cache.get("k")).toBe("set")
  })
})

test("a refresh that is fenced before it begins to load loads nothing", async () => {
  const { cache, clock } = await setup("memory")
  await cache.set("k", "old", { ttl: 10, grace: 1000 })
  await clock.advance(20)
  const load = vi.fn(() => "loaded")
  const stale = cache.getOrSet("k", load, { softTimeout: 0 })
  await cache.set("k", "set")
  expect(await stale).toBe("old")
  await settled(clock)
  expect(load).not.toHaveBeenCalled()
  expect(await cache.get("k")).toBe("set")
})
