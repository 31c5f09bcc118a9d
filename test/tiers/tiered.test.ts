import { expect, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { delegate } from "../../src/proxies.ts"
import { broadcastBus, memoryBus, tiered } from "../../src/tiers.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { fake } from "../support/fake.ts"
import { gate } from "../support/setup.ts"

const hour = 3_600_000

/** A far tier of texts that counts its calls, and that others can write to. */
function counted(shelf: Shelf = new Map()): {
  readonly far: Adapter
  readonly calls: string[]
  readonly other: Adapter
} {
  const base = custom("text", "async", shelf)
  const calls: string[] = []
  const far = delegate(base, {
    get(key) {
      calls.push(`get ${key}`)
      return base.get(key)
    },
  })
  return { far, calls, other: base }
}

test("what was read once is answered by near, at once", async () => {
  const { far, calls, other } = counted()
  await tiered({ near: memory(), far: other }).set("k", { n: 1 }, hour)
  const tiers = tiered({ near: memory(), far })
  expect(tiers.peek?.("k")).toBeUndefined()
  expect(await tiers.get("k")).toEqual({ n: 1 })
  expect(tiers.get("k")).toEqual({ n: 1 })
  expect(tiers.peek?.("k")).toEqual({ n: 1 })
  expect(calls).toEqual(["get k"])
})

test("what another process wrote is seen after maxAge", async () => {
  const clock = fakeClock()
  const shelf: Shelf = new Map()
  const mine = tiered({ near: memory(), far: custom("text", "async", shelf) })
  const theirs = tiered({ near: memory(), far: custom("text", "async", shelf) })
  await mine.set("k", "old", hour)
  await theirs.set("k", "new", hour)
  await clock.advance(4999)
  expect(await mine.get("k")).toBe("old")
  await clock.advance(1)
  expect(await mine.get("k")).toBe("new")
})

test("what another process invalidated is gone after maxAge, although its entry lies near", async () => {
  const clock = fakeClock()
  const shelf: Shelf = new Map()
  const open = () => new CacheWrapper({ adapter: custom("text", "async", shelf), near: { maxAge: "1s" } })
  const [mine, theirs] = [open(), open()]
  await mine.set("k", 1, { tags: ["t"] })
  expect(await mine.get("k")).toBe(1)
  await theirs.invalidateTags("t")
  await clock.advance(1000)
  expect(await mine.get("k")).toBeUndefined()
})

test("a near copy gets no new life: it ends with its entry", async () => {
  const clock = fakeClock()
  const shelf: Shelf = new Map()
  const write = tiered({ near: memory(), far: custom("text", "async", shelf) })
  const read = new CacheWrapper({
    adapter: tiered({ near: memory(), far: custom("text", "async", shelf), maxAge: "1h" }),
  })
  await new CacheWrapper({ adapter: write }).set("k", 1, { ttl: "10s" })
  await clock.advance(9000)
  const entry = await read.getEntry("k")
  expect(entry && entry.freshUntil - Date.now()).toBe(1000)
  await clock.advance(1000)
  expect(await read.get("k")).toBeUndefined()
})

test("a read of far that began before a write does not bring the old value near", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  let wait = 0
  const far = delegate(base, {
    get: async (key) => (wait > 0 ? clock.after(wait, await base.get(key)) : base.get(key)),
  })
  await tiered({ near: memory(), far: base }).set("k", "old", hour)
  const tiers = tiered({ near: memory(), far })
  for (const change of [() => tiers.set("k", "new", hour), () => tiers.delete("k"), () => tiers.clear("")]) {
    await tiered({ near: memory(), far: base }).set("k", "old", hour)
    await clock.advance(5000)
    wait = 10
    const read = tiers.get("k")
    await clock.advance(5)
    await change()
    wait = 0
    await clock.advance(5)
    await read
    expect(await tiers.get("k")).not.toBe("old")
  }
})

test("while a write is under way, and when it fails, near has nothing of its key", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  let set: Adapter["set"] = (key, record, ttl) => base.set(key, record, ttl)
  const tiers = tiered({ near: memory(), far: delegate(base, { set: (...write) => set(...write) }) })
  await tiers.set("k", "old", hour)
  expect(tiers.peek?.("k")).toBe("old")
  set = () => clock.failAfter(10, new Error("down"))
  const failing = tiers.set("k", "new", hour)
  const outcome = expect(failing).rejects.toThrow("down")
  expect(tiers.peek?.("k")).toBeUndefined()
  expect(await tiers.get("k")).toBe("old")
  expect(tiers.peek?.("k")).toBeUndefined() // It may be outdated by the time the write has ended.
  await clock.advance(10)
  await outcome
  expect(tiers.peek?.("k")).toBeUndefined()
  expect(await tiers.get("k")).toBe("old")
  expect(tiers.peek?.("k")).toBe("old")
})

test("of two writes that cross, near takes neither's word", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  const waits = [20, 10]
  const far = delegate(base, {
    async set(key, record, ttl) {
      await clock.after(waits.shift() ?? 0, undefined)
      await base.set(key, record, ttl)
    },
  })
  const tiers = tiered({ near: memory(), far })
  const both = Promise.all([tiers.set("k", "first", hour), tiers.set("k", "second", hour)])
  await clock.advance(20)
  await both
  expect(await tiers.get("k")).toBe("first") // It came last.
})

test("a failing near tier harms nobody, and a copy it would not give up is not served", async () => {
  const near = memory()
  const trouble: unknown[] = []
  const down = (): never => {
    throw new Error("near is down")
  }
  const broken = delegate(near, { delete: down })
  const tiers = tiered({
    near: broken,
    far: custom("text", "async"),
    onTrouble: (error) => trouble.push(error),
  })
  await tiers.set("k", "old", hour)
  await tiers.get("k")
  await tiers.delete("k")
  expect(await tiers.get("k")).toBeUndefined()
  expect(trouble.length).toBeGreaterThan(0)
  const dead = tiered({
    near: delegate(near, { get: down, set: down, delete: down, clear: down }),
    far: custom("text", "sync"),
  })
  await dead.set("k", "v", hour)
  expect(await dead.get("k")).toBe("v")
  await dead.clear("")
  expect(await dead.get("k")).toBeUndefined()
})

test("a failing far tier degrades by policy, and recovers", async () => {
  const base = custom("text", "async")
  let isDown = false
  const guard = <T>(work: () => T): T | Promise<never> =>
    isDown ? Promise.reject(new Error("down")) : work()
  const far = delegate(base, {
    get: (key) => guard(() => base.get(key)),
    set: (key, record, ttl) => guard(() => base.set(key, record, ttl)),
    delete: (key) => guard(() => base.delete(key)),
  })
  const cache = new CacheWrapper({ adapter: far, near: { maxAge: "1h" } })
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event))
  await cache.set("k", 1)
  isDown = true
  expect(await cache.get("k")).toBe(1) // near
  expect(await cache.get("other")).toBeUndefined()
  expect(await cache.getOrSet("other", () => "loaded")).toBe("loaded")
  expect(errors.length).toBeGreaterThan(0)
  await expect(cache.set("k", 2)).rejects.toThrow("down")
  isDown = false
  expect(await cache.get("k")).toBe(1)
  await cache.set("k", 3)
  expect(await cache.get("k")).toBe(3)
})

test("near holds the object, far its record; three tiers compose", async () => {
  const shelf: Shelf = new Map()
  const middle = memory()
  const near = memory()
  const cache = new CacheWrapper({
    adapter: tiered({ near, far: tiered({ near: middle, far: custom("text", "async", shelf) }) }),
  })
  await cache.set("k", { when: new Date(0) })
  expect(typeof shelf.get("k")?.record).toBe("string")
  near.clear("")
  expect(await cache.get("k")).toEqual({ when: new Date(0) })
  middle.clear("")
  near.clear("")
  expect(await cache.get("k")).toEqual({ when: new Date(0) })
  const got = (await cache.get("k")) as { when: unknown }
  got.when = "changed"
  expect(await cache.get("k")).toEqual({ when: new Date(0) })
})

test("two tiers may be the near one", async () => {
  const storage = fake("four methods")
  const near = tiered({ near: memory(), far: custom("text", "async") })
  const cache = new CacheWrapper({ adapter: tiered({ near, far: storage.handle() }) })
  await cache.set("k", { when: new Date(0) })
  storage.calls.length = 0
  for (let at = 0; at < 2; at++) {
    const got = await cache.get<{ when: unknown }>("k")
    expect(got).toEqual({ when: new Date(0) })
    if (got) got.when = "changed"
  }
  expect(storage.calls).toEqual([])
  await cache.delete("k")
  expect(await cache.get("k")).toBeUndefined()
})

test.each(["text", "bytes", "object"] as const)(
  "what is done to a value that came near from %s does not reach the cache, whatever it is made of",
  async (medium) => {
    const shelf: Shelf = new Map()
    const open = () => new CacheWrapper({ adapter: custom(medium, "async", shelf), near: true })
    const make = () => ({
      when: new Date(0),
      url: new URL("https://example.org"),
      map: new Map([["k", { bytes: new Uint8Array(1) }]]),
    })
    await open().set("k", make())
    const cache = open()
    for (let at = 0; at < 4; at++) {
      const got = await cache.get<ReturnType<typeof make>>("k")
      expect(got).toEqual(make())
      got?.when.setTime(at)
      got?.map.get("k")?.bytes.fill(9)
      got?.map.set("more", { bytes: new Uint8Array(0) })
      if (got) got.url.host = "example.com"
    }
  },
)

test("a near tier that answers later is asked once for a hit", async () => {
  const base = custom("text", "async")
  let asked = 0
  const near = delegate(base, {
    get(key) {
      asked++
      return base.get(key)
    },
  })
  const cache = new CacheWrapper({ adapter: tiered({ near, far: custom("text", "async") }) })
  await cache.set("k", 1)
  await cache.get("k")
  asked = 0
  expect(await cache.get("k")).toBe(1)
  expect(asked).toBe(1)
})

test("a near tier that copies nothing never hands out the object of the far one", async () => {
  const far = memory()
  const cache = new CacheWrapper({ adapter: far, near: { copy: "none" } })
  const other = new CacheWrapper({ adapter: far })
  await other.set("k", { n: 1 })
  for (const read of [() => cache.get("k"), () => cache.getMany(["k"]), async () => cache.peek("k")]) {
    Object.assign(Object([await read()].flat()[0]), { n: 2 })
    expect(await other.get("k")).toEqual({ n: 1 })
  }
})

test("a near hit asks far nothing, its version tokens included", async () => {
  const { far, calls } = counted()
  const cache = new CacheWrapper({ adapter: far, near: true })
  await cache.set("k", { n: 1 }, { tags: ["t"] })
  await cache.get("k")
  calls.length = 0
  for (let at = 0; at < 10; at++) expect(await cache.get("k")).toEqual({ n: 1 })
  expect(cache.peek("k")).toEqual({ n: 1 })
  expect(calls).toEqual([])
})

test("a miss asks a far tier that answers at once once, and a write in the same turn is seen", async () => {
  const asked: string[] = []
  const base = custom("text", "sync")
  const far = delegate(base, {
    get(key) {
      asked.push(key)
      return base.get(key)
    },
  })
  const cache = new CacheWrapper({ adapter: far, near: { maxAge: "1h" } })
  await cache.set("warm", 1)
  for (let i = 0; i < 3; i++) expect(await cache.get("warm")).toBe(1)
  asked.length = 0
  expect(await cache.get("absent")).toBeUndefined()
  expect(asked).toEqual(["absent"])
  expect(cache.peek("absent")).toBeUndefined()
  const written = cache.set("absent", 2)
  expect(await cache.get("absent")).toBe(2)
  await written
})

test("what was absent a moment ago is asked for again once it is forgotten", async () => {
  const far = memory()
  const tiers = tiered({ near: memory(), far: delegate(far, { get: (key) => far.get(key) }) })
  await tiers.get("other")
  expect(tiers.peek?.("k")).toBeUndefined()
  await tiered({ near: memory(), far }).set("k", 1, hour)
  await tiers.forget?.(["k"])
  expect(await tiers.get("k")).toBe(1)
  const again = () => {
    expect(tiers.peek?.("l")).toBeUndefined()
    void tiered({ near: memory(), far }).set("l", 1, hour)
    void tiers.forget?.(["l"])
    return tiers.get("l")
  }
  expect(await again()).toBe(1)
})

test("tokens that are remembered for no time are read each time", async () => {
  const shelf: Shelf = new Map()
  const open = () => new CacheWrapper({ adapter: custom("text", "sync", shelf), near: { maxAge: 0 } })
  const [mine, theirs] = [open(), open()]
  await mine.set("k", 1)
  expect(await mine.get("k")).toBe(1)
  await theirs.invalidate()
  expect(await mine.get("k")).toBeUndefined()
})

test("a version token that has reached its age is read again, on the short way of a hit too", async () => {
  const clock = fakeClock()
  const shelf: Shelf = new Map()
  const open = () => new CacheWrapper({ adapter: custom("text", "sync", shelf), near: { maxAge: "1s" } })
  const [mine, theirs] = [open(), open()]
  await mine.set("k", 1)
  for (let i = 0; i < 3; i++) expect(await mine.get("k")).toBe(1)
  await theirs.invalidate()
  await clock.advance(999)
  expect(await mine.get("k")).toBe(1)
  await clock.advance(1)
  expect(await mine.get("k")).toBeUndefined()
})

test("what the caller does to a value while its write waits for another does not reach any tier", async () => {
  const shelf: Shelf = new Map()
  const cache = new CacheWrapper({ adapter: custom("text", "async", shelf), near: true })
  await cache.set("k", 0)
  const value = { list: [1] }
  const done = [cache.set("k", 1), cache.set("k", value)]
  value.list.push(2)
  await Promise.all(done)
  expect(await cache.get("k")).toEqual({ list: [1] })
  expect(await new CacheWrapper({ adapter: custom("text", "async", shelf) }).get("k")).toEqual({ list: [1] })
})

test("concurrent reads of one token share a read of far", async () => {
  const { far, calls } = counted()
  const tiers = tiered({ near: memory(), far })
  await Promise.all([tiers.get("#hx"), tiers.get("#hx"), Promise.resolve().then(() => tiers.get("#hx"))])
  expect(calls).toEqual(["get #hx"])
  expect(tiers.peek?.("#hx")).toBe("")
  expect(tiers.get("#hx")).toBeUndefined()
})

test("a bulk read waits for a version that another caller is reading, and has its value", async () => {
  const far = memory()
  far.set("#hx", "1.2.3", hour)
  const { promise, pass } = gate<void>()
  let reads = 0
  const get = async (key: string) => {
    reads++
    await promise
    return far.get(key)
  }
  const getMany = (keys: readonly string[]) => Promise.all(keys.map(get))
  const tiers = tiered({ near: memory(), far: delegate(far, { get, getMany }) })
  const one = tiers.get("#hx")
  const both = tiers.getMany?.(["#hx", "k"])
  pass()
  expect(await one).toBe("1.2.3")
  expect(await both).toEqual(["1.2.3", undefined])
  expect(reads).toBe(2)
})

test("who reads in bulk only hears what others write", async () => {
  fakeClock()
  const bus = memoryBus()
  const storage = fake("all abilities")
  const [here, there] = [1, 2].map(() => tiered({ near: memory(), far: storage.handle(), bus }))
  for (const record of ["old", "new"]) {
    await there?.set("k", record, hour)
    expect(await here?.getMany?.(["k"])).toEqual([record])
  }
})

test("junk in far is a miss, reported and removed", async () => {
  const shelf: Shelf = new Map()
  const cache = new CacheWrapper({ adapter: custom("text", "async", shelf), near: true })
  await cache.set("other", 1)
  shelf.set("k", { record: "junk", until: Infinity })
  await expect(cache.get("k", { required: true })).rejects.toMatchObject({
    code: "CACHE_MISS",
    reason: "corrupt",
  })
  expect(shelf.has("k")).toBe(false)
})

test.each(["that can", "that cannot"])(
  "prune drops what is past its life far and in a near tier %s",
  async (can) => {
    const clock = fakeClock()
    const [near, far] = [memory(), memory()]
    const kept = () => [...near.keys("")]
    const tiers = tiered({ near: can === "that can" ? near : { ...near, prune: undefined as never }, far })
    await tiers.set("short", 1, 1000)
    await tiers.set("long", 2, hour)
    await clock.advance(1000)
    expect(await tiers.prune?.(clock.now())).toBe(1)
    expect(kept()).toEqual(can === "that can" ? ["long"] : [])
    expect([await tiers.get("short"), await tiers.get("long")]).toEqual([undefined, 2])
  },
)

test("it has the abilities of far and its name, whatever near can", async () => {
  const bare = custom("text", "async")
  const few = tiered({ near: memory(), far: bare })
  for (const name of ["getMany", "setMany", "deleteMany", "add", "keys", "lock", "prune"]) {
    expect(name in few, name).toBe(false)
    expect(name in tiered({ near: bare, far: { ...memory(), lock: () => undefined } }), name).toBe(true)
  }
  expect(few.name).toBe(bare.name)
})

test("closing a cache ends its near tier, and leaves adapters that were passed in open", async () => {
  const close = vi.fn()
  const far = { ...custom("text", "async"), close }
  const near = { ...memory(), close }
  const cache = new CacheWrapper({ adapter: far, near })
  await cache.set("k", 1)
  await cache.close()
  expect(close).not.toHaveBeenCalled()
})

test("options that make no sense are refused at the call", () => {
  const far = memory()
  const wrong = (options: object) => () => tiered(options as Parameters<typeof tiered>[0]) // the types refuse them too
  for (const options of [{ far }, { near: far }, { near: far, far: {} }, { near: far, far, ttl: 1 }]) {
    expect(wrong(options)).toThrow(expect.objectContaining({ code: "ADAPTER_OPTIONS" }))
  }
  expect(wrong({ near: far, far, maxAge: "soon" })).toThrow(expect.objectContaining({ code: "TTL_INVALID" }))
  // @ts-expect-error no such bound
  expect(() => new CacheWrapper({ adapter: far, near: { maxEntrys: 1 } })).toThrow("maxEntrys")
})

test.each<[string, object]>([
  ["broadcastBus without its call", { bus: broadcastBus }],
  ["a bus of no methods", { bus: {} }],
  ["a bus that only speaks", { bus: { publish() {} } }],
  ["a number for a bus", { bus: 5 }],
  ["null for a bus", { bus: null }],
  ["the promise of a bus", { bus: Promise.resolve(memoryBus()) }],
  ["half a serializer", { serializer: { name: "half", stringify: String } }],
  ["null for compress", { compress: null }],
  ["a number for compress", { compress: 1 }],
  ["null for encrypt", { encrypt: null }],
  ["an array for encrypt", { encrypt: [] }],
  ["true for encrypt", { encrypt: true }],
])("%s is refused at the call", (_, options) => {
  const make = () => tiered({ near: memory(), far: memory(), ...options })
  const message = expect.stringContaining(`The option ${Object.keys(options)} of tiered() must be `)
  expect(make).toThrow(expect.objectContaining({ code: "ADAPTER_OPTIONS", message }))
})

test("a class serializer keeps its classes through near and far", async () => {
  class Point {
    x = 1
  }
  const serializer = {
    name: "points",
    keeps: (value: object) => value instanceof Point,
    stringify: (value: unknown) =>
      JSON.stringify(value, (_, part: unknown) => (part instanceof Point ? { point: part.x } : part)),
    parse: (text: string): unknown =>
      JSON.parse(text, (_, part) => (part?.point ? Object.assign(new Point(), { x: part.point }) : part)),
  }
  const shelf: Shelf = new Map()
  const open = () => new CacheWrapper({ adapter: custom("text", "async", shelf), near: true, serializer })
  const cache = open()
  await cache.set("k", { at: Object.assign(new Point(), { x: 2 }) })
  expect(await cache.get("k")).toEqual({ at: { x: 2 } })
  const got = (await open().get("k")) as { at: unknown }
  expect(got.at).toBeInstanceOf(Point)
})

test("an onTrouble that throws or rejects makes a miss of no read", async () => {
  const onTrouble = () => {
    throw new Error("a listener's own")
  }
  const near = delegate(memory(), {
    get: () => {
      throw new Error("near is down")
    },
    set: () => {
      throw new Error("near is down")
    },
  })
  const cache = new CacheWrapper({ adapter: tiered({ near, far: custom("text", "async"), onTrouble }) })
  await cache.set("k", 1)
  expect(await cache.get("k")).toBe(1)
  const shelf: Shelf = new Map()
  const encrypt = (id: string) => ({ keys: [{ id, key: new Uint8Array(32).fill(7) }] })
  await tiered({ near: memory(), far: custom("text", "async", shelf), encrypt: encrypt("old") }).set(
    "k",
    1,
    hour,
  )
  const other = tiered({
    near: memory(),
    far: custom("text", "async", shelf),
    encrypt: encrypt("new"),
    onTrouble,
  })
  // Junk is handed on as it is.
  expect(await other.get("k")).toEqual(expect.stringMatching(/^i1/))
})

test.each(["object", "text"] as const)(
  "a clock set back does not stretch a near copy's life, in a near tier of %s",
  async (medium) => {
    const clock = fakeClock()
    const shelf: Shelf = new Map()
    const near = medium === "object" ? memory() : custom(medium)
    const mine = tiered({ near, far: custom("text", "async", shelf), maxAge: "5s" })
    await mine.set("k", "old", Infinity)
    await tiered({ near: memory(), far: custom("text", "async", shelf) }).set("k", "new", Infinity)
    expect(await mine.get("k")).toBe("old")
    clock.jump(clock.now() - hour)
    expect(mine.peek?.("k")).toBeUndefined()
    expect(await mine.get("k")).toBe("new")
    expect(mine.peek?.("k")).toBe("new")
  },
)

test("a clock set back does not stretch what is remembered of a version token", async () => {
  const clock = fakeClock()
  const shelf: Shelf = new Map()
  const mine = tiered({ near: memory(), far: custom("text", "async", shelf), maxAge: "5s" })
  const theirs = custom("text", "async", shelf)
  await theirs.set("#t", "one", Infinity)
  expect(await mine.get("#t")).toBe("one")
  const before = mine.tokenChanges?.()
  await theirs.set("#t", "two", Infinity)
  clock.jump(clock.now() - hour)
  expect(mine.tokenChanges?.()).not.toBe(before)
  expect(await mine.get("#t")).toBe("two")
  const after = mine.tokenChanges?.()
  expect(mine.tokenChanges?.()).toBe(after)
})
