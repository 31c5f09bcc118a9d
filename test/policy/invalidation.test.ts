import { describe, expect, test } from "vitest"
import type { CacheWrapper } from "../../src/core.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

const tagged = { ttl: "1h", grace: "1h", tags: ["t"] } as const

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys) found.push(key)
  return found
}

/** How "k" may be served: "fresh", "stale" or not at all. */
async function stateOf(cache: Pick<CacheWrapper, "get">, key = "k"): Promise<string> {
  if ((await cache.get(key)) !== undefined) return "fresh"
  return (await cache.get(key, { stale: true })) === undefined ? "gone" : "stale"
}

describe.each(kinds)("%s", (kind) => {
  test("a hard invalidation ends what has the tag, on every read path, and nothing else", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", 1, tagged)
    await cache.set("l", 2, { tags: ["t", "u"] })
    await cache.set("m", 3, { tags: ["u"] })
    await cache.set("n", 4)
    await cache.get("n")
    await cache.invalidateTags("t")
    expect(await stateOf(cache)).toBe("gone")
    expect(await cache.getMany(["k", "l", "m", "n"])).toEqual([undefined, undefined, 3, 4])
    expect(await cache.has("k", { stale: true })).toBe(false)
    expect(await cache.getEntry("k", { stale: true })).toBeUndefined()
    expect(cache.peek("k")).toBeUndefined()
    expect(await cache.touch("k")).toBe(false)
    expect(await cache.expire("k")).toBe(0)
    expect(await cache.delete("k", "m")).toBe(1)
    await expect(cache.get("k", { required: true })).rejects.toMatchObject({ code: "CACHE_MISS" })
    await expect(cache.get("l", { required: true })).rejects.toMatchObject({ reason: "invalidated" })
  })

  test("what is set after an invalidation lives, in the same tick too", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", 1, tagged)
    for (let i = 0; i < 5; i++) {
      await cache.invalidateTags("t")
      expect(await stateOf(cache)).toBe("gone")
      await cache.set("k", i, tagged)
      expect(await cache.get("k")).toBe(i)
    }
  })

  test("a soft invalidation makes stale from now on, for the length of grace from then", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 1000, grace: 100, tags: ["t"] })
    await clock.advance(500)
    await cache.invalidateTags("t", { mode: "soft" })
    expect(await stateOf(cache)).toBe("stale")
    await clock.advance(99)
    expect(await stateOf(cache)).toBe("stale")
    await clock.advance(1)
    expect(await stateOf(cache)).toBe("gone")
  })

  test("a soft invalidation gives no new life to what has expired already", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, { ttl: 100, grace: 100, tags: ["t"] })
    await clock.advance(150)
    await cache.invalidateTags("t", { mode: "soft" })
    expect(await cache.getEntry("k", { stale: true })).toMatchObject({ staleUntil: clock.now() + 50 })
    await clock.advance(50)
    expect(await stateOf(cache)).toBe("gone")
  })

  test("soft never weakens hard, in whatever order and however often", async () => {
    const { cache, another } = await setup(kind)
    const orders = ["hs", "sh", "hss", "shs", "hsh"]
    for (const order of orders) {
      for (const scope of ["tags", "region"] as const) {
        await cache.set("k", 1, tagged)
        for (const [at, mode] of [...order].entries()) {
          const by = at % 2 === 0 ? cache : another()
          const options = { mode: mode === "h" ? "hard" : "soft" } as const
          await (scope === "tags" ? by.invalidateTags("t", options) : by.invalidate(options))
        }
        expect(await stateOf(cache)).toBe("gone")
      }
    }
  })

  test("a hard tag beside a soft region ends for good", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", 1, tagged)
    await cache.invalidate({ mode: "soft" })
    expect(await stateOf(cache)).toBe("stale")
    await cache.invalidateTags("t")
    expect(await stateOf(cache)).toBe("gone")
  })

  test("several tags are invalidated in one call, duplicates too; none is fine", async () => {
    const { cache } = await setup(kind)
    for (const tag of ["a", "b", "c"]) await cache.set(tag, 1, { tags: [tag] })
    await cache.invalidateTags()
    await cache.invalidateTags({ mode: "soft" })
    await cache.invalidateTags("a", "b", "a")
    expect(await cache.getMany(["a", "b", "c"])).toEqual([undefined, undefined, 1])
  })

  test("a load has nothing of the tags of an entry that has ended before it", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 0, { ttl: 5, tags: ["t"] })
    await clock.advance(10)
    let loads = 0
    const load = () => clock.after(20, ++loads)
    const first = cache.getOrSet("k", load)
    await clock.advance(2)
    await cache.invalidateTags("t")
    const second = cache.getOrSet("k", load)
    await clock.advance(50)
    expect([await first, await second, loads]).toEqual([1, 1, 1])
    expect(await cache.get("k")).toBe(1)
  })

  test("another cache on the storage sees an invalidation at once", async () => {
    const { cache, another } = await setup(kind)
    const other = another()
    await cache.set("k", 1, tagged)
    expect(await other.get("k")).toBe(1)
    await cache.invalidateTags("t", { mode: "soft" })
    expect(await stateOf(other)).toBe("stale")
    await other.invalidate()
    expect(await stateOf(cache)).toBe("gone")
  })

  test("tags belong to the whole cache, regions included, and stop at its prefix", async () => {
    const { cache, another } = await setup(kind)
    const other = another({ prefix: "p" })
    const region = cache.region("r", { tags: ["own"] })
    await region.set("k", 1, tagged)
    await region.set("l", 1)
    await other.set("k", 1, tagged)
    await region.invalidateTags("t")
    await cache.invalidateTags("own")
    expect(await stateOf(region)).toBe("gone")
    expect(await stateOf(region, "l")).toBe("gone")
    expect(await stateOf(other)).toBe("fresh")
    await other.invalidateTags("t")
    expect(await stateOf(other)).toBe("gone")
  })

  test("invalidate and clear reach into regions, and into no other", async () => {
    for (const verb of ["invalidate", "clear"] as const) {
      const { cache, another } = await setup(kind)
      const inner = cache.region("a").region("inner")
      const places = [
        cache,
        cache.region("a"),
        inner,
        cache.region("ab"),
        cache.region("a:inner"),
        another({ prefix: "a" }),
      ]
      for (const one of places) await one.set("k", 1)
      await cache.region("a")[verb]()
      const states = await Promise.all(places.map((one) => stateOf(one)))
      expect(states).toEqual(["fresh", "gone", "gone", "fresh", "fresh", "fresh"])
      await cache[verb]()
      // Four methods cannot tell the neighbour of another process: clearing the whole storage is their way.
      const neighbour = verb === "clear" && kind === "four methods" ? expect.any(String) : "fresh"
      expect(await Promise.all(places.map((one) => stateOf(one)))).toEqual([
        "gone",
        "gone",
        "gone",
        "gone",
        "gone",
        neighbour,
      ])
    }
  })

  test("a cache with a prefix clears and lists its own keys only", async () => {
    const { cache, another } = await setup(kind)
    const mine = another({ prefix: "a" })
    const near = another({ prefix: "ab" })
    for (const one of [cache, mine, near]) await one.set("k", 1, tagged)
    await mine.clear()
    expect([await stateOf(cache), await stateOf(mine), await stateOf(near)]).toEqual([
      "fresh",
      "gone",
      "fresh",
    ])
    const listed = Promise.all([near, mine].map((one) => all(one.keys())))
    if (kind === "four methods") await expect(listed).rejects.toMatchObject({ code: "ADAPTER_ABILITY" })
    else expect(await listed).toEqual([["k"], []])
  })

  test("a lost token is a miss, never a revival", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("k", 1, tagged)
    await cache.set("l", 1)
    const tokens = storage.tokenCalls.map((call) => call.split(" ")[1]?.split(",")[0] ?? "")
    for (const mode of ["hard", "soft"] as const) {
      await cache.set("k", 1, tagged)
      await cache.invalidateTags("t", { mode })
      for (const token of new Set(tokens)) await storage.handle().delete(token)
      expect(await stateOf(cache)).toBe("gone")
      expect(await stateOf(cache, "l")).toBe("gone")
    }
    await cache.set("k", 2, tagged)
    expect(await cache.get("k")).toBe(2)
  })

  test("clear forgets the versions too, and what is set afterwards lives", async () => {
    const { cache, another } = await setup(kind)
    const other = another()
    await cache.set("k", 1, tagged)
    await cache.invalidateTags("t")
    await cache.clear()
    await cache.set("k", 2, tagged)
    expect(await cache.get("k")).toBe(2)
    expect(await other.get("k")).toBe(2)
    await other.invalidateTags("t")
    expect(await stateOf(cache)).toBe("gone")
  })

  test("keys lists live keys as given, of the cache itself and not of its regions", async () => {
    const { cache, clock } = await setup(kind)
    if (kind === "four methods") {
      await expect(all(cache.keys())).rejects.toMatchObject({ code: "ADAPTER_ABILITY" })
      return
    }
    for (const key of ["a", "", "#b", ":c", "@d", "\\e", ["f", 1]]) await cache.set(key, 1)
    await cache.set("short", 1, { ttl: 1 })
    await cache.set("dead", 1, tagged)
    await cache.region("r").set("inner", 1)
    await cache.invalidateTags("t")
    await clock.advance(1)
    const expected = ["a", "", "#b", ":c", "@d", "\\e", '~["f",1]']
    expect((await all(cache.keys())).sort()).toEqual(expected.sort())
    expect(await all(cache.region("r").keys())).toEqual(["inner"])
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("untagged entries pay no reading of tags", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("k", 1)
    await cache.get("k")
    storage.tokenCalls.length = 0
    await cache.get("k")
    await cache.getOrSet("k", () => 2)
    expect(storage.tokenCalls.filter((call) => call.includes("="))).toEqual([])
  })
})

describe("all abilities", () => {
  test("N tags cost one batched read", async () => {
    const { cache, storage } = await setup("all abilities")
    const tags = Array.from({ length: 10 }, (_, at) => `t${at}`)
    await cache.set("k", 1, { tags })
    await cache.setMany(tags.map((tag) => [tag, 1, { tags: [tag, "all"] }] as const))
    for (const read of [() => cache.get("k"), () => cache.getMany(["k", ...tags])]) {
      storage.tokenCalls.length = 0
      await read()
      expect(storage.tokenCalls.filter((call) => call.includes("="))).toHaveLength(1)
      expect(storage.tokenCalls.length).toBeLessThanOrEqual(2)
    }
  })

  test("an invalidation costs the same, however many entries there are", async () => {
    const { cache, storage } = await setup("all abilities")
    await cache.setMany(Array.from({ length: 1000 }, (_, at) => [`k${at}`, at, tagged] as const))
    storage.calls.length = 0
    storage.tokenCalls.length = 0
    await cache.invalidateTags("t")
    await cache.invalidate()
    expect([...storage.calls, ...storage.tokenCalls]).toHaveLength(2)
  })

  test("a cache without a prefix leaves those with one when it is cleared", async () => {
    const { cache, another } = await setup("all abilities")
    const other = another({ prefix: "p" })
    await other.set("k", 1, tagged)
    await cache.set("k", 1)
    await cache.clear()
    expect(await stateOf(other)).toBe("fresh")
    expect(await stateOf(cache)).toBe("gone")
  })
})
