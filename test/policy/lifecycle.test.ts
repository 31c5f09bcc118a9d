import { describe, expect, test, vi } from "vitest"
import { CacheWrapper as RootWrapper, registerAlias } from "../../src/index.ts"
import { fake, kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup, unheard } from "../support/setup.ts"

describe.each(kinds)("%s", (kind) => {
  test("use() swaps at once: what runs finishes on the old storage, what comes goes to the new", async () => {
    const { cache, clock, storage } = await setup(kind)
    const load = gate()
    await cache.set("old", 1)
    const running = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const next = fake(kind)
    expect(cache.use(next.handle())).toBe(cache)
    expect(await cache.get("old")).toBeUndefined()
    expect(await cache.getOrSet("k", () => "new")).toBe("new")
    load.pass("late")
    expect(await running).toBe("late")
    expect(await cache.get("k")).toBe("new")
    cache.use(storage.handle())
    expect(await cache.get("old")).toBe(1)
    expect(await cache.get("k")).toBe("late")
  })

  test("use() in the middle of every verb harms none", async () => {
    const { cache, storage, clock } = await setup(kind)
    if (kind !== "memory") storage.fault = () => 3
    const verbs = [
      cache.set("a", 1, { tags: ["t"] }),
      cache.get("a"),
      cache.getMany(["a", "b"]),
      cache.getOrSet("c", () => clock.after(5, 3)),
      cache.getOrSetMany(["d", "e"], () => [4, 5]),
      cache.delete("x", "y"),
      cache.expire("x"),
      cache.touch("x"),
      cache.invalidateTags("u"),
      cache.batch((b) => b.set("f", 6)),
    ]
    cache.use(fake(kind).handle())
    await clock.advance(200)
    expect((await Promise.allSettled(verbs)).map(({ status }) => status)).toEqual(
      verbs.map(() => "fulfilled"),
    )
  })

  test("after close() every verb rejects with CLOSED, and closing again is fine", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("r")
    await cache.set("k", 1)
    await cache.close()
    await cache.close()
    await cache[Symbol.asyncDispose]()
    for (const one of [cache, region]) {
      for (const act of [
        () => one.get("k"),
        () => one.getEntry("k"),
        () => one.has("k"),
        () => one.getMany(["k"]),
        () => one.set("k", 1),
        () => one.setMany({ k: 1 }),
        () => one.getOrSet("k", () => 1),
        () => one.getOrSetMany(["k"], () => [1]),
        () => one.touch("k"),
        () => one.delete("k"),
        () => one.expire("k"),
        () => one.invalidateTags("t"),
        () => one.invalidate(),
        () => one.clear(),
        () => one.prune(),
        () => one.batch(() => 1),
        async () => one.keys().next(),
        async () => one.peek("k"),
        async () => one.isLoading("k"),
      ]) {
        await expect(act()).rejects.toMatchObject({ code: "CLOSED" })
      }
    }
    await expect(cache.ready()).rejects.toMatchObject({ code: "CLOSED" })
    expect(() => cache.use(fake(kind).handle())).toThrow(expect.objectContaining({ code: "CLOSED" }))
  })

  test("close() lets callers have their values and stores them no more", async () => {
    const { cache, clock, storage } = await setup(kind)
    const rejections = unheard()
    const load = gate()
    const running = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const closing = cache.close()
    load.pass("value")
    await closing
    expect(await running).toBe("value")
    expect(await storage.handle().get("k")).toBeUndefined()
    expect(await rejections()).toEqual([])
  })

  test("close() while callers wait for a slow read leaves them their one load", async () => {
    const { cache, clock, storage, trace } = await setup(kind)
    if (kind !== "memory") storage.fault = () => 50
    let loads = 0
    const load = () => clock.after(100, ++loads)
    const calls: Promise<number>[] = []
    for (let turn = 0; turn < 5; turn++) {
      calls.push(cache.getOrSet("k", load))
      await clock.advance(1)
    }
    const closing = cache.close()
    await clock.advance(1000)
    expect(await Promise.all(calls)).toEqual([1, 1, 1, 1, 1])
    expect(trace.filter((type) => type === "load")).toHaveLength(1)
    await closing
  })

  test("close() waits for a load that hangs no longer than storeTimeout", async () => {
    const { cache, clock } = await setup(kind, { storeTimeout: 100 })
    void cache.getOrSet("k", () => new Promise(() => {}))
    await settled(clock)
    let isOver = false
    void cache.close().then(() => (isOver = true))
    await clock.advance(100)
    expect(isOver).toBe(true)
  })

  test("close() ends the loads on storages that use() has swapped out as well", async () => {
    const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
    const load = gate()
    const running = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    cache.use(fake(kind).handle())
    const closing = cache.close()
    await clock.advance(100)
    await closing
    load.pass("value")
    expect(await running).toBe("value")
    await settled(clock)
    expect(await storage.handle().get("k")).toBeUndefined()
  })

  test("an adapter object that was passed in is never closed", async () => {
    const { storage, another } = await setup(kind)
    const close = vi.fn()
    const cache = another({ adapter: { ...storage.handle(), close } })
    await cache.set("k", 1)
    cache.use(fake(kind).handle())
    await cache.close()
    expect(close).not.toHaveBeenCalled()
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("close() closes what an alias opened and use() has swapped out, though a load on it hangs", async () => {
    const { clock, storage } = await setup(kind)
    const closed: string[] = []
    const alias = `swapped alias of ${kind}`
    registerAlias(alias, () => ({ ...storage.handle(), close: () => void closed.push(alias) }))
    const cache = new RootWrapper({ adapter: alias, storeTimeout: 100 })
    await cache.ready()
    void cache.getOrSet("k", () => new Promise(() => {}))
    await settled(clock)
    cache.use(fake(kind).handle())
    await clock.advance(1000)
    expect(closed).toEqual([])
    const closing = Promise.all([cache.close(), cache.close()])
    await clock.advance(200)
    await closing
    expect(closed).toEqual([alias])
  })

  test("close() waits storeTimeout at most for a storage that hangs as it closes, and tells", async () => {
    const { clock, storage } = await setup(kind)
    const alias = `clinging alias of ${kind}`
    registerAlias(alias, () => ({ ...storage.handle(), close: () => new Promise(() => {}) }))
    for (const isSwapped of [false, true]) {
      const cache = new RootWrapper({ adapter: alias, storeTimeout: 100 })
      await cache.ready()
      if (isSwapped) cache.use("memory")
      await settled(clock)
      const closed = cache.close().then(
        () => "closed",
        (error) => error.code,
      )
      await clock.advance(isSwapped ? 200 : 100)
      // One that was swapped out began to close before; its end is not this call's.
      expect(await Promise.race([closed, "waiting"])).toBe(isSwapped ? "closed" : "STORE_TIMEOUT")
    }
  })

  test("what an alias opened is closed only when all that runs on it is over", async () => {
    const { clock, storage } = await setup(kind)
    let isClosed = false
    const late: string[] = []
    storage.fault = (verb, key) => {
      if (isClosed) late.push(`${verb} ${key}`)
      return 3
    }
    const alias = `alias of ${kind}`
    registerAlias(alias, () => ({ ...storage.handle(), close: () => void (isClosed = true) }))
    const cache = new RootWrapper({ adapter: alias })
    const opening = cache.ready()
    await clock.advance(50)
    await opening
    const verbs = [
      cache.set("a", 1, { tags: ["t"] }),
      cache.getOrSet("b", () => clock.after(5, 2), { tags: ["t"] }),
      cache.getOrSetMany(["c", "d"], () => clock.after(5, [3, 4])),
      cache.delete("x", "y"),
      cache.expire("a"),
      cache.touch("a"),
      cache.invalidateTags("u"),
      cache.clear(),
      cache.batch((b) => b.set("e", 5)),
    ]
    cache.use("memory")
    await clock.advance(500)
    expect((await Promise.allSettled(verbs)).map(({ status }) => status)).toEqual(
      verbs.map(() => "fulfilled"),
    )
    expect(isClosed).toBe(true)
    expect(late).toEqual([])
  })
})
