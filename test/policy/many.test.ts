import { describe, expect, test, vi } from "vitest"
import { kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

describe.each(kinds)("%s", (kind) => {
  test("getMany keeps order and duplicates, takes any iterable, and for none does no I/O", async () => {
    const { cache, storage } = await setup(kind)
    await cache.setMany({ a: 1, b: 2 })
    expect(await cache.getMany(new Set(["b", "x", "a"]))).toEqual([2, undefined, 1])
    expect(await cache.getMany(["a", "a", ["a"]])).toEqual([1, 1, undefined])
    storage.calls.length = storage.tokenCalls.length = 0
    expect(await cache.getMany([])).toEqual([])
    expect(await cache.getOrSetMany([], () => [])).toEqual([])
    await cache.setMany([])
    expect(await cache.delete()).toBe(0)
    expect(await cache.expire()).toBe(0)
    expect([...storage.calls, ...storage.tokenCalls]).toEqual([])
  })

  test("of many values for one key the last counts, one with a ttl of 0 too", async () => {
    const { cache } = await setup(kind)
    await cache.setMany([
      ["k", 1],
      ["k", 2],
      ["l", 1],
      ["l", 2, { ttl: 0 }],
      ["m", 1, { ttl: 0 }],
      ["m", 2],
    ])
    expect(await cache.getMany(["k", "l", "m"])).toEqual([2, undefined, 2])
  })

  test("setMany takes options for all and for one", async () => {
    const { cache, clock } = await setup(kind)
    await cache.setMany(
      [
        ["a", 1],
        ["b", 2, { ttl: 50, tags: ["t"] }],
      ],
      { ttl: 10 },
    )
    await clock.advance(10)
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2])
    await cache.invalidateTags("t")
    expect(await cache.has("b")).toBe(false)
  })

  test("setMany with a value that cannot be kept rejects and names its path", async () => {
    const { cache } = await setup(kind)
    const answer = cache.setMany({ a: 1, b: { deep: [Symbol("s")] } })
    await expect(answer).rejects.toMatchObject({
      code: "VALUE_UNSUPPORTED",
      message: expect.stringContaining("deep[0]"),
    })
  })

  test("delete, expire and touch count live entries, each once", async () => {
    const { cache, clock } = await setup(kind)
    await cache.setMany([
      ["a", 1, { ttl: 10 }],
      ["b", 2, { ttl: 10, grace: 100 }],
      ["c", 3],
    ])
    await clock.advance(10)
    expect(await cache.expire("a", "b", "b", "c", "d")).toBe(2)
    expect(await cache.get("c", { stale: true })).toBeUndefined()
    expect(await cache.delete("a", "b", "b", "c", "d")).toBe(1)
    expect(await cache.delete("b")).toBe(0)
  })

  test("only the missing keys are loaded, once, in one call, in their order", async () => {
    const { cache } = await setup(kind)
    await cache.set("b", "cached")
    const load = vi.fn((missing: unknown[]) => missing.map((key) => `loaded ${key}`))
    expect(await cache.getOrSetMany(["c", "b", "a", "c"], load)).toEqual([
      "loaded c",
      "cached",
      "loaded a",
      "loaded c",
    ])
    expect(load.mock.calls.map(([missing]) => missing)).toEqual([["c", "a"]])
    expect(await cache.getOrSetMany(["a", "b", "c"], load)).toEqual(["loaded a", "cached", "loaded c"])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test("a Map or a record may leave keys out: they come back undefined and are not stored", async () => {
    const { cache } = await setup(kind)
    expect(await cache.getOrSetMany(["a", "b"], () => new Map([["b", 2]]))).toEqual([undefined, 2])
    expect(await cache.getOrSetMany<unknown>(["c", "constructor"], () => ({ c: 3 }))).toEqual([3, undefined])
    expect(await cache.has("a")).toBe(false)
    expect(await cache.has("constructor")).toBe(false)
    expect(await cache.getOrSetMany([["x", 1]], () => ({ '~["x",1]': 5 }))).toEqual([5])
    expect(await cache.getOrSetMany(["u"], () => ({ u: undefined }))).toEqual([undefined])
    expect(await cache.has("u")).toBe(true)
  })

  test("a wrong length or shape rejects with FALLBACK_RESULT and stores nothing", async () => {
    const { cache } = await setup(kind)
    for (const result of [[1], [1, 2, 3], "ab", 5, null, undefined, new Set([1, 2])] as never[]) {
      await expect(cache.getOrSetMany(["a", "b"], () => result)).rejects.toMatchObject({
        code: "FALLBACK_RESULT",
      })
    }
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
    expect(cache.isLoading("a")).toBe(false)
  })

  test("a fallback of many that throws, at once or later, rejects with its very error", async () => {
    const { cache } = await setup(kind)
    const error = new Error("down")
    const throws = () => {
      throw error
    }
    await expect(cache.getOrSetMany(["a", "b"], throws)).rejects.toBe(error)
    await expect(cache.getOrSetMany(["a", "b"], () => Promise.reject(error))).rejects.toBe(error)
    expect(await cache.getOrSetMany(["a", "b"], () => [1, 2])).toEqual([1, 2])
  })

  test("it joins flights that run already, and others join its", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const single = cache.getOrSet("a", () => load.promise)
    await settled(clock)
    const asked: unknown[] = []
    const bulk = gate<string[]>()
    const many = cache.getOrSetMany(["a", "b"], (missing) => {
      asked.push(...missing)
      return bulk.promise
    })
    await settled(clock)
    const later = cache.getOrSet("b", () => "unused")
    await settled(clock)
    expect(asked).toEqual(["b"])
    bulk.pass(["many b"])
    await settled(clock)
    expect(await later).toBe("many b")
    load.pass("single a")
    expect(await many).toEqual(["single a", "many b"])
    await single
  })

  test("two calls that overlap load each key once", async () => {
    const { cache, clock } = await setup(kind)
    const asked: unknown[] = []
    const load = async (missing: unknown[]) => {
      asked.push(...missing)
      return clock.after(10, missing.map(String))
    }
    const calls = [cache.getOrSetMany(["a", "b"], load), cache.getOrSetMany(["b", "c"], load)]
    await clock.advance(20)
    expect(await Promise.all(calls)).toEqual([
      ["a", "b"],
      ["b", "c"],
    ])
    expect(asked.toSorted()).toEqual(["a", "b", "c"])
  })

  test("an explicit write of one key during the load fences that key alone", async () => {
    const { cache, clock } = await setup(kind)
    const bulk = gate<string[]>()
    const many = cache.getOrSetMany(["a", "b", "c"], () => bulk.promise)
    await settled(clock)
    await cache.set("a", "set")
    await cache.delete("b")
    bulk.pass(["late a", "late b", "late c"])
    expect(await many).toEqual(["late a", "late b", "late c"])
    expect(await cache.getMany(["a", "b", "c"])).toEqual(["set", undefined, "late c"])
  })

  test("stale ones are served when the load of many fails", async () => {
    const { cache, clock } = await setup(kind)
    await cache.setMany({ a: 1, b: 2 }, { ttl: 1, grace: "1h" })
    await clock.advance(1)
    expect(await cache.getOrSetMany(["a", "b"], () => Promise.reject(new Error("down")))).toEqual([1, 2])
  })

  test("what the fallback decides holds for each of the keys", async () => {
    const { cache } = await setup(kind)
    await cache.getOrSetMany(["a", "b"], (_, context) => {
      context.ttl = 5
      context.tags = ["t"]
      return [1, 2]
    })
    const entry = await cache.getEntry("b")
    expect(entry && entry.freshUntil - entry.createdAt).toBe(5)
    await cache.invalidateTags("t")
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
    await cache.getOrSetMany(["a", "b"], (_, { skip }) => {
      skip()
      return [1, 2]
    })
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
  })

  test("a fallback of many that asks for one of its own keys gets REENTRANT", async () => {
    const { cache } = await setup(kind)
    const load = async () => [await cache.getOrSet<number>("b", () => 1), 2]
    await expect(cache.getOrSetMany(["a", "b"], load)).rejects.toMatchObject({ code: "REENTRANT" })
  })

  test("a batch writes all or nothing, and reads its own writes", async () => {
    const { cache } = await setup(kind)
    await cache.setMany({ a: 1, b: 2 })
    const failed = cache.batch(async (b) => {
      await b.set("a", "new")
      await b.delete("b")
      expect(await b.getMany(["a", "b"])).toEqual(["new", undefined])
      throw new Error("no")
    })
    await expect(failed).rejects.toThrow("no")
    expect(await cache.getMany(["a", "b"])).toEqual([1, 2])
    const result = await cache.batch(async (b) => {
      await b.set("c", 3, { tags: ["t"] })
      await b.region("r").set("d", 4)
      await b.expire("a")
      expect(await b.getOrSet("e", () => 5)).toBe(5)
      await b.delete("b")
      return "result"
    })
    expect(result).toBe("result")
    expect(await cache.getMany(["a", "b", "c", "e"])).toEqual([undefined, undefined, 3, 5])
    expect(await cache.region("r").get("d")).toBe(4)
  })

  test("what is set beside a batch is kept, whichever was first in this storage", async () => {
    const { cache, another } = await setup(kind)
    await cache.batch(async (b) => {
      await b.set("a", 1, { tags: ["t"] })
      await cache.set("b", 2, { tags: ["t"] })
      await another().set("c", 3, { tags: ["t"] })
    })
    expect(await cache.getMany(["a", "b", "c"])).toEqual([1, 2, 3])
  })

  test("an invalidation in a batch counts when the batch is written", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 1, { tags: ["t"] })
    await cache.batch(async (b) => {
      await b.invalidateTags("t")
      expect(await b.get("a")).toBeUndefined()
      expect(await cache.get("a")).toBe(1)
      await b.set("b", 2, { tags: ["t"] })
    })
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2])
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("what becomes of a value after setMany does not reach the storage", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => 10
    const value = { list: [1] }
    const written = cache.setMany({ k: value })
    value.list.push(2)
    await clock.advance(100)
    await written
    storage.fault = () => undefined
    expect(await cache.get("k")).toEqual({ list: [1] })
  })
})

test("many are read, loaded and written in one round trip each where the adapter can", async () => {
  const { cache, storage } = await setup("all abilities")
  const names = Array.from({ length: 100 }, (_, at) => `k${at}`)
  await cache.getOrSetMany(names, (missing) => missing.map(String), { lease: false })
  await cache.getMany(names)
  await cache.setMany(names.map((name) => [name, 1] as const))
  await cache.expire(...names)
  await cache.delete(...names)
  const verbs = storage.calls.map((call) => call.split(" ")[0])
  expect(verbs.join(" ")).toBe("getMany setMany getMany setMany getMany deleteMany getMany deleteMany")
})
