import { describe, expect, test } from "vitest"
import type { CacheWrapper } from "../../src/core.ts"
import { type Fault, kinds, lateKinds } from "../support/fake.ts"
import { settled, setup, unheard } from "../support/setup.ts"

type Act = (cache: CacheWrapper) => unknown

const reads: readonly [name: string, act: Act, finds: unknown][] = [
  ["get", (cache) => cache.get("k"), undefined],
  ["get with a default", (cache) => cache.get("k", { default: 5 }), 5],
  ["getEntry", (cache) => cache.getEntry("k"), undefined],
  ["peek", async (cache) => cache.peek("k"), undefined],
  ["has", (cache) => cache.has("k"), false],
  ["getMany", (cache) => cache.getMany(["k", "l"]), [undefined, undefined]],
  ["getOrSet", (cache) => cache.getOrSet("k", () => 1), 1],
  ["getOrSet of a tagged value", (cache) => cache.getOrSet("k", () => 1, { tags: ["t"] }), 1],
  ["getOrSet, fresh", (cache) => cache.getOrSet("k", () => 1, { fresh: true }), 1],
  ["getOrSetMany", (cache) => cache.getOrSetMany(["k", "l"], (missing) => missing.map(() => 1)), [1, 1]],
]

const writes: readonly [name: string, act: Act][] = [
  ["set", (cache) => cache.set("k", 1)],
  ["set with tags", (cache) => cache.set("k", 1, { tags: ["t"] })],
  ["set with a ttl of 0", (cache) => cache.set("k", 1, { ttl: 0 })],
  ["setMany", (cache) => cache.setMany({ k: 1, l: 2 })],
  ["delete", (cache) => cache.delete("k")],
  ["delete of many", (cache) => cache.delete("k", "l")],
  ["expire", (cache) => cache.expire("k")],
  ["touch", (cache) => cache.touch("k")],
  ["clear", (cache) => cache.clear()],
  ["invalidate", (cache) => cache.invalidate()],
  ["invalidateTags", (cache) => cache.invalidateTags("t")],
  ["batch", (cache) => cache.batch((b) => b.set("k", 1))],
]

const loaders: readonly [name: string, act: (cache: CacheWrapper, load: () => number) => unknown][] = [
  ["getOrSet", (cache, load) => cache.getOrSet("k", load)],
  ["getOrSet of a tagged value", (cache, load) => cache.getOrSet("k", load, { tags: ["t"] })],
  ["getOrSet in a region", (cache, load) => cache.region("r").getOrSet("k", load)],
  ["getOrSetMany", async (cache, load) => (await cache.getOrSetMany(["k"], () => [load()]))[0]],
]

const down: readonly Fault[] = ["reject", "throw"]

describe.each(kinds)("%s", (kind) => {
  test.each(reads)(
    "%s finds nothing in a storage that fails, with an error event",
    async (name, act, finds) => {
      for (const fault of down) {
        const { cache, clock, storage, events } = await setup(kind)
        const rejections = unheard()
        await cache.set("k", 0, { tags: ["t"] })
        await cache.set("l", 0)
        await cache.get("l")
        events.length = 0
        storage.fault = () => fault
        expect(await act(cache)).toEqual(finds)
        await settled(clock)
        if (name !== "peek") expect(events.map(({ type }) => type)).toContain("error")
        expect(await rejections()).toEqual([])
      }
    },
  )

  test.each(writes)("%s rejects when the storage fails", async (_, act) => {
    for (const fault of down) {
      const { cache, clock, storage } = await setup(kind)
      const rejections = unheard()
      await cache.setMany({ k: 0, l: 0 })
      storage.fault = () => fault
      await expect(act(cache)).rejects.toThrow(/failed/)
      await settled(clock)
      expect(await rejections()).toEqual([])
    }
  })

  test.each(writes)(
    "%s that rejects is its caller's trouble alone, whichever step failed",
    async (_, act) => {
      for (let step = 1; step < 7; step++) {
        const { cache, storage, trace } = await setup(kind)
        await cache.setMany({ k: 0, l: 0 })
        let count = 0
        storage.fault = () => (++count === step ? "reject" : undefined)
        const outcome = await Promise.resolve(act(cache)).then(
          () => "done",
          () => "rejected",
        )
        if (outcome === "rejected") expect(trace).not.toContain("error")
      }
    },
  )

  test("keys rejects when the storage fails to tell which entries are live", async () => {
    for (const failing of [/^#/, /^k/]) {
      const { cache, storage } = await setup(kind)
      if (kind === "four methods") return
      await cache.set("k", 0)
      storage.fault = (verb, key) => (verb.startsWith("get") && failing.test(key) ? "reject" : undefined)
      await expect(cache.keys().next()).rejects.toThrow(/failed/)
    }
  })

  test("only the tokens failing is a miss as well, on every path", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("k", 0)
    await cache.get("k")
    storage.fault = (_, key) => (key.startsWith("#") ? "reject" : undefined)
    for (const [, act] of reads) await act(cache)
  })

  test.each(loaders)("what %s loads after a read that failed once is stored", async (_, act) => {
    for (const failing of [/./, /k$/, /^#/]) {
      const { cache, storage } = await setup(kind)
      let left = 1
      storage.fault = (verb, key) =>
        verb.startsWith("get") && failing.test(key) && left-- > 0 ? "reject" : undefined
      let loads = 0
      expect(await act(cache, () => ++loads)).toBe(1)
      left = 0
      expect(await act(cache, () => ++loads)).toBe(1)
    }
  })

  test.each([
    [10, 20],
    [150, 200],
    [200, 200],
    [1500, 1500],
    [3000, 2000],
  ])(
    "reads that fail after %i ms delay a load by %i: soon ones are asked once more, for a tenth of storeTimeout",
    async (ms, delay) => {
      const { clock, another, storage } = await setup(kind)
      const fail = async (): Promise<never> => {
        await clock.after(ms, undefined)
        throw new Error("get failed")
      }
      const cache = another({ adapter: { ...storage.handle(), get: fail, getMany: fail } })
      const begun = Date.now()
      const answer = cache.getOrSet("k", () => Date.now() - begun, { lease: false })
      await clock.advance(10_000)
      expect(await answer).toBe(delay)
    },
  )

  test("a write that fails after a load is an event; the caller gets the value", async () => {
    const { cache, storage, trace } = await setup(kind)
    storage.fault = (verb) => (verb === "set" || verb === "setMany" ? "reject" : undefined)
    expect(await cache.getOrSet("k", () => 1)).toBe(1)
    expect(await cache.getOrSetMany(["l", "m"], () => [1, 2])).toEqual([1, 2])
    expect(trace.filter((type) => type === "error").length).toBeGreaterThanOrEqual(3)
    storage.fault = () => undefined
    expect(await cache.getOrSet("k", () => 2)).toBe(2)
  })

  test("required tells that the storage was unavailable", async () => {
    const { cache, storage } = await setup(kind)
    storage.fault = () => "reject"
    const answer = cache.get("k", { required: true })
    await expect(answer).rejects.toMatchObject({ code: "CACHE_MISS", reason: "unavailable" })
  })

  test("a loaded value that is not supported is returned, reported and not stored", async () => {
    const { cache, events } = await setup(kind)
    const value = { nested: () => "a function" }
    expect(await cache.getOrSet("k", () => value)).toBe(value)
    const errors = events.filter((event) => event.type === "error")
    expect(errors).toMatchObject([{ error: { code: "VALUE_UNSUPPORTED" }, key: "k" }])
    expect(await cache.get("k")).toBeUndefined()
    await expect(cache.set("k", value)).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" })
  })

  test("of many loaded values only the one that is not supported is not stored", async () => {
    const { cache } = await setup(kind)
    await cache.getOrSetMany<unknown>(["a", "b", "c"], () => [1, Symbol("s"), 3])
    expect(await cache.getMany(["a", "b", "c"])).toEqual([1, undefined, 3])
  })

  test("junk in the storage is a miss, an event, and removed", async () => {
    const { cache, storage, trace } = await setup(kind)
    const adapter = storage.handle()
    for (const junk of ["", "junk", 5, null, { format: 1 }, [], "i1p-x\n"]) {
      if (adapter.medium === "text" && typeof junk !== "string") continue
      trace.length = 0
      await adapter.set("k", junk, Infinity)
      await expect(cache.get("k", { required: true })).rejects.toMatchObject({ reason: "corrupt" })
      expect(trace).toEqual(["error", "miss"])
      expect(await adapter.get("k")).toBeUndefined()
      await adapter.set("k", junk, Infinity)
      expect(await cache.getOrSet("k", () => 1)).toBe(1)
      expect(await cache.get("k")).toBe(1)
    }
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test.each(reads)("%s waits for a storage that hangs no longer than storeTimeout", async (_, act, finds) => {
    const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
    storage.fault = () => "hang"
    const answer = act(cache)
    await clock.advance(100)
    await settled(clock)
    expect(await answer).toEqual(finds)
  })

  test.each(reads)("%s answers where any one step hangs", async (_, act) => {
    for (const step of [1, 2, 3, 4, 5, 6]) {
      const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
      await cache.set("k", 0, { tags: ["t"] })
      await cache.expire("l")
      let count = 0
      storage.fault = () => (++count === step ? "hang" : undefined)
      let isOver = false
      void Promise.resolve(act(cache)).then(() => (isOver = true))
      await clock.advance(500)
      expect(isOver).toBe(true)
    }
  })

  test.each(writes)("%s rejects with STORE_TIMEOUT when the storage hangs", async (name, act) => {
    const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
    await cache.setMany({ k: 0, l: 0 })
    storage.fault = (verb) => (name === "batch" && !/^set/.test(verb) ? undefined : "hang")
    const answer = expect(act(cache)).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
    await clock.advance(200)
    await answer
  })

  test.each(writes)("%s settles where any one step hangs", async (_, act) => {
    for (const step of [1, 2, 3, 4, 5, 6]) {
      const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
      await cache.set("k", 0, { tags: ["t"] })
      let count = 0
      storage.fault = () => (++count === step ? "hang" : undefined)
      let isOver = false
      const over = () => (isOver = true)
      void Promise.resolve(act(cache)).then(over, over)
      await clock.advance(500)
      expect(isOver).toBe(true)
    }
  })

  test("a storage that hangs on opening is a miss for reads, and rejects writes", async () => {
    const { clock, storage, another } = await setup(kind)
    const hung = { ...storage.handle(), open: () => new Promise<void>(() => {}) }
    const cache = another({ adapter: hung, storeTimeout: 100 })
    const answers = reads.map(([, act]) => act(cache))
    const refused = Promise.allSettled(writes.slice(0, -1).map(([, act]) => act(cache)))
    await clock.advance(300)
    expect(await Promise.all(answers)).toEqual(reads.map(([, , finds]) => finds))
    for (const one of await refused) expect(one).toMatchObject({ status: "rejected" })
  })

  test("what a hung verb does when its storage wakes up does not undo a later write", async () => {
    for (const verb of ["expire", "touch"] as const) {
      const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
      await cache.set("k", "old", { grace: "1h", tags: ["t"] })
      let count = 0
      // The first reading of tokens comes in time, the one after it very late.
      storage.fault = (_, key) => (key.startsWith("#") && ++count > 4 && count < 10 ? 300 : undefined)
      const hung = cache[verb]("k").catch(() => {})
      await clock.advance(150)
      storage.fault = () => undefined
      const set = cache.set("k", "new")
      await clock.advance(150)
      await Promise.all([set, hung])
      await clock.advance(1000)
      expect(await cache.get("k")).toBe("new")
    }
  })

  test("a delete that cannot tell what was there removes nothing and rejects", async () => {
    for (const fault of kind === "memory" ? (["throw"] as const) : (["throw", "reject", "hang"] as const)) {
      const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
      await cache.setMany({ k: 1, l: 2 })
      for (const keys of [["k"], ["k", "l"]]) {
        storage.calls.length = 0
        storage.fault = (verb, key) => (verb.startsWith("get") && !key.startsWith("#") ? fault : undefined)
        const deleted = expect(cache.delete(...keys)).rejects.toThrow()
        await clock.advance(1000)
        await deleted
        storage.fault = () => undefined
        expect(storage.calls.filter((call) => call.startsWith("delete"))).toEqual([])
        expect(await cache.getMany(["k", "l"])).toEqual([1, 2])
      }
    }
  })

  test("removing junk does not remove what was written in the meantime", async () => {
    const { cache, clock, storage } = await setup(kind)
    await storage.handle().set("k", "junk", Infinity)
    storage.fault = (verb) => (verb === "delete" ? 50 : undefined)
    const found = cache.get("k")
    await clock.advance(10)
    const set = cache.set("k", "new")
    await clock.advance(100)
    await Promise.all([found, set])
    expect(await cache.get("k")).toBe("new")
  })

  test("a storage that hangs delays a load by its read only, and blocks nothing afterwards", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => "hang"
    const answer = cache.getOrSet("k", () => "value")
    await clock.advance(2000)
    expect(await answer).toBe("value")
    storage.fault = () => undefined
    expect(await cache.getOrSet("k", () => "again")).toBe("again")
    expect(await cache.get("k")).toBe("again")
  })
})
