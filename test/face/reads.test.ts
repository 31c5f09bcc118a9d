import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { sqlite } from "../../adapters/sqlite.ts"
import { CacheWrapper, key } from "../../src/index.ts"
import { fakeClock } from "../support/clock.ts"
import { fake, kinds, lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

describe.each(kinds)("reading on %s", (kind) => {
  test("a miss is undefined, or the default, and a stored undefined is a hit", async () => {
    const { cache } = await setup(kind)
    expect(await cache.get("a")).toBeUndefined()
    expect(await cache.get("a", { default: 7 })).toBe(7)
    await cache.set("a", undefined)
    expect(await cache.get("a", { default: 7 })).toBeUndefined()
    expect(await cache.get("a", { required: true })).toBeUndefined()
    expect(await cache.getEntry("a")).toMatchObject({ value: undefined, stale: false })
    expect(await cache.has("a")).toBe(true)
  })

  test.each([null, false, 0, "", Number.NaN, -0])("%s is a value", async (value) => {
    const { cache } = await setup(kind)
    await cache.set("a", value)
    expect(await cache.get("a", { default: "other" })).toBe(value)
    expect(await cache.getOrSet("a", () => "other")).toBe(value)
  })

  test("a required value that is absent says so", async () => {
    const { cache } = await setup(kind)
    await expect(cache.get("a", { required: true })).rejects.toMatchObject({
      code: "CACHE_MISS",
      reason: "absent",
      key: "a",
    })
  })

  test("a required value that is past its ttl is expired, whether or not its grace runs", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("a", 1, { ttl: 100, grace: 100 })
    await clock.advance(100)
    await expect(cache.get("a", { required: true })).rejects.toMatchObject({
      code: "CACHE_MISS",
      reason: "expired",
    })
    expect(await cache.get("a", { required: true, stale: true })).toBe(1)
  })

  test("a required value that was invalidated says so", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", 1, { tags: ["t"] })
    await cache.invalidateTags("t")
    await expect(cache.get("a", { required: true })).rejects.toMatchObject({ reason: "invalidated" })
    await expect(cache.getMany(["a"], { required: true })).rejects.toMatchObject({
      code: "CACHE_MISS",
      reason: "invalidated",
      key: "a",
    })
  })

  test("a required value in a storage that fails is unavailable", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("a", 1)
    storage.fault = (verb) => (verb === "get" || verb === "getMany" ? "reject" : undefined)
    await expect(cache.get("a", { required: true })).rejects.toMatchObject({ reason: "unavailable" })
    expect(await cache.get("a")).toBeUndefined()
    expect(await cache.has("a")).toBe(false)
    expect(await cache.getEntry("a")).toBeUndefined()
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
  })

  test("stale: true serves within grace and not a moment longer", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("a", 1, { ttl: 100, grace: 50 })
    await clock.advance(99)
    expect(await cache.get("a")).toBe(1)
    await clock.advance(1)
    expect(await cache.get("a")).toBeUndefined()
    expect(await cache.get("a", { stale: true })).toBe(1)
    expect(await cache.getEntry("a")).toBeUndefined()
    expect(await cache.getEntry("a", { stale: true })).toMatchObject({ value: 1, stale: true })
    expect(await cache.has("a")).toBe(false)
    expect(await cache.has("a", { stale: true })).toBe(true)
    await clock.advance(50)
    expect(await cache.get("a", { stale: true })).toBeUndefined()
  })

  test("maxAge caps the age for this call only", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("a", 1, { ttl: "1h", grace: "1h" })
    await clock.advance(1000)
    expect(await cache.get("a", { maxAge: 1001 })).toBe(1)
    expect(await cache.get("a", { maxAge: 1000 })).toBeUndefined()
    expect(await cache.get("a", { maxAge: "1s", stale: true })).toBe(1)
    expect(await cache.has("a", { maxAge: 500 })).toBe(false)
    expect(await cache.getMany(["a"], { maxAge: 500 })).toEqual([undefined])
    expect(await cache.get("a")).toBe(1)
  })

  test("an entry tells its deadlines and tags", async () => {
    const { cache, clock } = await setup(kind)
    const at = clock.now()
    await cache.set("a", { x: 1 }, { ttl: "1s", grace: "2s", tags: ["t", "u", "t"] })
    expect(await cache.getEntry("a")).toEqual({
      value: { x: 1 },
      createdAt: at,
      freshUntil: at + 1000,
      staleUntil: at + 3000,
      stale: false,
      tags: ["t", "u"],
    })
    await cache.set("b", 1, { ttl: Infinity })
    expect(await cache.getEntry("b")).toMatchObject({
      freshUntil: Infinity,
      staleUntil: Infinity,
    })
  })

  test("getMany keeps order and duplicates, takes any iterable, and asks the storage once", async () => {
    const { cache, storage } = await setup(kind)
    await cache.setMany([
      ["a", 1],
      ["b", 2],
    ])
    storage.calls.length = 0
    const found = await cache.getMany(new Set(["b", "x", "a"]))
    expect(found).toEqual([2, undefined, 1])
    if (kind !== "four methods") expect(storage.calls).toEqual(["getMany b,x,a"])
    expect(await cache.getMany(["a", "a", "b", "a"])).toEqual([1, 1, 2, 1])
    expect(await cache.getMany(["a", "x"], { default: 0 })).toEqual([1, 0])
    function* some(): Generator<string> {
      yield "b"
    }
    expect(await cache.getMany(some())).toEqual([2])
  })

  test("nothing asked of many keys is nothing asked of the storage", async () => {
    const { cache, storage } = await setup(kind)
    expect(await cache.getMany([])).toEqual([])
    await cache.setMany([])
    await cache.setMany({})
    expect(await cache.getOrSetMany([], () => expect.unreachable())).toEqual([])
    expect(await cache.delete()).toBe(0)
    expect(await cache.expire()).toBe(0)
    await cache.invalidateTags()
    expect([...storage.calls, ...storage.tokenCalls]).toEqual([])
  })

  test("keys of segments and typed keys are one key however they are given", async () => {
    const { cache } = await setup(kind)
    await cache.set(["user", 42], "array")
    expect(await cache.get(key("user", 42))).toBe("array")
    expect(await cache.get(["user", "42"])).toBeUndefined()
    expect(await cache.get("user")).toBeUndefined()
    await cache.set("user", "text")
    expect(await cache.get(["user"])).toBeUndefined()
  })

  test("what is no key is refused by every verb", async () => {
    const { cache } = await setup(kind)
    for (const wrong of [undefined, null, 42, {}, Symbol("x"), ...unreadable()]) {
      const bad = wrong as unknown as string
      const all = [
        () => cache.get(bad),
        () => cache.getEntry(bad),
        () => cache.has(bad),
        () => cache.getMany([bad]),
        () => cache.set(bad, 1),
        () => cache.setMany([[bad, 1]]),
        () => cache.getOrSet(bad, 1),
        () => cache.getOrSetMany([bad], () => [1]),
        () => cache.touch(bad),
        () => cache.delete(bad),
        () => cache.expire(bad),
      ]
      for (const verb of all) await expect(verb()).rejects.toMatchObject({ code: "KEY_INVALID" })
      expect(() => cache.peek(bad)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
      expect(() => cache.isLoading(bad)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
    }
  })

  test("an unknown option is refused, with a list of the known ones", async () => {
    const { cache } = await setup(kind)
    const bad = { deafult: 1 } as object
    await expect(cache.get("a", bad)).rejects.toThrow(/"deafult".*Known: .*default/)
    await expect(cache.set("a", 1, bad)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    await expect(cache.getOrSet("a", 1, bad)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    await expect(cache.get("a", { maxAge: "soon" as "1s" })).rejects.toMatchObject({ code: "OPTION_INVALID" })
    await expect(cache.set("a", 1, { ttl: "soon" as "1s" })).rejects.toMatchObject({ code: "TTL_INVALID" })
  })

  test("an explicit undefined means unset", async () => {
    const { cache, clock } = await setup(kind, {
      ttl: "1s",
      tags: undefined,
      prefix: undefined,
      near: undefined,
    })
    await cache.set("a", 1, { ttl: undefined, grace: undefined, tags: undefined })
    expect(await cache.get("a", { default: undefined, maxAge: undefined, signal: undefined })).toBe(1)
    await cache.setMany([["b", 2, { ttl: undefined }]], { ttl: "2s" })
    await clock.advance(1500)
    expect(await cache.get("a")).toBeUndefined()
    expect(await cache.get("b")).toBe(2)
  })

  test("an aborted signal rejects this reader with its reason", async () => {
    const { cache } = await setup(kind)
    const signal = AbortSignal.abort(new Error("gone"))
    await cache.set("a", 1)
    await expect(cache.get("a", { signal })).rejects.toThrow("gone")
    await expect(cache.getMany(["a"], { signal })).rejects.toThrow("gone")
    await expect(cache.getOrSet("a", 1, { signal })).rejects.toThrow("gone")
    expect(await cache.get("a")).toBe(1)
  })

  test("reads are copies: changing what came out changes nothing", async () => {
    const { cache } = await setup(kind)
    await cache.set("a", { list: [1] })
    const found = await cache.get<{ list: number[] }>("a")
    found?.list.push(2)
    const entry = await cache.getEntry<{ list: number[] }>("a")
    entry?.value.list.push(3)
    ;(await cache.getMany<{ list: number[] }>(["a"]))[0]?.list.push(4)
    expect(await cache.get("a")).toEqual({ list: [1] })
  })
})

test("peek answers at once on a synchronous storage and counts as nothing", async () => {
  const { cache, clock, trace } = await setup("memory")
  expect(cache.peek("a")).toBeUndefined()
  await cache.set("a", { x: 1 }, { ttl: 100, grace: 100 })
  trace.length = 0
  expect(cache.peek("a")).toEqual({ x: 1 })
  await clock.advance(100)
  expect(cache.peek("a")).toBeUndefined()
  expect(trace).toEqual([])
  expect(cache.metrics()).toMatchObject({ hits: 0, misses: 0 })
})

test("peek opens a synchronous adapter that was never used, and no alias", async () => {
  const adapter = memory()
  const kept = new CacheWrapper({ adapter })
  await kept.set("a", 1)
  expect(new CacheWrapper({ adapter }).peek("a")).toBe(1)
  const cache = new CacheWrapper({ adapter: "sqlite", arguments: { path: "/nowhere/at/all" } })
  expect(cache.peek("a")).toBeUndefined()
})

test("a value given to getOrSet is stored as it was then", async () => {
  const cache = new CacheWrapper()
  const value = { n: 1, at: new Date(1) }
  const answer = cache.getOrSet("k", value)
  value.n = 2
  value.at.setTime(2)
  expect(await answer).toEqual({ n: 1, at: new Date(1) })
  expect(await cache.get("k")).toEqual({ n: 1, at: new Date(1) })
})

test("peek is undefined on a storage that takes I/O, which is asked nothing once that is known", async () => {
  for (const kind of lateKinds) {
    const { cache, storage } = await setup(kind)
    await cache.set("a", 1)
    expect(await cache.get("a")).toBe(1)
    storage.calls.length = 0
    storage.tokenCalls.length = 0
    for (let i = 0; i < 5; i++) expect(cache.peek("a")).toBeUndefined()
    expect([storage.calls, storage.tokenCalls]).toEqual([[], []])
  }
})

test("peek sees invalidations at once", async () => {
  const { cache } = await setup("memory")
  await cache.set("a", 1, { tags: ["t"] })
  await cache.invalidateTags("t")
  expect(cache.peek("a")).toBeUndefined()
})

test("peek answers from the near tier", async () => {
  fakeClock()
  const cache = new CacheWrapper({ adapter: fake("all abilities").handle(), near: true })
  await cache.set("a", 1)
  expect(await cache.get("a")).toBe(1)
  expect(cache.peek("a")).toBe(1)
})

test("a region without a generator reads and never loads", async () => {
  const { cache, trace } = await setup("memory")
  const users = cache.region("users")
  expect(await users.get("42")).toBeUndefined()
  expect(await users.getMany(["42", "43"], { default: 0 })).toEqual([0, 0])
  expect(trace).not.toContain("load")
})

test("a read past the ttl says expired, not absent, on memory and on SQLite alike", async () => {
  const clock = fakeClock()
  for (const adapter of [memory(), sqlite({ path: ":memory:" })]) {
    const cache = new CacheWrapper({ adapter, ttl: 100 })
    await cache.set("k", 1)
    clock.jump(clock.now() + 100)
    const late = cache.get("k", { required: true })
    await expect(late, adapter.name).rejects.toMatchObject({ code: "CACHE_MISS", reason: "expired" })
    const never = cache.get("l", { required: true })
    await expect(never, adapter.name).rejects.toMatchObject({ code: "CACHE_MISS", reason: "absent" })
    await adapter.close?.()
  }
})

/** What throws when it is looked at. */
function unreadable(): unknown[] {
  const all = [{}, [], () => {}].map((target) => Proxy.revocable(target, {}))
  for (const { revoke } of all) revoke()
  const bad = new Proxy({}, { get: () => expect.unreachable() })
  return [...all.map(({ proxy }) => proxy), bad]
}
