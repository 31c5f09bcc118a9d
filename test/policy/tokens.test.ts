import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { sqlite } from "../../adapters/sqlite.ts"
import { maxTokensOf } from "../../src/adapter.ts"
import { type Adapter, CacheWrapper, type Region, registerAlias } from "../../src/index.ts"
import { Versions } from "../../src/policy/versions.ts"
import { readOnly } from "../../src/proxies.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { lateKinds } from "../support/fake.ts"
import { held } from "../support/garbage.ts"
import { settled, setup } from "../support/setup.ts"

const bounded = {
  memory: (maxEntries: number) => memory({ maxEntries }),
  sqlite: (maxEntries: number) => sqlite({ path: ":memory:", maxEntries }),
}

test.each(Object.entries(bounded))(
  "%s: versions take no room from entries, however many tags there are",
  async (_, make) => {
    for (const max of [1, 10, 2000]) {
      const adapter = make(max)
      const region = new CacheWrapper({ adapter }).region("outer").region("inner")
      const keys = Array.from({ length: max }, (_, at) => `k${at}`)
      for (const key of keys) await region.set(key, 1, { tags: [`own ${key}`, `other ${key}`, "all"] })
      expect((await region.getMany(keys)).filter((value) => value === 1)).toHaveLength(max)
      await adapter.close?.()
    }
  },
)

test("the bound of tokens is ten times that of entries, and never small", () => {
  expect([1, 10_000, 1_000_000].map(maxTokensOf)).toEqual([100_000, 100_000, 10_000_000])
})

test("a version whose creation hangs is forgotten ten seconds later, when another is created", async () => {
  const clock = fakeClock()
  const versions = new Versions({ ...memory(), add: () => new Promise(() => {}) })
  const make = (key: string) => new WeakRef(Promise.resolve(versions.create(key)))
  const made = ["a", "b", "c"].map(make)
  await clock.advance(9_999)
  make("d")
  expect(await held(made)).toBe(3)
  await clock.advance(1)
  make("e")
  expect(await held(made)).toBe(0)
})

test("two caches that create the first versions of a storage without add at once keep what both store", async () => {
  const shelf: Shelf = new Map()
  const [one, other] = [0, 1].map(() => new CacheWrapper({ adapter: custom("text", "async", shelf) }))
  await Promise.all([one?.set("a", 1, { tags: ["t"] }), other?.set("b", 2, { tags: ["t"] })])
  expect(await Promise.all([one?.getMany(["a", "b"]), other?.getMany(["a", "b"])])).toEqual([
    [1, 2],
    [1, 2],
  ])
})

test("a set after a clear is kept, although the storage is slow to say that it had created a version before", async () => {
  const { clock, storage } = await setup("all abilities")
  const handle = storage.handle()
  const add: Adapter["add"] = async (...entry) => clock.after(50, (await handle.add?.(...entry)) ?? false)
  const slow = { ...handle, add }
  registerAlias("slow to create", () => slow)
  const ways: readonly (readonly [adapter: Adapter | "slow to create", isBatch: boolean])[] = [
    [slow, false],
    [slow, true],
    ["slow to create", false],
  ]
  for (const [adapter, isBatch] of ways) {
    storage.shelf.clear()
    const cache = new CacheWrapper({ adapter })
    await cache.batch(() => {}) // Its code is loaded in real time.
    const load = cache.getOrSet("k", () => "loaded")
    await clock.advance(1)
    const cleared = isBatch ? cache.batch((b) => b.clear()) : cache.clear()
    const done = cleared.then(() => cache.set("k", "set"))
    await clock.advance(1000)
    await done
    expect(await load).toBe("loaded")
    expect(await cache.get("k")).toBe("set")
  }
})

test("an invalidation, or a set after one, does not fail with a version that was being created", async () => {
  const { clock, storage, another } = await setup("all abilities")
  const handle = storage.handle()
  for (const write of [
    (cache: Region) => cache.invalidate(),
    async (cache: Region) => {
      await cache.invalidateTags("t")
      await cache.set("k", 1)
    },
  ]) {
    storage.shelf.clear()
    let adds = 0
    const add: Adapter["add"] = (...entry) =>
      adds++ === 0 ? clock.failAfter(50, new Error("add failed")) : (handle.add?.(...entry) ?? false)
    const cache = another({ adapter: { ...handle, add } })
    const load = cache.getOrSet("j", () => "loaded")
    await clock.advance(1)
    const written = write(cache).then(() => "done")
    await clock.advance(1000)
    expect([await written, await load]).toEqual(["done", "loaded"])
  }
})

test("a storage that is read only stores no version either, and says nothing of it", async () => {
  const cache = new CacheWrapper({ adapter: readOnly(memory()) })
  const region = cache.region("r")
  expect(await cache.getOrSet("a", () => 1)).toBe(1)
  expect(await region.getOrSet("a", () => 1, { tags: ["t"] })).toBe(1)
  expect(await cache.getOrSetMany(["b", "c"], (missing) => missing)).toEqual(["b", "c"])
  expect(cache.metrics().errors).toBe(0)
})

test.each(lateKinds)(
  "%s: a touch beside a soft invalidation brings nothing back that has no grace",
  async (kind) => {
    for (let lead = 0; lead < 20; lead++) {
      for (const isTouchFirst of [true, false]) {
        const { cache, clock, storage } = await setup(kind)
        storage.fault = (verb) => (verb.startsWith("set") ? 3 : 5)
        const wait = async (work: Promise<unknown>) => {
          let isOver = false
          const over = () => {
            isOver = true
          }
          work.then(over, over)
          while (!isOver) await clock.advance(1)
          return work
        }
        await wait(cache.set("k", "v", { ttl: "1h" }))
        const touch = () => cache.touch("k")
        const soften = () => cache.invalidate({ mode: "soft" })
        const first = isTouchFirst ? touch() : soften()
        await clock.advance(lead)
        await settled(clock)
        const second = isTouchFirst ? soften() : touch()
        await wait(Promise.all([first, second]))
        expect(await wait(cache.get("k")), `${lead} ms apart, touch first: ${isTouchFirst}`).toBeUndefined()
      }
    }
  },
)

test("junk that throws when it is looked at is a miss of its own, and is removed", async () => {
  const shelf = new Map<string, unknown>()
  const adapter: Adapter = {
    name: "map",
    medium: "object",
    get: async (key) => shelf.get(key),
    set: async (key, record) => void shelf.set(key, record),
    delete: async (key) => shelf.delete(key),
    clear: async () => shelf.clear(),
    getMany: async (keys) => keys.map((key) => shelf.get(key)),
  }
  const cache = new CacheWrapper({ adapter })
  await cache.set("good", 1)
  const throws = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no")
      },
    },
  )
  const odd = {
    format: 1,
    value: 1,
    createdAt: 1,
    freshUntil: 1e15,
    ttl: 1,
    grace: 1,
    took: 1,
    tags: [1],
    marks: [{}],
  }
  for (const record of [throws, odd]) {
    shelf.set("bad", record)
    expect(await cache.getMany(["good", "bad"])).toEqual([1, undefined])
    expect(shelf.has("bad")).toBe(false)
  }
})
