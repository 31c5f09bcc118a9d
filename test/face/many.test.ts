import { runInNewContext } from "node:vm"
import { describe, expect, test } from "vitest"
import { key } from "../../src/index.ts"
import { kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

describe.each(kinds)("getOrSetMany on %s", (kind) => {
  test("loads only the missing keys, once, in one call, and answers in the keys' order", async () => {
    const { cache } = await setup(kind)
    await cache.set("b", "B")
    const asked: unknown[] = []
    const load = (missing: unknown[]) => {
      asked.push(missing)
      return missing.map((name) => `${name}!`)
    }
    expect(await cache.getOrSetMany(["a", "b", "c", "a"], load)).toEqual(["a!", "B", "c!", "a!"])
    expect(await cache.getOrSetMany(new Set(["c", "a"]), load)).toEqual(["c!", "a!"])
    expect(asked).toEqual([["a", "c"]])
  })

  test("a Map or a record by key; what it does not have comes back undefined and is not stored", async () => {
    const { cache } = await setup(kind)
    expect(await cache.getOrSetMany(["a", "b"], () => new Map([["a", 1]]))).toEqual([1, undefined])
    expect(await cache.getOrSetMany(["c", "constructor"], () => ({ c: undefined }))).toEqual([
      undefined,
      undefined,
    ])
    expect(await cache.has("b")).toBe(false)
    expect(await cache.has("c")).toBe(true)
    expect(await cache.has("constructor")).toBe(false)
  })

  test("a Map of another realm is one, as structuredClone makes it under Jest, and so is one of a class", async () => {
    const { cache } = await setup(kind)
    class Named extends Map<string, number> {
      override get [Symbol.toStringTag](): string {
        return "Named"
      }
    }
    expect(await cache.getOrSetMany(["c", "d"], () => new Named([["c", 3]]))).toEqual([3, undefined])
    const foreign = () => runInNewContext('new Map([["a", 1], [2, "two"]])')
    expect(await cache.getOrSetMany(["a", "b"], foreign)).toEqual([1, undefined])
    expect(await cache.memoizeMany((..._: number[]) => foreign(), { name: "foreign" })(1, 2)).toEqual([
      undefined,
      "two",
    ])
  })

  test("keys of segments find their values by the key itself or its text", async () => {
    const { cache } = await setup(kind)
    const one = ["user", 1] as const
    expect(await cache.getOrSetMany([one], () => new Map([[one, "by key"]]))).toEqual(["by key"])
    expect(await cache.getOrSetMany([["user", 2]], () => ({ [key("user", 2)]: "by text" }))).toEqual([
      "by text",
    ])
    expect(await cache.get(key("user", 1))).toBe("by key")
  })

  test.each([
    ["too short", () => [1]],
    ["too long", () => [1, 2, 3]],
    ["a number", () => 5],
    ["text", () => "ab"],
    ["null", () => null],
    ["nothing", () => undefined],
    ["a Set", () => new Set([1, 2])],
  ])("a result of a wrong shape is refused and nothing is stored: %s", async (_, load) => {
    const { cache } = await setup(kind)
    await expect(cache.getOrSetMany(["a", "b"], load as never)).rejects.toMatchObject({
      code: "FALLBACK_RESULT",
    })
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
  })

  test("the fallback's error is everybody's, untouched, and the keys stay usable", async () => {
    const { cache } = await setup(kind)
    const error = new Error("down")
    await expect(cache.getOrSetMany(["a", "b"], () => Promise.reject(error))).rejects.toBe(error)
    expect(cache.isLoading("a")).toBe(false)
    expect(await cache.getOrSetMany(["a", "b"], () => [1, 2])).toEqual([1, 2])
  })

  test("joins the flights that run for some of the keys", async () => {
    const { cache } = await setup(kind)
    const one = gate()
    const first = cache.getOrSet("a", () => one.promise)
    const asked: unknown[] = []
    const many = cache.getOrSetMany<string>(["a", "b"], (missing) => {
      asked.push(...missing)
      return missing.map((name) => `${name}!`)
    })
    const late = cache.getOrSet("b", () => expect.unreachable())
    expect(await late).toBe("b!")
    one.pass("A")
    expect(await Promise.all([first, many])).toEqual(["A", ["A", "b!"]])
    expect(asked).toEqual(["b"])
  })

  test("two calls that overlap crosswise share their loads and wait for no one in a circle", async () => {
    const { cache } = await setup(kind)
    const asked: unknown[] = []
    const load = async (missing: unknown[]) => {
      asked.push(...missing)
      return missing.map(String)
    }
    const both = await Promise.all([
      cache.getOrSetMany(["a", "b", "c"], load),
      cache.getOrSetMany(["c", "d", "a"], load),
    ])
    expect(both).toEqual([
      ["a", "b", "c"],
      ["c", "d", "a"],
    ])
    expect(asked.sort()).toEqual(["a", "b", "c", "d"])
  })

  test("shouldCache and schema judge each value of its own", async () => {
    const { cache } = await setup(kind)
    const seen: unknown[] = []
    const shouldCache = (value: number, context: { key: string }) => {
      seen.push([context.key, value])
      return value > 1
    }
    expect(await cache.getOrSetMany(["a", "b"], () => [1, 2], { shouldCache })).toEqual([1, 2])
    expect(seen).toEqual([
      ["a", 1],
      ["b", 2],
    ])
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2])
  })

  test("what the fallback decides of ttl and tags holds for each, and skip stores none", async () => {
    const { cache, clock } = await setup(kind)
    await cache.getOrSetMany(["a", "b"], (_, context) => {
      context.ttl = "1s"
      context.tags = ["t"]
      return [1, 2]
    })
    expect((await cache.getEntry("b"))?.freshUntil).toBe(clock.now() + 1000)
    await cache.invalidateTags("t")
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
    const skipped = cache.getOrSetMany(["c"], (_, context) => {
      context.skip()
      return [3]
    })
    expect(await skipped).toEqual([3])
    expect(await cache.has("c")).toBe(false)
  })

  test("fresh: true loads them all", async () => {
    const { cache } = await setup(kind)
    await cache.setMany({ a: 1, b: 2 })
    expect(await cache.getOrSetMany(["a", "b"], (missing) => missing.map(() => 9), { fresh: true })).toEqual([
      9, 9,
    ])
    expect(await cache.getMany(["a", "b"])).toEqual([9, 9])
  })

  test("stale values stand in when the load fails", async () => {
    const { cache, clock } = await setup(kind)
    await cache.setMany({ a: 1, b: 2 }, { ttl: 10, grace: "1h" })
    await clock.advance(10)
    const down = () => Promise.reject(new Error("down"))
    expect(await cache.getOrSetMany(["a", "b"], down)).toEqual([1, 2])
    await expect(cache.getOrSetMany(["a", "c"], down)).rejects.toThrow("down")
  })

  test("a delete during the load wins over its one key, the others are stored", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate<number[]>()
    const started = gate()
    const many = cache.getOrSetMany(["a", "b"], () => {
      started.pass("")
      return promise
    })
    await started.promise
    await cache.delete("a")
    pass([1, 2])
    expect(await many).toEqual([1, 2])
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2])
  })

  test("in a region with a key function of its own, values are found by what was asked", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("r", { key: (name: string) => name.toLowerCase() })
    expect(await region.getOrSetMany(["A", "B"], () => ({ A: 1, B: 2 }))).toEqual([1, 2])
    expect(await region.getOrSetMany(["C"], () => new Map([["c", 3]]))).toEqual([3])
    expect(await region.getMany(["a", "b", "c"])).toEqual([1, 2, 3])
  })

  test("thousands of keys are one read and one write where the adapter can", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("warm", 1)
    storage.calls.length = 0
    const keys = Array.from({ length: 2000 }, (_, i) => `k${i}`)
    expect(await cache.getOrSetMany(keys, (missing) => missing.map(String), { lease: false })).toEqual(keys)
    if (kind === "all abilities")
      expect(storage.calls.map((call) => call.split(" ")[0])).toEqual(["getMany", "setMany"])
  })
})
