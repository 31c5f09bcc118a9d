import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { memoryBus, tiered } from "../../src/tiers.ts"
import { fakeClock } from "../support/clock.ts"
import { fake, type Kind, kinds } from "../support/fake.ts"
import { heardBus } from "../support/heard-bus.ts"
import { settled } from "../support/setup.ts"

/** Two processes with a near tier each over one storage, and a third that looks at the storage itself. */
function three(kind: Kind) {
  const clock = fakeClock()
  const far = fake(kind)
  const options = { ttl: "1m", grace: "10m" } as const
  const near = () =>
    new CacheWrapper({ adapter: tiered({ near: memory(), far: far.handle(), maxAge: "5s" }), ...options })
  return { clock, far, a: near(), b: near(), bare: new CacheWrapper({ adapter: far.handle(), ...options }) }
}

describe.each(kinds)("what a neighbour wrote behind a near tier, on %s", (kind) => {
  test("is found by a caller that would load it again", async () => {
    const { a, b, clock } = three(kind)
    await a.set("k", "old", { ttl: "1s" })
    expect(await b.get("k")).toBe("old")
    await clock.advance(1500)
    let loads = 0
    const load = () => clock.after(10, `new ${++loads}`)
    const first = a.getOrSet("k", load)
    await clock.advance(20)
    const second = b.getOrSet("k", load)
    await clock.advance(20)
    expect([await first, await second, loads]).toEqual(["new 1", "new 1", 1])
  })

  test.each([
    ["its tag", (cache) => cache.invalidateTags("t")],
    ["the whole cache", (cache) => cache.invalidate()],
  ] satisfies [string, (cache: CacheWrapper) => Promise<void>][])(
    "is found by a caller that has ended %s and still has the old entry",
    async (_, invalidate) => {
      const { b, bare } = three(kind)
      const keys = ["k", "l", "m"]
      const tags = ["t"]
      await bare.setMany(
        keys.map((key) => [key, "old"] as const),
        { tags },
      )
      expect(await b.getMany(keys)).toEqual(["old", "old", "old"])
      await invalidate(b)
      let loads = 0
      const load = () => `new ${++loads}`
      for (const key of keys) await bare.getOrSet(key, load, { tags })
      expect(await b.getOrSet("k", load, { tags })).toBe("new 1")
      const many = b.getOrSetMany(["l", "m"], (missing) => missing.map(load), { tags })
      expect(await many).toEqual(["new 2", "new 3"])
      expect(loads).toBe(3)
    },
  )

  test("is not undone by touch, expire or keep() of a cache that still has the old entry", async () => {
    const { a, b, bare, clock } = three(kind)
    const both = async (key: string) => {
      await b.set(key, "old")
      expect(await a.get(key)).toBe("old")
    }
    await both("deleted")
    await b.delete("deleted")
    expect(await a.touch("deleted")).toBe(false)
    expect(await bare.get("deleted")).toBeUndefined()

    await both("touched")
    await b.set("touched", "new")
    expect(await a.touch("touched", "1h")).toBe(true)
    expect(await bare.get("touched")).toBe("new")

    await both("expired")
    await b.set("expired", "new")
    expect(await a.expire("expired")).toBe(1)
    expect(await bare.getEntry("expired", { stale: true })).toMatchObject({ value: "new", stale: true })

    await b.set("kept", "old", { ttl: 20 })
    expect(await a.get("kept")).toBe("old")
    await clock.advance(40)
    await b.set("kept", "new")
    expect(await a.getOrSet("kept", (context) => (context.stale ? context.keep() : "loaded"))).toBe("new")
    expect(await bare.get("kept")).toBe("new")
  })

  test("is not removed by a touch under versions of before", async () => {
    const { a, b, bare } = three(kind)
    await b.set("k", "old", { tags: ["t"] })
    expect(await a.get("k")).toBe("old")
    await b.invalidateTags("t")
    await b.set("k", "new", { tags: ["t"] })
    expect(await a.touch("k")).toBe(true)
    expect(await bare.get("k")).toBe("new")
  })

  test("is not undone by a cache with two near tiers, one in front of the other", async () => {
    const { far, b, bare } = three(kind)
    const middle = tiered({ near: memory(), far: far.handle() })
    const a = new CacheWrapper({ adapter: tiered({ near: memory(), far: middle }), grace: "10m" })
    for (const verb of ["touch", "expire"] as const) {
      await b.set(verb, "old")
      expect(await a.get(verb)).toBe("old")
      await b.set(verb, "new")
      await a[verb](verb)
      expect(await bare.get(verb, { stale: true })).toBe("new")
      await b.delete(verb)
      await a[verb](verb)
      expect(await bare.get(verb, { stale: true })).toBeUndefined()
    }
  })
})

/** Reads take `read()` ms, writes one. */
function slow(store: Map<string, unknown>, read: () => number): Adapter {
  const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  return {
    name: "slow",
    medium: "object",
    async get(key) {
      const record = store.get(key)
      await after(read())
      return structuredClone(record)
    },
    async set(key, record) {
      await after(1)
      store.set(key, structuredClone(record))
    },
    async delete(key) {
      await after(1)
      return store.delete(key)
    },
    async clear(prefix) {
      await after(1)
      for (const key of store.keys()) if (key.startsWith(prefix)) store.delete(key)
    },
  }
}

test("a read after an invalidation was received does not join the read of a version from before it", async () => {
  const clock = fakeClock()
  const bus = memoryBus()
  const store = new Map<string, unknown>()
  const a = new CacheWrapper({
    adapter: tiered({ near: memory(), far: slow(store, () => 150), bus }),
    ttl: "1h",
  })
  const b = new CacheWrapper({
    adapter: tiered({ near: memory(), far: slow(store, () => 1), bus }),
    ttl: "1h",
  })
  const written = Promise.all([b.set("k", "old"), b.set("j", "old")])
  await clock.advance(50)
  await written
  const first = a.get("k")
  await clock.advance(20)
  const over = b.invalidate()
  await clock.advance(10)
  await over
  const late = a.get("j")
  await clock.advance(1000)
  expect(await late).toBeUndefined()
  await first
})

test.each(["touch", "expire"] as const)(
  "a %s looks behind what a read brings that began before it",
  async (verb) => {
    const clock = fakeClock()
    const store = new Map<string, unknown>()
    let delay = 1
    const far = slow(store, () => delay)
    const options = { ttl: "1h", grace: "1h" } as const
    const a = new CacheWrapper({ adapter: tiered({ near: memory(), far }), ...options })
    const bare = new CacheWrapper({ adapter: far, ...options })
    const done = async <T>(work: Promise<T>): Promise<T> => {
      await clock.advance(20)
      return work
    }
    await done(bare.set("k", "old"))
    await done(a.ready())
    delay = 40
    const read = a.get("k")
    delay = 1
    await done(bare.set("k", "new"))
    delay = 30
    const changed = a[verb]("k")
    await clock.advance(200)
    await Promise.all([read, changed])
    delay = 1
    expect(await done(bare.get("k", { stale: true }))).toBe("new")
  },
)

test("what others change is seen maxAge after it was asked for, however long the answer took", async () => {
  const clock = fakeClock()
  const store = new Map<string, unknown>()
  let delay = 1
  const far = slow(store, () => delay)
  const a = new CacheWrapper({ adapter: tiered({ near: memory(), far, maxAge: 200 }), ttl: "1h" })
  const b = new CacheWrapper({ adapter: slow(store, () => 1), ttl: "1h" })
  const set = b.set("k", "old")
  await clock.advance(50)
  await set
  delay = 1000
  const first = a.get("k")
  await clock.advance(10)
  const changed = b.set("k", "new")
  await clock.advance(1040)
  await Promise.all([first, changed])
  delay = 1
  const seen = a.get("k")
  await clock.advance(50)
  expect(await seen).toBe("new")
})

test("a tier that was closed listens to the bus no more, whatever is still under way", async () => {
  const clock = fakeClock()
  const { bus, listeners } = heardBus()
  const adapter = tiered({ near: memory(), far: slow(new Map(), () => 1), bus })
  await Promise.all([adapter.set("k", { n: 1 }, 1000), clock.advance(5)])
  expect(listeners()).toBe(1)
  await adapter.close?.()
  const late = adapter.set("k", { n: 2 }, 1000)
  await settled(clock)
  await clock.advance(5)
  await late
  expect(listeners()).toBe(0)
})

test("many stale ones are looked for behind a near tier in one round trip", async () => {
  const clock = fakeClock()
  const far = fake("all abilities")
  const cache = new CacheWrapper({ adapter: far.handle(), near: true, ttl: 1000, grace: "1h", lease: false })
  const keys = ["a", "b", "c"]
  await cache.setMany(keys.map((key) => [key, "old"] as const))
  await clock.advance(1500)
  far.calls.length = 0
  const loaded = cache.getOrSetMany(keys, (missing) => missing.map(() => "new"))
  await clock.advance(10)
  expect(await loaded).toEqual(["new", "new", "new"])
  expect(far.calls.filter((call) => call.startsWith("get"))).toEqual(["getMany a,b,c"])
})
