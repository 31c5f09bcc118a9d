import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper as CoreWrapper } from "../../src/core.ts"
import { type Adapter, type CacheEvent, CacheWrapper, registerAlias } from "../../src/index.ts"
import { custom } from "../support/adapters.ts"
import { fake, kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

const coded = (code: string) => expect.objectContaining({ code })

describe("use", () => {
  test("swaps the storage at once and answers the cache itself", async () => {
    const cache = new CacheWrapper()
    await cache.set("a", 1)
    const other = memory()
    expect(cache.use(other)).toBe(cache)
    expect(cache.adapter).toBe(other)
    expect(await cache.get("a")).toBeUndefined()
    await cache.set("a", 2)
    expect(await new CacheWrapper({ adapter: other }).get("a")).toBe(2)
  })

  test("opens an alias on first use and not before, once for all callers", async () => {
    const asked: unknown[] = []
    registerAlias("slow", async (options: object) => {
      asked.push(options)
      await undefined
      return memory()
    })
    const cache = new CacheWrapper().use("slow", { x: 1 })
    expect(asked).toEqual([])
    expect(cache.adapter.name).toBe("slow")
    await Promise.all([cache.set("a", 1), cache.get("b"), cache.getMany(["c"]), cache.getOrSet("d", 1)])
    expect(asked).toEqual([{ x: 1 }])
    expect(cache.adapter.name).toBe("memory")
  })

  test("an alias that failed to open is tried again", async () => {
    let tries = 0
    registerAlias("flaky", async () => {
      if (++tries === 1) throw new Error("not yet")
      return memory()
    })
    const cache = new CacheWrapper().use("flaky")
    await expect(cache.set("a", 1)).rejects.toThrow("not yet")
    await cache.set("a", 1)
    expect(await cache.get("a")).toBe(1)
  })

  test("calls in progress finish on the old one, which is closed if an alias opened it", async () => {
    const closed: string[] = []
    const { promise, pass } = gate()
    registerAlias("closing", async () => ({ ...memory(), close: () => void closed.push("alias") }))
    const cache = new CacheWrapper().use("closing")
    await cache.ready()
    const loading = cache.getOrSet("a", () => promise)
    cache.use({ ...memory(), close: () => void closed.push("object") })
    await Promise.resolve()
    expect(closed).toEqual([])
    pass("x")
    expect(await loading).toBe("x")
    expect(await cache.get("a")).toBeUndefined()
    await expect.poll(() => closed).toEqual(["alias"])
    cache.use("memory")
    await cache.set("a", 1)
    expect(closed).toEqual(["alias"])
  })

  test("a listing in progress ends on the old one, which is closed after it", async () => {
    const closed: string[] = []
    registerAlias("listed", ({ name }: { name: string }) => {
      const inner = memory()
      const getMany: Adapter["getMany"] = (keys) => {
        if (closed.includes(name)) throw new Error("It is closed.")
        return inner.getMany(keys)
      }
      return { ...inner, getMany, close: () => void closed.push(name) }
    })
    const cache = new CacheWrapper().use("listed", { name: "old" })
    await cache.setMany(Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`k${at}`, at])))
    let count = 0
    for await (const _ of cache.keys()) if (++count === 150) cache.use("listed", { name: "new" })
    expect(count).toBe(250)
    await expect.poll(() => closed).toEqual(["old"])
    // One that nobody ends holds back no close.
    await cache.setMany({ a: 1, b: 2 })
    await cache.keys().next()
    await cache.close()
    expect(closed).toEqual(["old", "new"])
  })

  test("refuses what it does not know, lists the known, and leaves the storage as it is", async () => {
    const cache = new CacheWrapper()
    await cache.set("a", 1)
    expect(() => cache.use("redis")).toThrow(coded("ADAPTER_UNKNOWN"))
    expect(() => cache.use("redis")).toThrow(/Known: .*memory.*indexeddb.*kv.*upstash.*sqlite.*none/)
    expect(() => cache.use("memory", { maxEntires: 5 } as object)).toThrow(coded("ADAPTER_OPTIONS"))
    expect(() => cache.use("memory", { maxEntires: 5 } as object)).toThrow(
      /"maxEntires".*Known: .*maxEntries/,
    )
    expect(() => cache.use("none", { x: 1 } as object)).toThrow("takes none")
    expect(() => cache.use(memory(), { maxEntries: 5 } as object)).toThrow(coded("ADAPTER_OPTIONS"))
    for (const wrong of [{}, { get() {} }, { ...memory(), medium: "paper" }, 5, null, () => {}]) {
      expect(() => cache.use(wrong as never)).toThrow(coded("ADAPTER_OPTIONS"))
    }
    expect(() => cache.use(undefined as never)).toThrow(coded("ADAPTER_UNKNOWN"))
    expect(await cache.get("a")).toBe(1)
  })

  test("an explicit undefined among its options means unset", async () => {
    const cache = new CacheWrapper().use("memory", {
      maxEntries: undefined,
      near: undefined,
      compress: undefined,
    })
    await cache.set("a", 1)
    expect(await cache.get("a")).toBe(1)
  })
})

describe("the adapter", () => {
  test("stands in under its name until it is open, and works in the meantime", async () => {
    const cache = new CacheWrapper({ adapter: "memory" })
    const standIn = cache.adapter
    await standIn.set("k", "raw", 1000)
    expect(await standIn.get("k")).toBe("raw")
    expect(await standIn.delete("k")).toBe(true)
    await standIn.clear("")
    expect(cache.adapter.name).toBe("memory")
  })

  test("of isocache/core is an object; there are no aliases", async () => {
    expect(() => new CoreWrapper({ adapter: "memory" })).toThrow(coded("ADAPTER_UNKNOWN"))
    const bare = new CoreWrapper()
    expect(await bare.get("a")).toBeUndefined()
    expect(await bare.getOrSet("a", () => 1)).toBe(1)
    await expect(bare.set("a", 1)).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    await expect(bare.ready()).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(await bare.use(memory()).getOrSet("a", () => 2)).toBe(2)
  })
})

describe("ready", () => {
  test("opens the storage and answers the cache", async () => {
    const cache = new CacheWrapper()
    expect(await cache.ready()).toBe(cache)
  })

  test.each(kinds)("rejects when the storage does not answer: %s", async (kind) => {
    const storage = fake(kind)
    storage.fault = () => "reject"
    const cache = new CacheWrapper({ adapter: storage.handle() })
    await expect(cache.ready()).rejects.toThrow()
  })

  test("an adapter that cannot open rejects ready and writes, not reads", async () => {
    const cache = new CacheWrapper({
      adapter: { ...memory(), open: () => Promise.reject(new Error("locked")) },
    })
    let errors = 0
    cache.on("error", () => errors++)
    await expect(cache.ready()).rejects.toThrow("locked")
    await expect(cache.set("a", 1)).rejects.toThrow("locked")
    expect(await cache.get("a")).toBeUndefined()
    expect(await cache.getOrSet("a", () => 1)).toBe(1)
    expect(errors).toBeGreaterThan(0)
  })
})

describe("close", () => {
  test("makes every verb reject, is idempotent, and works by await using", async () => {
    let cache: CacheWrapper
    {
      await using own = new CacheWrapper()
      await own.set("a", 1)
      cache = own
    }
    await cache.close()
    await cache[Symbol.asyncDispose]()
    const region = cache.region("r")
    const early = cache.region("early", { generate: (id: number) => id })
    const f = cache.memoize(() => 1, { name: "f" })
    for (const place of [cache, region]) {
      const all = [
        () => place.get("a"),
        () => place.getEntry("a"),
        () => place.has("a"),
        () => place.getMany(["a"]),
        () => place.getMany([]),
        () => place.set("a", 1),
        () => place.setMany({ a: 1 }),
        () => place.setMany({}),
        () => place.getOrSet("a", 1),
        () => place.getOrSetMany(["a"], () => [1]),
        () => place.touch("a"),
        () => place.delete("a"),
        () => place.delete(),
        () => place.expire("a"),
        () => place.invalidateTags("t"),
        () => place.invalidate(),
        () => place.clear(),
        () => place.keys().next(),
        () => place.prune(),
        () => place.batch(() => 1),
        () => cache.ready(),
        () => early.get(1),
        () => f(),
        () => f.delete(),
      ]
      for (const verb of all) await expect(verb(), String(verb)).rejects.toMatchObject({ code: "CLOSED" })
      expect(() => place.peek("a")).toThrow(coded("CLOSED"))
    }
    expect(() => cache.use("memory")).toThrow(coded("CLOSED"))
    expect(cache.metrics().hits).toBe(0)
  })

  test("closes what an alias opened and never an object that was passed in", async () => {
    const closed: string[] = []
    registerAlias("mine", () => ({ ...memory(), close: () => void closed.push("alias") }))
    const one = new CacheWrapper({ adapter: "mine" })
    const other = new CacheWrapper({ adapter: { ...memory(), close: () => void closed.push("object") } })
    await Promise.all([one.set("a", 1), other.set("a", 1)])
    await Promise.all([one.close(), one.close(), other.close()])
    expect(closed).toEqual(["alias"])
  })

  test("one that was never opened opens nothing", async () => {
    registerAlias("untouched", () => expect.unreachable())
    await new CacheWrapper({ adapter: "untouched" }).close()
  })

  test("loads in progress bring their callers the value and store nothing", async () => {
    const { cache, storage } = await setup("all abilities")
    const { promise, pass } = gate()
    const loading = cache.getOrSet("a", () => promise, { lease: false })
    await cache.get("b")
    const closing = cache.close()
    pass("x")
    expect(await loading).toBe("x")
    await closing
    expect(storage.calls.filter((call) => call.startsWith("set"))).toEqual([])
  })

  test("a caller from before the close that loads after it gets the value, and nothing is stored", async () => {
    const { cache, storage, clock } = await setup("all abilities")
    await cache.set("a", "stored")
    await clock.advance(10)
    storage.calls.length = 0
    const leading = cache.getOrSet("a", () => "not called")
    const stricter = cache.getOrSet("a", () => "loaded", { maxAge: 5 })
    const closing = cache.close()
    expect(await leading).toBe("stored")
    expect(await stricter).toBe("loaded")
    await closing
    expect(storage.calls.filter((call) => call.startsWith("set"))).toEqual([])
  })
})

describe("bind", () => {
  test("hands what goes on behind a caller to the request, and leaves the cache as it is", async () => {
    const { cache, clock } = await setup("memory")
    const given: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (work) => void given.push(work) })
    expect(bound).not.toBe(cache)
    expect(bound).toBeInstanceOf(CoreWrapper)
    await cache.getOrSet("a", () => "old", { ttl: 10, grace: "1h" })
    expect(given.length).toBe(0)
    await clock.advance(10)
    expect(await bound.getOrSet("a", () => "new", { softTimeout: 0 })).toBe("old")
    expect(given.length).toBeGreaterThan(0)
    await Promise.all(given)
    expect(await cache.get("a")).toBe("new")
    await bound.region("r").getOrSet("b", () => 1)
    expect(await cache.region("r").get("b")).toBe(1)
  })

  test("what comes to bad ends behind a caller rejects nobody", async () => {
    const { cache, clock } = await setup("memory")
    const given: Promise<unknown>[] = []
    const bound = cache.bind({ waitUntil: (work) => void given.push(work) })
    await bound.set("a", "old", { ttl: 10, grace: "1h" })
    await clock.advance(10)
    expect(await bound.getOrSet("a", () => Promise.reject(new Error("down")), { softTimeout: 0 })).toBe("old")
    await Promise.all(given)
  })

  test("takes the context of a request and nothing else", async () => {
    const { cache } = await setup("memory")
    for (const wrong of [undefined, null, {}, { waitUntil: 5 }]) {
      expect(() => cache.bind(wrong as never)).toThrow(coded("OPTION_INVALID"))
    }
  })
})

describe("events and metrics", () => {
  test("tell what happens, by type or all, until switched off", async () => {
    const { cache, clock } = await setup("memory")
    const seen: CacheEvent[] = []
    const misses: string[] = []
    const off = cache.on("*", (event) => seen.push(event))
    cache.on("miss", ({ key, reason }) => misses.push(`${key} ${reason}`))
    await cache.get("a")
    await cache.region("r").getOrSet("b", () => 1)
    await cache.get("a")
    off()
    off()
    await cache.get("c")
    expect(misses).toEqual(["a absent", "b absent", "a absent", "c absent"])
    expect(seen.map(({ type }) => type)).toEqual(["miss", "miss", "load", "loaded", "set", "miss"])
    expect(seen.every(({ at }) => at === clock.now())).toBe(true)
    expect(seen[1]).toMatchObject({ key: "b", region: "r" })
    expect(seen[0]).not.toHaveProperty("region")
  })

  test("an event never has a value in it", async () => {
    const { cache, events, storage, clock } = await setup("all abilities")
    const secret = "s3cret"
    await cache.set("a", secret, { ttl: 10, grace: "1h" })
    await cache.get("a")
    await clock.advance(10)
    await cache.getOrSet("a", () => secret)
    await cache.delete("a")
    await cache.getOrSet("f", () => Object.assign(() => secret))
    storage.fault = () => "reject"
    await cache.getOrSet("x", () => secret)
    expect(events.length).toBeGreaterThan(8)
    for (const event of events) {
      const text = JSON.stringify({ ...event, error: "error" in event ? String(event.error) : "" })
      expect(text).not.toContain(secret)
    }
  })

  test("a listener that throws or rejects disturbs nobody", async () => {
    const { cache } = await setup("memory")
    let calls = 0
    cache.on("hit", () => {
      throw new Error("listener")
    })
    cache.on("hit", async () => {
      throw new Error("async listener")
    })
    cache.on("hit", () => calls++)
    await cache.set("a", 1)
    expect(await cache.get("a")).toBe(1)
    expect(calls).toBe(1)
  })

  test("what is no listener is refused", async () => {
    const { cache } = await setup("memory")
    expect(() => cache.on("hit", undefined as never)).toThrow(coded("OPTION_INVALID"))
    expect(() => cache.on("*", {} as never)).toThrow(coded("OPTION_INVALID"))
  })

  test("metrics count reads, loads and what they took", async () => {
    const { cache, clock } = await setup("memory")
    expect(cache.metrics()).toEqual({
      hits: 0,
      misses: 0,
      stale: 0,
      loads: 0,
      failures: 0,
      coalesced: 0,
      evictions: 0,
      errors: 0,
      hitRatio: 0,
      loadTime: { count: 0, mean: 0, p50: 0, p95: 0, p99: 0 },
    })
    const load = () => cache.getOrSet("a", () => clock.after(30, 1), { grace: "1h" })
    const both = Promise.all([load(), load()])
    await clock.advance(30)
    await both
    await load()
    await cache.getMany(["a", "b"])
    await expect(cache.getOrSet("c", () => Promise.reject(new Error("down")))).rejects.toThrow("down")
    await cache.expire("a")
    await cache.get("a", { stale: true })
    expect(cache.metrics()).toMatchObject({
      hits: 2,
      stale: 1,
      loads: 2,
      failures: 1,
      coalesced: 1,
      loadTime: { count: 1, mean: 30, p50: 30, p95: 30, p99: 30 },
    })
  })

  test("evictions are reported with the keys as given", async () => {
    const cache = new CacheWrapper({ adapter: memory({ maxEntries: 2, policy: "lru" }), prefix: "p" })
    const gone: string[] = []
    cache.on("evict", ({ key }) => gone.push(key))
    for (const key of ["a", "b", "c"]) await cache.set(key, 1)
    expect(gone).toEqual(["a"])
    expect(cache.metrics().evictions).toBe(1)
  })
})

describe("options of a cache", () => {
  test.each([
    [{ tll: 5 }, "OPTION_INVALID"],
    [{ ttl: "soon" }, "TTL_INVALID"],
    [{ prefix: 5 }, "OPTION_INVALID"],
    [{ onError: 5 }, "OPTION_INVALID"],
    [{ adapter: "nonsense" }, "ADAPTER_UNKNOWN"],
    [{ adapter: {} }, "ADAPTER_OPTIONS"],
    [{ adapter: "memory", arguments: { x: 1 } }, "ADAPTER_OPTIONS"],
    [{ near: "yes" }, "ADAPTER_OPTIONS"],
    [{ lease: "no" }, "OPTION_INVALID"],
    [{ early: -1 }, "OPTION_INVALID"],
    [{ schema: {} }, "OPTION_INVALID"],
    [{ shouldCache: true }, "OPTION_INVALID"],
  ])("%o is refused with %s", (options, code) => {
    expect(() => new CacheWrapper(options as object)).toThrow(coded(code))
  })

  test("a prefix keeps caches on one storage apart, whatever it is", async () => {
    const adapter = custom("text")
    const caches = ["", "a", "a:", "a::", ":a", "@a", "a%3A", "#h", "\\"].map(
      (prefix) => new CacheWrapper({ adapter, prefix }),
    )
    for (const [i, cache] of caches.entries()) {
      await cache.set("k", i)
      await cache.region("a").set("k", -i - 1)
    }
    for (const [i, cache] of caches.entries()) {
      expect(await cache.get("k")).toBe(i)
      expect(await cache.region("a").get("k")).toBe(-i - 1)
    }
    await caches[1]?.invalidate()
    expect(await Promise.all(caches.map((cache) => cache.has("k")))).toEqual(caches.map((_, i) => i !== 1))
  })
})

describe("registerAlias", () => {
  test("refuses names that are taken or empty, and what loads nothing", () => {
    for (const name of ["", "auto", "memory", "sqlite", 5 as never]) {
      expect(() => registerAlias(name, () => memory())).toThrow(coded("ADAPTER_OPTIONS"))
    }
    expect(() => registerAlias("x", "memory" as never)).toThrow(coded("ADAPTER_OPTIONS"))
  })

  test("what an alias loads must be an adapter", async () => {
    registerAlias("nothing", () => undefined as never)
    registerAlias("half", async () => ({ name: "half" }) as never)
    for (const name of ["nothing", "half"]) {
      const cache = new CacheWrapper({ adapter: name })
      await expect(cache.set("a", 1)).rejects.toMatchObject({ code: "ADAPTER_OPTIONS" })
      await expect(cache.ready()).rejects.toMatchObject({ code: "ADAPTER_OPTIONS" })
      expect(await cache.getOrSet("a", () => 1)).toBe(1)
    }
  })
})
