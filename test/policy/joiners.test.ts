import { describe, expect, test, vi } from "vitest"
import { none } from "../../adapters/none.ts"
import { CacheWrapper } from "../../src/core.ts"
import { delegate } from "../../src/proxies.ts"
import type { StandardSchemaV1 } from "../../src/types.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { kinds } from "../support/fake.ts"
import { settled, setup } from "../support/setup.ts"

const long = { ttl: "1h", grace: "1h" } as const

const numbers: StandardSchemaV1<unknown, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }),
  },
}

const anything: StandardSchemaV1<unknown, string> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: String(value) }) },
}

describe.each(kinds)("a caller that comes while another loads, on %s", (kind) => {
  test("gets the fresh value, though another's reload fails", async () => {
    const { cache, clock, trace } = await setup(kind, long)
    await cache.set("k", "cached")
    const refreshed = cache.getOrSet("k", () => clock.failAfter(100, new Error("down")), { fresh: true })
    refreshed.catch(() => {})
    await settled(clock)
    const asked = [
      cache.getOrSet("k", () => "mine"),
      cache.getOrSet("k", () => "mine", { signal: new AbortController().signal }),
      cache.getOrSet("k", () => "mine", { schema: anything }),
      cache.getOrSetMany(["k", "other"], () => ["made"]),
    ]
    await settled(clock)
    expect(await Promise.all(asked)).toEqual(["cached", "cached", "cached", ["cached", "made"]])
    expect(trace.filter((type) => type === "load")).toHaveLength(2)
    await clock.advance(100)
    await expect(refreshed).rejects.toThrow("down")
  })

  test("gets the stale value at once with softTimeout 0, though another reloads it", async () => {
    const { cache, clock } = await setup(kind, long)
    await cache.set("k", "stale")
    await cache.expire("k")
    const refreshed = cache.getOrSet("k", () => clock.after(100, "new"), { fresh: true })
    await settled(clock)
    const asked = cache.getOrSet("k", () => "mine", { softTimeout: 0 })
    await settled(clock)
    expect(await asked).toBe("stale")
    await clock.advance(100)
    expect(await refreshed).toBe("new")
    expect(await cache.get("k")).toBe("new")
  })

  test("shares the load if there is no value to serve", async () => {
    const { cache, clock } = await setup(kind, long)
    const refreshed = cache.getOrSet("k", () => clock.after(100, "new"), { fresh: true })
    await settled(clock)
    const asked = cache.getOrSet("k", () => "mine")
    await clock.advance(100)
    expect(await Promise.all([refreshed, asked])).toEqual(["new", "new"])
  })

  test("loads again after an invalidation elsewhere, even if everything was cleared elsewhere since", async () => {
    const { cache, clock, another } = await setup(kind, long)
    const other = another()
    await cache.set("another key", 1)
    const first = cache.getOrSet("k", () => clock.after(100, "old"))
    await settled(clock)
    await other.invalidate()
    await other.clear()
    const asked = cache.getOrSet("k", () => "new")
    await clock.advance(100)
    expect(await Promise.all([first, asked])).toEqual(["old", "new"])
  })

  test.each(["delete", "set"] as const)("is not served what a %s elsewhere has ended since", async (verb) => {
    const { cache, clock, another } = await setup(kind, long)
    const other = another()
    await cache.set("k", "stale")
    await cache.expire("k")
    const first = cache.getOrSet("k", () => clock.after(100, "new"))
    await settled(clock)
    await (verb === "set" ? other.set("k", "theirs") : other.delete("k"))
    const asked = cache.getOrSet("k", () => "mine", { softTimeout: 0 })
    await clock.advance(100)
    expect(await asked).toBe(verb === "set" ? "theirs" : "new")
    expect(await first).toBe("new")
  })

  test("is served what the other has found stale, though the storage has failed since", async () => {
    const { cache, clock, storage } = await setup(kind, long)
    await cache.set("k", "stale")
    await cache.expire("k")
    const first = cache.getOrSet("k", () => clock.after(100, "new"))
    await settled(clock)
    storage.fault = () => "reject"
    const asked = cache.getOrSet("k", () => "mine", { softTimeout: 0 })
    await clock.advance(100)
    expect(await Promise.all([first, asked])).toEqual(["new", "stale"])
  })

  test("ends nobody else's wait when it goes in the middle of its look", async () => {
    const { cache, clock, storage } = await setup(kind, { ...long, leaseTtl: 100 })
    await cache.set("k", "stale")
    await cache.expire("k")
    const first = cache.getOrSet("k", () => new Promise<string>(() => {}), { hardTimeout: 10 })
    await clock.advance(10)
    expect(await first).toBe("stale")
    const patient = cache.getOrSet("k", () => "new")
    await settled(clock)
    if (kind !== "memory") storage.fault = () => 20
    const controller = new AbortController()
    const hasty = cache.getOrSet("k", () => "hasty", { signal: controller.signal })
    const gone = expect(hasty).rejects.toBe("gone")
    await clock.advance(5)
    controller.abort("gone")
    await gone
    storage.fault = () => undefined
    await clock.advance(200)
    expect(await Promise.race([patient, Promise.resolve("waits for ever")])).toBe("new")
  })

  test("has what another's schema refuses", async () => {
    const { cache, clock } = await setup(kind, long)
    await cache.set("k", "text")
    const picky = cache.getOrSet("k", () => clock.after(100, "text still"), { schema: numbers as never })
    picky.catch(() => {})
    await settled(clock)
    const asked = cache.getOrSet("k", () => "mine")
    await settled(clock)
    expect(await asked).toBe("text")
    await clock.advance(100)
    await expect(picky).rejects.toMatchObject({ code: "FALLBACK_RESULT" })
  })
})

describe.each(kinds)("the value of a load with several callers, on %s", (kind) => {
  test.each(["the same turn", "a later one"])("is a copy for each caller that joins in %s", async (turn) => {
    const { cache, clock } = await setup(kind, long)
    const make = async () => ({ list: [await clock.after(100, 1)] })
    const first = cache.getOrSet("k", make).then((value) => value.list.push(2))
    if (turn === "a later one") await settled(clock)
    const others = [1, 2].map(() => cache.getOrSet("k", make))
    await clock.advance(100)
    const [one, other] = await Promise.all(others)
    one?.list.push(3)
    await first
    expect(other).toEqual({ list: [1] })
    expect(await cache.get("k")).toEqual({ list: [1] })
  })

  test("is the very value where it cannot be copied", async () => {
    const { cache, clock } = await setup(kind, long)
    const response = new Response("x")
    let loads = 0
    const load = () => {
      loads++
      return clock.after(100, response)
    }
    const all = [1, 2].map(() => cache.getOrSet("k", load))
    await clock.advance(50)
    all.push(cache.getOrSet("k", load))
    await clock.advance(200)
    for (const one of await Promise.all(all)) expect(one).toBe(response)
    expect(loads).toBe(1)
  })
})

test.each([[undefined], [["t"]]])(
  "who comes in a later turn shares the load where nothing is kept, tags: %s",
  async (tags) => {
    const clock = fakeClock()
    const region = new CacheWrapper({ adapter: none() }).region("r")
    let loads = 0
    const load = () => clock.after(100, ++loads)
    const calls: Promise<unknown>[] = []
    for (let turn = 0; turn < 3; turn++) {
      calls.push(region.getOrSet("k", load, { tags }))
      calls.push(region.getOrSetMany(["k"], async () => [await load()], { tags }).then(([value]) => value))
      await clock.advance(10)
    }
    const ended = region.invalidate()
    const after = region.getOrSet("k", load, { tags })
    await clock.advance(100)
    expect(await Promise.all(calls)).toEqual([1, 1, 1, 1, 1, 1])
    expect(await after).toBe(2)
    await ended
  },
)

test.each([
  ["delete", "mine", 1],
  ["set", "theirs", 0],
  ["expire", "cached", 1],
] as const)(
  "a caller that comes after %s elsewhere is not served what another read before",
  async (verb, expected, loads) => {
    const clock = fakeClock()
    const storage = custom("object", "async")
    let delay = 20
    const late = delegate(storage, {
      get: async (key) => {
        const record = await storage.get(key)
        await clock.after(delay, undefined)
        return record
      },
    })
    const cache = new CacheWrapper({ adapter: late, ...long, softTimeout: 0 })
    const other = new CacheWrapper({ adapter: storage, ...long })
    await other.set("k", "cached")
    const load = vi.fn(() => "mine")
    const first = cache.getOrSet("k", load)
    await clock.advance(10)
    await (verb === "set" ? other.set("k", "theirs") : other[verb]("k"))
    delay = 0
    const asked = cache.getOrSet("k", load)
    await clock.advance(20)
    expect(await first).toBe("cached")
    expect(await asked).toBe(expected)
    await clock.advance(20)
    expect(load).toHaveBeenCalledTimes(loads)
  },
)
