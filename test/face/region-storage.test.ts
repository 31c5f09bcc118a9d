import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type Adapter, type AdapterEvent, CacheWrapper, registerAlias } from "../../src/index.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { fake } from "../support/fake.ts"
import { gate } from "../support/setup.ts"

test("a region has an adapter of its own, by object", async () => {
  const cache = new CacheWrapper()
  const own = memory()
  const region = cache.region("r", { adapter: own })
  await region.set("a", 1)
  await region.region("inner").set("b", 2)
  await cache.set("a", 3)
  expect(own.keys("").filter((key) => !key.startsWith("#")).length).toBe(2)
  expect(await cache.get("a")).toBe(3)
  expect(await region.get("a")).toBe(1)
})

test("a region has an adapter of its own, by alias with arguments, closed with the cache", async () => {
  let closed = 0
  const made: unknown[] = []
  registerAlias("counting", (options: object) => {
    made.push(options)
    return { ...memory(), close: () => void closed++ }
  })
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: "counting", arguments: { x: 1 } })
  expect(made).toEqual([])
  await region.set("a", 1)
  expect(await region.get("a")).toBe(1)
  expect(made).toEqual([{ x: 1 }])
  await cache.close()
  expect(closed).toBe(1)
})

test("an adapter object of a region stays open when the cache closes", async () => {
  let closed = 0
  const cache = new CacheWrapper()
  await cache.region("r", { adapter: { ...memory(), close: () => void closed++ } }).set("a", 1)
  await cache.close()
  expect(closed).toBe(0)
  await expect(cache.region("r").get("a")).rejects.toMatchObject({ code: "CLOSED" })
})

test("a region's own adapter stays when the cache swaps its own", async () => {
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: memory() })
  await region.set("a", 1)
  cache.use(memory())
  expect(await region.get("a")).toBe(1)
})

test("clear, invalidate, tags and prune reach into regions with adapters of their own", async () => {
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: memory() })
  const inner = region.region("inner", { adapter: memory() })
  const fill = async () => {
    for (const place of [cache, region, inner]) await place.set("a", 1, { tags: ["t"], grace: "1h" })
  }
  const there = () => Promise.all([cache, region, inner].map((place) => place.has("a")))
  await fill()
  await cache.invalidateTags("t")
  expect(await there()).toEqual([false, false, false])
  await fill()
  await inner.invalidateTags("t")
  expect(await there()).toEqual([false, false, false])
  await fill()
  await region.invalidate()
  expect(await there()).toEqual([true, false, false])
  await fill()
  await region.clear()
  expect(await there()).toEqual([true, false, false])
  await fill()
  await cache.clear()
  expect(await there()).toEqual([false, false, false])
})

test("what is written after an invalidation or a clear stays, also in regions with near tiers of their own", async () => {
  const clock = fakeClock()
  const ends: readonly ((cache: CacheWrapper) => Promise<void>)[] = [
    (cache) => cache.invalidateTags("t"),
    (cache) => cache.invalidateTags("t", { mode: "soft" }),
    (cache) => cache.invalidate(),
    (cache) => cache.invalidate({ mode: "soft" }),
    (cache) => cache.clear(),
  ]
  for (const end of ends) {
    const cache = new CacheWrapper({ adapter: memory() })
    const places = [cache, cache.region("r", { near: true }), cache.region("s", { near: true })]
    for (const place of places) await place.set("a", "before", { tags: ["t"] })
    await end(cache)
    for (const place of places) await place.set("a", "after", { tags: ["t"] })
    // By then the near tiers ask anew which versions are in force.
    await clock.advance(6000)
    for (const place of places) expect(await place.get("a"), String(end)).toBe("after")
  }
})

test("options that replace keep the data of the region's own storage", async () => {
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: "memory", arguments: { maxEntries: 5 }, ttl: "1h" })
  await region.set("a", 1)
  cache.region("r", { adapter: "memory", arguments: { maxEntries: 5 }, ttl: "2h", replace: true })
  expect(await region.get("a")).toBe(1)
})

test("an explicit undefined in a region's storage options means unset", async () => {
  const cache = new CacheWrapper({ adapter: fake("all abilities").handle(), compress: true })
  const region = cache.region("r", {
    adapter: undefined,
    arguments: undefined,
    compress: undefined,
    near: true,
  })
  await region.set("a", 1)
  expect(await region.get("a")).toBe(1)
  expect(region.peek("a")).toBe(1)
})

test("a region has codecs of its own on its cache's adapter", async () => {
  const shelf = new Map()
  const cache = new CacheWrapper({ adapter: custom("text", "sync", shelf) })
  const key = new Uint8Array(32).fill(7)
  const secret = cache.region("secret", { encrypt: { keys: [{ id: "1", key }] } })
  await secret.set("a", "plain as day")
  await cache.set("a", "plain as day")
  const records = [...shelf].filter(([name]) => !name.startsWith("#")).map(([, kept]) => String(kept.record))
  expect(records.filter((record) => record.includes("plain as day")).length).toBe(1)
  expect(await secret.get("a")).toBe("plain as day")
  const upper = cache.region("upper", {
    serializer: {
      name: "upper",
      stringify: (value) => JSON.stringify([String(value)]),
      parse: (text) => JSON.parse(text)[0],
    },
  })
  await upper.set("a", new Date(0))
  expect(await upper.get("a")).toBe(String(new Date(0)))
})

test("reads of a region whose adapter cannot open are misses, writes say why", async () => {
  const cache = new CacheWrapper()
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event.error))
  registerAlias("broken", () => Promise.reject(new Error("no disk")))
  const region = cache.region("r", { adapter: "broken" })
  expect(await region.get("a")).toBeUndefined()
  expect(await region.getOrSet("a", () => 1)).toBe(1)
  await expect(region.set("a", 1)).rejects.toThrow("no disk")
  expect(errors.length).toBeGreaterThan(0)
  expect(await cache.getOrSet("a", () => 2)).toBe(2)
})

test("use() closes what an alias had opened for a region as well", async () => {
  let closed = 0
  registerAlias("closing for regions", () => ({ ...memory(), close: () => void closed++ }))
  const cache = new CacheWrapper({ adapter: "closing for regions" })
  await cache.set("a", 1)
  await cache.region("r", { compress: true }).set("a", 1)
  await cache.region("s").region("inner", { near: true }).set("a", 1)
  cache.use(memory())
  await expect.poll(() => closed).toBe(3)
})

test("a storage that was swapped out is not kept in memory", async () => {
  const cache = new CacheWrapper({ adapter: "memory" })
  await cache.set("a", 1)
  await cache.get("a")
  const old = new WeakRef(cache.adapter)
  cache.use(custom("text"))
  await cache.set("a", 2)
  expect(await cache.get("a")).toBe(2)
  await expect.poll(() => collected(old)).toBe(true)
})

/** Whether what `ref` refers to is gone once garbage has been collected. */
function collected(ref: WeakRef<object>): boolean {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  return ref.deref() === undefined
}

test("an error of a region's own adapter is reported with its name, to its own onError", async () => {
  const heard: unknown[] = []
  const onError = (name: string) => (error: unknown) => void heard.push([name, String(error)])
  let tell: (event: AdapterEvent) => void = () => {}
  const adapter: Adapter = {
    ...memory(),
    observe: (listener) => {
      tell = listener
      return () => {}
    },
  }
  const cache = new CacheWrapper({ onError: onError("cache") })
  const region = cache.region("r", { adapter, onError: onError("region") })
  const events: unknown[] = []
  cache.on("error", (event) => events.push([event.region, event.key]))
  await region.set("k", 1)
  tell({ type: "error", error: new Error("one") })
  tell({ type: "error", error: new Error("two"), key: ":r::k" })
  expect(heard).toEqual([
    ["region", "Error: one"],
    ["region", "Error: two"],
  ])
  expect(events).toEqual([
    ["r", ""],
    ["r", "k"],
  ])
})

test("a load that began before its region's codec was replaced does not write over what came after", async () => {
  const cache = new CacheWrapper({ adapter: custom("text") })
  const region = cache.region("r")
  const load = gate<number>()
  const first = region.getOrSet("k", () => load.promise)
  await region.get("other")
  cache.region("r", { compress: true })
  expect(await region.getOrSet("k", () => 2)).toBe(2)
  load.pass(1)
  expect(await first).toBe(1)
  expect(await region.get("k")).toBe(2)
})

test("nor does one that began before use() of the same adapter, in a region with a codec of its own", async () => {
  const adapter = memory()
  const cache = new CacheWrapper({ adapter })
  const region = cache.region("r", { compress: true })
  const { promise, pass } = gate()
  const slow = region.getOrSet("k", () => promise)
  await region.get("k")
  cache.use(adapter)
  expect(await region.getOrSet("k", () => "new")).toBe("new")
  pass("old")
  expect(await slow).toBe("old")
  expect(await region.get("k")).toBe("new")
})

test("an adapter that is like the one it replaces takes its place", async () => {
  interface Held extends Adapter {
    readonly held: Record<string, unknown>
    readonly self?: Adapter
  }
  const methods: Omit<Held, "held"> & ThisType<Held> = {
    name: "plain",
    medium: "text",
    get(key) {
      return this.held[key]
    },
    set(key, record) {
      this.held[key] = record
    },
    delete(key) {
      return delete this.held[key]
    },
    clear() {},
  }
  const [one, other]: Held[] = [1, 2].map(() => {
    const made: { -readonly [N in keyof Held]: Held[N] } = { ...methods, held: {} }
    made.self = made
    return made
  })
  const cache = new CacheWrapper()
  const region = cache.region("r", { adapter: one })
  cache.region("r", { adapter: other, replace: true })
  await region.set("a", 1)
  expect(Object.keys(other?.held ?? {}).length).toBeGreaterThan(0)
  expect(one?.held).toEqual({})
})
