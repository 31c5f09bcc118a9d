import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { memoryBus, tiered, upstashBus } from "../../src/tiers.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { fake } from "../support/fake.ts"
import { gate, unheard } from "../support/setup.ts"

/** A cache with copies that never age over a storage of which one call may be held up, and a look at the storage itself. */
function setup() {
  const clock = fakeClock()
  const inner = memory()
  let holds = (_verb: string, _key: string) => false
  let held = gate<void>()
  const late = async <T>(verb: string, key: string, answer: T): Promise<T> => {
    if (holds(verb, key)) {
      holds = () => false
      await held.promise
    }
    return answer
  }
  const far: Adapter = {
    name: "far",
    medium: "object",
    copy: "clone",
    get: (key) => late("get", key, inner.get(key)),
    set: (key, record, ttl) => late("set", key, inner.set(key, record, ttl)),
    delete: (key) => late("delete", key, inner.delete(key)),
    clear: (prefix) => inner.clear(prefix),
  }
  const adapter = tiered({ near: memory(), far, bus: memoryBus() })
  return {
    clock,
    cache: new CacheWrapper({ adapter, ttl: "1h" }),
    bare: new CacheWrapper({ adapter: far, ttl: "1h" }),
    /** The next such call is answered as of now, but only when the answer is called. */
    hold(verb: string, is: (key: string) => boolean): () => Promise<void> {
      held = gate()
      holds = (asked, key) => asked === verb && is(key)
      return async () => {
        held.pass()
        await clock.advance(10)
      }
    },
  }
}

describe.each([9, 11, 60])("an answer of the far tier that takes %s seconds", (seconds) => {
  test.each(["set", "delete"] as const)("is no copy of what a %s has replaced", async (verb) => {
    const { cache, bare, clock, hold } = setup()
    await bare.set("k", "old")
    const release = hold("get", (key) => key === "k")
    const read = cache.get("k")
    await clock.advance(seconds * 1000)
    expect(await read).toBeUndefined()
    if (verb === "set") await cache.set("k", "new")
    else await cache.delete("k")
    await release()
    expect(await cache.get("k")).toBe(verb === "set" ? "new" : undefined)
  })

  test("is no version of a tag that was invalidated since", async () => {
    const { cache, bare, clock, hold } = setup()
    await bare.set("k", "old", { tags: ["t"] })
    const release = hold("get", (key) => key.startsWith("#h") && key.endsWith("t"))
    const read = cache.get("k")
    await clock.advance(seconds * 1000)
    await read
    await cache.invalidateTags("t")
    await release()
    expect(await cache.get("k")).toBeUndefined()
  })

  test("is no word on what a later write has stored", async () => {
    const { cache, bare, clock, hold } = setup()
    const release = hold("set", (key) => key === "k")
    const first = cache.set("k", "first").catch(() => {})
    await clock.advance(seconds * 1000)
    await first
    await cache.set("k", "second")
    await release()
    expect(await cache.get("k")).toBe(await bare.get("k"))
  })
})

test.each(["set", "delete"] as const)(
  "a copy that arrives near late is none of what a %s has replaced",
  async (verb) => {
    const clock = fakeClock()
    const base = custom("object", "async")
    const late = gate<void>()
    const before = [late.promise]
    const near: Adapter = {
      ...base,
      async set(...entry) {
        await before.pop()
        return base.set(...entry)
      },
    }
    const far = custom("object", "async")
    const cache = new CacheWrapper({ adapter: tiered({ near, far }), storeTimeout: 100 })
    const first = expect(cache.set("k", "old")).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
    await clock.advance(100)
    await first
    if (verb === "set") await cache.set("k", "new")
    else await cache.delete("k")
    late.pass()
    await clock.advance(10)
    expect(await cache.get("k")).toBe(verb === "set" ? "new" : undefined)
  },
)

test("a clock that leaps forward lets no read outlive a write", async () => {
  const { cache, bare, clock, hold } = setup()
  await bare.set("k", "old")
  const release = hold("get", (key) => key === "k")
  const read = cache.get("k")
  await clock.advance(50)
  clock.jump(clock.now() + 30_000)
  await cache.set("k", "new")
  await release()
  await read
  expect(await cache.get("k")).toBe("new")
})

test("a version whose read hangs is read again by a later caller", async () => {
  const clock = fakeClock()
  const far = custom("object", "async")
  let isLost = false
  const get: Adapter["get"] = (key) => {
    if (!isLost || !key.startsWith("#")) return far.get(key)
    isLost = false
    return new Promise(() => {})
  }
  const cache = new CacheWrapper({ adapter: { ...far, get }, near: true, ttl: "1h" })
  await cache.set("k", "v")
  await clock.advance(10_000)
  isLost = true
  const lost = cache.get("k")
  await clock.advance(2000)
  expect(await lost).toBeUndefined()
  const found = cache.get("k")
  await clock.advance(0)
  expect(await found).toBe("v")
})

test.each([0, 100])("a version being read is read again by a caller after maxAge (%i ms)", async (maxAge) => {
  const clock = fakeClock()
  const far = custom("object", "async")
  let isSlow = false
  // Answered as of now, however late that comes.
  const get: Adapter["get"] = async (key) => {
    const wait = isSlow && key.startsWith("#") ? 900 : 0
    const record = await far.get(key)
    return wait > 0 ? clock.after(wait, record) : record
  }
  const cache = new CacheWrapper({ adapter: tiered({ near: memory(), far: { ...far, get }, maxAge }) })
  const other = new CacheWrapper({ adapter: far })
  await other.set("k", "old")
  await cache.ready()
  await clock.advance(1000)
  isSlow = true
  const first = cache.get("k")
  isSlow = false
  await other.invalidate()
  await clock.advance(500)
  const second = cache.get("k")
  await clock.advance(1000)
  expect(await second).toBeUndefined()
  expect(await first).toBe("old")
})

test.each(["touch", "expire"] as const)("a %s in a batch asks behind the near tier", async (verb) => {
  const storage = fake("four methods")
  const open = (near: boolean) => new CacheWrapper({ adapter: storage.handle(), near, grace: "1h" })
  const [one, other] = [open(true), open(true)]
  await one.set("k", "old")
  await other.set("k", "new")
  await one.batch<unknown>((batch) => batch[verb]("k"))
  expect(await open(false).get("k", { stale: true })).toBe("new")
})

test("a cache that has found no version may not overwrite another's", async () => {
  const storage = fake("four methods")
  const open = (near: boolean) => new CacheWrapper({ adapter: storage.handle(), near })
  const [near, other] = [open(true), open(false)]
  expect(await near.get("k")).toBeUndefined()
  await other.set("theirs", 1, { tags: ["t"] })
  await near.set("mine", 2, { tags: ["t"] })
  expect(await other.getMany(["theirs", "mine"])).toEqual([1, 2])
})

test("of many that are encoded, one refused at once leaves no rejection of another unheard", async () => {
  const rejections = unheard()
  const far: Adapter = { ...custom("text", "async"), setMany: async () => {} }
  const serializer = {
    name: "picky",
    stringify(value: unknown) {
      if (value === 0n) throw new Error("no")
      return value === 1n ? "\u20ac".repeat(30_000_000) : String(value)
    },
    parse: (text: string) => text,
  }
  const cache = new CacheWrapper({ adapter: far, near: true, compress: true, serializer })
  await cache.set("loaded", 2n)
  const written = cache.setMany([
    ["a", 1n],
    ["b", 0n],
  ])
  await expect(written).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" })
  expect(await rejections()).toEqual([])
})

describe("what a bus fails with disturbs nobody", () => {
  test("a publish that rejects is reported", async () => {
    const rejections = unheard()
    const told: unknown[] = []
    const down = new Error("down")
    const bus = { publish: () => Promise.reject(down) as never, subscribe: () => () => {} }
    const onTrouble = (error: unknown) => told.push(error)
    await tiered({ near: memory(), far: memory(), bus, onTrouble }).set("k", 1, 1000)
    expect(await rejections()).toEqual([])
    expect(told).toContain(down)
  })

  test("nor does an onTrouble that throws", async () => {
    const rejections = unheard()
    const client = {
      publish: () => Promise.reject(new Error("down")),
      subscribe: () => ({ on() {}, unsubscribe: async () => {} }),
    }
    const onTrouble = () => {
      throw new Error("a logger that fails")
    }
    const bus = upstashBus({ client: client as never, onTrouble })
    bus.publish({ isocache: 1, origin: "a", keys: [], prefixes: [] })
    await import("../../adapters/upstash/channel.ts")
    expect(await rejections()).toEqual([])
  })
})
