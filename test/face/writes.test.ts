import { describe, expect, test } from "vitest"
import { kinds, lateKinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys) found.push(key)
  return found.sort()
}

describe.each(kinds)("writing on %s", (kind) => {
  test("set replaces the value and all its deadlines", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("a", 1, { ttl: "1s", grace: "1m", tags: ["t"] })
    await clock.advance(500)
    await cache.set("a", 2, { ttl: "2s" })
    const at = clock.now()
    expect(await cache.getEntry("a")).toEqual({
      value: 2,
      createdAt: at,
      freshUntil: at + 2000,
      staleUntil: at + 2000,
      stale: false,
      tags: [],
    })
    await cache.invalidateTags("t")
    expect(await cache.get("a")).toBe(2)
  })

  test("a ttl of 0 stores nothing and removes what was there", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 1)
    await cache.set("a", 2, { ttl: 0, grace: "1h" })
    expect(await cache.get("a", { stale: true })).toBeUndefined()
    await cache.setMany([
      ["b", 1],
      ["c", 2, { ttl: 0 }],
    ])
    expect(await cache.getMany(["b", "c"])).toEqual([1, undefined])
  })

  test("the default ttl is five minutes without grace", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("a", 1)
    await clock.advance(299_999)
    expect(await cache.get("a")).toBe(1)
    await clock.advance(1)
    expect(await cache.get("a", { stale: true })).toBeUndefined()
  })

  test("setMany takes pairs, pairs with options of their own, a Map, a record, and any iterable", async () => {
    const { cache, clock } = await setup(kind)
    await cache.setMany(
      [
        ["a", 1],
        [["b", 1], 2, { ttl: "1h" }],
      ],
      { ttl: "1s" },
    )
    await cache.setMany(new Map<string, unknown>([["c", 3]]))
    await cache.setMany({ d: 4, ["__proto__"]: 5, constructor: 6 })
    await cache.setMany(
      (function* () {
        yield ["e", 7] as const
      })(),
    )
    expect(await cache.getMany(["a", ["b", 1], "c", "d", "__proto__", "constructor", "e"])).toEqual([
      1, 2, 3, 4, 5, 6, 7,
    ])
    await clock.advance(1000)
    expect(await cache.getMany(["a", ["b", 1]])).toEqual([undefined, 2])
  })

  test("of two values for one key the last one stays, whatever their ttls", async () => {
    const { cache } = await setup(kind)
    await cache.setMany([
      ["a", 1, { ttl: 0 }],
      ["a", 2],
      ["b", 1],
      ["b", 2, { ttl: 0 }],
      ["c", 1],
      ["c", 2],
    ])
    expect(await cache.getMany(["a", "b", "c"])).toEqual([2, undefined, 2])
  })

  test("setMany refuses what is no pair, and stores nothing then", async () => {
    const { cache } = await setup(kind)
    for (const wrong of [["ab"], [{ key: "a", value: 1 }], [null], null, undefined, "ab", 5]) {
      await expect(cache.setMany(wrong as never)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    }
    await expect(
      cache.setMany([
        ["a", 1],
        ["b", 2, { ttl: "never" as "1s" }],
      ]),
    ).rejects.toMatchObject({ code: "TTL_INVALID" })
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
  })

  test("what the caller does to a value after set does not reach the cache", async () => {
    const { cache } = await setup(kind)
    const value = { list: [1] }
    const many = [{ n: 1 }, { n: 2 }]
    const done = Promise.all([
      cache.set("a", value),
      cache.setMany(many.map((each, i) => [String(i), each] as const)),
    ])
    value.list.push(2)
    for (const each of many) each.n = 9
    await done
    value.list.push(3)
    expect(await cache.get("a")).toEqual({ list: [1] })
    expect(await cache.getMany(["0", "1"])).toEqual([{ n: 1 }, { n: 2 }])
  })

  test("what the caller does to a value while its write waits for another does not reach the cache", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 0)
    const value = { list: [1] }
    const done = [cache.set("a", 1), cache.set("a", value)]
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve()
      value.list.push(turn)
    }
    await Promise.all(done)
    expect(await cache.get("a")).toEqual({ list: [1] })
  })

  test("an explicit write rejects when the storage fails", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("a", 1)
    storage.fault = () => "reject"
    await expect(cache.set("a", 2)).rejects.toThrow()
    await expect(
      cache.setMany([
        ["a", 2],
        ["b", 2],
      ]),
    ).rejects.toThrow()
    await expect(cache.delete("a")).rejects.toThrow()
    await expect(cache.expire("a")).rejects.toThrow()
    await expect(cache.touch("a")).rejects.toThrow()
    await expect(cache.clear()).rejects.toThrow()
    await expect(cache.invalidate()).rejects.toThrow()
    await expect(cache.invalidateTags("t")).rejects.toThrow()
    storage.fault = () => undefined
    expect(await cache.get("a")).toBe(1)
  })

  test("delete counts the live entries among its keys, each once, and is idempotent", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("fresh", 1)
    await cache.set("stale", 1, { ttl: 100, grace: "1h" })
    await cache.set("gone", 1, { ttl: 100 })
    await cache.set("invalid", 1, { tags: ["t"] })
    await cache.invalidateTags("t")
    await clock.advance(100)
    expect(await cache.delete("fresh", "fresh", "stale", "gone", "invalid", "never")).toBe(2)
    expect(await cache.delete("fresh", "stale")).toBe(0)
    expect(await cache.get("stale", { stale: true })).toBeUndefined()
  })

  test("expire makes entries stale now, keeps them within grace, and counts the live ones", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("a", 1, { ttl: "1h", grace: "1m" })
    await cache.set("b", 2, { ttl: "1h" })
    await clock.advance(10)
    expect(await cache.expire("a", "a", "b", "never")).toBe(2)
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
    expect(await cache.get("a", { stale: true })).toBe(1)
    expect(await cache.get("b", { stale: true })).toBeUndefined()
    expect((await cache.getEntry("a", { stale: true }))?.freshUntil).toBe(clock.now())
    expect(await cache.expire("a", "b")).toBe(1)
    await clock.advance(60_000)
    expect(await cache.get("a", { stale: true })).toBeUndefined()
  })

  test("touch restarts the ttl of a live entry, its own or the one given; createdAt stays", async () => {
    const { cache, clock } = await setup(kind)
    const at = clock.now()
    await cache.set("a", 1, { ttl: 100, grace: 100, tags: ["t"] })
    await clock.advance(150)
    expect(await cache.get("a")).toBeUndefined()
    expect(await cache.touch("a")).toBe(true)
    expect(await cache.getEntry("a")).toEqual({
      value: 1,
      createdAt: at,
      freshUntil: at + 250,
      staleUntil: at + 350,
      stale: false,
      tags: ["t"],
    })
    expect(await cache.touch("a", "1s")).toBe(true)
    await clock.advance(999)
    expect(await cache.get("a")).toBe(1)
    await clock.advance(101)
    expect(await cache.touch("a")).toBe(false)
    expect(await cache.touch("never")).toBe(false)
    await expect(cache.touch("a", "soon" as "1s")).rejects.toMatchObject({ code: "TTL_INVALID" })
  })

  test("touch never brings back what was invalidated", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 1, { tags: ["t"], grace: "1h" })
    await cache.invalidateTags("t")
    expect(await cache.touch("a")).toBe(false)
    expect(await cache.get("a", { stale: true })).toBeUndefined()
  })

  test("tags end entries of the whole cache, hard or soft", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("r")
    await cache.set("a", 1, { tags: ["t"], grace: "1h" })
    await region.set("b", 2, { tags: ["t", "u"], grace: "1h" })
    await cache.invalidateTags("u", { mode: "soft" })
    expect(await region.get("b")).toBeUndefined()
    expect(await region.get("b", { stale: true })).toBe(2)
    await region.invalidateTags("t")
    expect(await cache.get("a", { stale: true })).toBeUndefined()
    expect(await region.get("b", { stale: true })).toBeUndefined()
  })

  test("a soft invalidation never weakens a hard one", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 1, { tags: ["t"], grace: "1h" })
    await cache.invalidateTags("t")
    await cache.invalidateTags("t", { mode: "soft" })
    await cache.invalidate({ mode: "soft" })
    expect(await cache.get("a", { stale: true })).toBeUndefined()
  })

  test("what is no tag and no mode is refused, and nothing ends", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 1, { tags: ["t"] })
    for (const wrong of [["t"], 5, null, { mode: "hrad" }, { mdoe: "soft" }]) {
      await expect(cache.invalidateTags("t", wrong as never)).rejects.toMatchObject({
        code: "OPTION_INVALID",
      })
      await expect(cache.invalidateTags(wrong as never, "t")).rejects.toMatchObject({
        code: "OPTION_INVALID",
      })
    }
    for (const wrong of ["soft", { mode: "hrad" }, { mdoe: "soft" }]) {
      await expect(cache.invalidate(wrong as never)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    }
    await expect(cache.set("b", 1, { tags: "t" as never })).rejects.toMatchObject({ code: "OPTION_INVALID" })
    expect(await cache.get("a")).toBe(1)
  })

  test("invalidate ends the cache and its regions; of a region, the regions in it and nothing else", async () => {
    const { cache } = await setup(kind)
    const outer = cache.region("outer")
    const inner = outer.region("inner")
    const fill = async () => {
      for (const place of [cache, outer, inner]) await place.set("a", 1, { grace: "1h" })
    }
    const there = () => Promise.all([cache, outer, inner].map((place) => place.has("a", { stale: true })))
    await fill()
    await outer.invalidate()
    expect(await there()).toEqual([true, false, false])
    await fill()
    await inner.invalidate()
    expect(await there()).toEqual([true, true, false])
    await fill()
    await cache.invalidate({ mode: "soft" })
    expect(await there()).toEqual([true, true, true])
    expect(await inner.has("a")).toBe(false)
    await cache.invalidate()
    expect(await there()).toEqual([false, false, false])
  })

  test("clear removes what is under its prefix and nothing else", async () => {
    const { cache, another } = await setup(kind)
    const other = another({ prefix: "other" })
    const longer = another({ prefix: "other2" })
    const region = cache.region("r")
    const outside = [cache, region, other, other.region("r"), longer]
    for (const place of outside) await place.set("a", 1)
    const there = () => Promise.all(outside.map((place) => place.has("a")))
    await other.clear()
    expect(await there()).toEqual([true, true, false, false, true])
    await region.clear()
    expect(await there()).toEqual([true, false, false, false, true])
    await cache.set("b", 1)
    await cache.clear()
    // What cannot list its keys belongs to a cache without prefix as a whole.
    expect(await there()).toEqual([false, false, false, false, kind !== "four methods"])
    expect(await cache.has("b")).toBe(false)
  })

  test("isLoading tells whether a flight runs here", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate()
    expect(cache.isLoading("a")).toBe(false)
    const value = cache.getOrSet("a", () => promise)
    expect(cache.isLoading("a")).toBe(true)
    expect(cache.isLoading("b")).toBe(false)
    expect(cache.region("r").isLoading("a")).toBe(false)
    pass("x")
    await value
    expect(cache.isLoading("a")).toBe(false)
  })
})

describe.each(["memory", "all abilities"] as const)("listing on %s", (kind) => {
  test("keys are the live ones of this place itself, as given", async () => {
    const { cache, clock, another } = await setup(kind)
    const region = cache.region("r")
    await cache.setMany([
      ["a", 1],
      [["b", 2], 1],
      ["#x", 1],
      [":x", 1],
      ["@x", 1],
      ["\\x", 1],
      ["", 1],
    ])
    await cache.set("gone", 1, { ttl: 10 })
    await cache.set("stale", 1, { ttl: 10, grace: "1h" })
    await cache.set("invalid", 1, { tags: ["t"] })
    await cache.invalidateTags("t")
    await region.setMany({ c: 1, "inner:x": 1 })
    await region.region("inner").set("d", 1)
    await another({ prefix: "p" }).set("e", 1)
    await clock.advance(10)
    expect(await all(cache.keys())).toEqual(["", "#x", ":x", "@x", "\\x", "a", "stale", '~["b",2]'].sort())
    expect(await all(region.keys())).toEqual(["c", "inner:x"])
    expect(await all(region.region("inner").keys())).toEqual(["d"])
  })

  test("keys of hundreds come in full, and may be left early", async () => {
    const { cache } = await setup(kind)
    await cache.setMany(Array.from({ length: 250 }, (_, i) => [`k${i}`, i] as const))
    expect((await all(cache.keys())).length).toBe(250)
    for await (const _ of cache.keys()) break
  })
})

test("keys reject where the adapter cannot list", async () => {
  const { cache } = await setup("four methods")
  await expect(all(cache.keys())).rejects.toMatchObject({ code: "ADAPTER_ABILITY" })
})

test("prune drops what is past grace by each entry's own deadlines, and counts", async () => {
  const { cache, clock } = await setup("memory")
  await cache.set("a", 1, { ttl: 100 })
  await cache.set("b", 1, { ttl: 100, grace: 100 })
  await cache.region("r").set("c", 1, { ttl: 50 })
  await clock.advance(100)
  expect(await cache.prune()).toBe(2)
  expect(await cache.prune()).toBe(0)
  await clock.advance(100)
  expect(await cache.prune()).toBe(1)
})

test.each(lateKinds)("prune is 0 on %s, which has no way", async (kind) => {
  const { cache } = await setup(kind)
  expect(await cache.prune()).toBe(0)
})

test("one write of many is one round trip", async () => {
  const { cache, storage } = await setup("all abilities")
  await cache.set("warm", 1)
  storage.calls.length = 0
  await cache.setMany([
    ["a", 1],
    ["b", 2],
  ])
  expect(storage.calls).toEqual(["setMany a,b"])
  storage.calls.length = 0
  await cache.delete("a", "b")
  expect(storage.calls).toEqual(["getMany a,b", "deleteMany a,b"])
})
