import { expect, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper, type Region } from "../../src/core.ts"
import { delegate } from "../../src/proxies.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"

test("on a storage that answers at once a write is done when its call returns, before anybody waits for it", async () => {
  const adapter = memory()
  const cache = new CacheWrapper({ adapter, grace: "1h" })
  const until = () => Object(adapter.get("k"))["freshUntil"]
  await cache.set("k", 1, { ttl: "1m", tags: ["t"] })
  const made = until()
  const calls: Promise<unknown>[] = [cache.touch("k", "1h")]
  expect(until()).toBeGreaterThan(made)
  calls.push(cache.expire("k"))
  expect(until()).toBeLessThanOrEqual(Date.now())
  calls.push(cache.set("k", 2))
  expect(adapter.get("k")).toMatchObject({ value: 2 })
  calls.push(cache.delete("k"))
  expect(adapter.get("k")).toBeUndefined()
  calls.push(cache.set("k", 3), cache.clear())
  expect(adapter.get("k")).toBeUndefined()
  expect(await Promise.all(calls)).toEqual([true, 1, undefined, 1, undefined, undefined])
})

test.each([
  ["a cache", "", (cache) => cache.set("k", 1)],
  ["a region", "r", (cache) => cache.set("k", 1)],
  ["a tag", "", (cache) => cache.set("k", 1, { tags: ["new"] })],
  ["many keys", "", (cache) => cache.setMany({ j: 0, k: 1 })],
] satisfies [string, string, (cache: Region) => Promise<unknown>][])(
  "so is the first write of %s, which creates versions",
  async (_, region, write) => {
    for (const adapter of [memory(), custom("object"), custom("text")]) {
      const cache = new CacheWrapper({ adapter })
      await cache.ready()
      const place = region === "" ? cache : cache.region(region)
      const written = write(place)
      expect(place.peek("k")).toBe(1)
      await written
    }
  },
)

test.each([
  ["set", (cache) => cache.set("k", 2), 2],
  ["setMany", (cache) => cache.setMany({ k: 2 }), 2],
  ["set with a tag", (cache) => cache.set("k", 2, { tags: ["new"] }), 2],
  ["delete", (cache) => cache.delete("k"), undefined],
  ["expire", (cache) => cache.expire("k"), undefined],
  ["touch", (cache) => cache.touch("old"), 1, "old"],
  ["invalidate", (cache) => cache.invalidate(), undefined],
  ["invalidateTags", (cache) => cache.invalidateTags("t"), undefined],
  ["clear", (cache) => cache.clear(), undefined],
  ["set twice", (cache) => Promise.all([cache.set("k", 2), cache.set("k", 3)]), 3],
  ["set, then delete", (cache) => Promise.all([cache.set("k", 2), cache.delete("k")]), undefined],
  ["delete, then set", (cache) => Promise.all([cache.delete("k"), cache.set("k", 2)]), 2],
  ["set, then clear", (cache) => Promise.all([cache.set("k", 2), cache.clear()]), undefined],
  ["clear, then set", (cache) => Promise.all([cache.clear(), cache.set("k", 2)]), 2],
  ["set, then invalidate", (cache) => Promise.all([cache.set("k", 2), cache.invalidate()]), undefined],
  ["invalidate, then set", (cache) => Promise.all([cache.invalidate(), cache.set("k", 2)]), 2],
] satisfies [string, (cache: Region) => Promise<unknown>, unknown, string?][])(
  "calls made before it is open are done in their order: %s, then reads",
  async (_, write, expected, key = "k") => {
    fakeClock()
    const adapter = memory()
    const slow = delegate(adapter, { open: () => new Promise((resolve) => setTimeout(resolve, 10)) })
    for (const read of [
      (cache: Region) => cache.get(key),
      (cache: Region) => cache.getEntry(key).then((entry) => entry?.value),
      (cache: Region) => cache.getMany([key]).then(([value]) => value),
      (cache: Region) => cache.getMany([key, "other"]).then(([value]) => value),
      (cache: Region) => cache.getOrSet(key, () => undefined),
    ]) {
      const open = new CacheWrapper({ adapter, grace: "1h" })
      await open.set("k", 1, { tags: ["t"] })
      await open.set("old", 1)
      await open.expire("old")
      const cache = new CacheWrapper({ adapter: slow })
      const done = write(cache)
      const got = read(cache)
      await vi.advanceTimersByTimeAsync(10)
      expect(await got).toBe(expected)
      await done
    }
  },
)

test("a read that was called before it is open sees the writes before it, and none after", async () => {
  fakeClock()
  const slow = delegate(memory(), { open: () => new Promise((resolve) => setTimeout(resolve, 10)) })
  for (const write of [
    (cache: Region, value: number) => cache.set("k", value),
    (cache: Region, value: number) => Promise.all([cache.delete("k"), cache.set("k", value)]),
    (cache: Region, value: number) => Promise.all([cache.clear(), cache.setMany({ j: 0, k: value })]),
  ]) {
    const cache = new CacheWrapper({ adapter: slow })
    const got: Promise<unknown>[] = []
    const done: Promise<unknown>[] = []
    for (let value = 1; value <= 5; value++) {
      done.push(write(cache, value))
      got.push(cache.get("k"), cache.getMany(["k"]))
    }
    await vi.advanceTimersByTimeAsync(10)
    await Promise.all(done)
    expect(await Promise.all(got)).toEqual([1, 2, 3, 4, 5].flatMap((value) => [value, [value]]))
  }
})

test("a write that hangs once it is open holds a read called after it for storeTimeout at most", async () => {
  const clock = fakeClock()
  const opening = () => clock.after(10, undefined)
  const adapter = delegate(custom("object", "async"), { open: opening, set: () => new Promise(() => {}) })
  const cache = new CacheWrapper({ adapter, storeTimeout: 100 })
  const written = cache.set("k", 1)
  written.catch(() => {})
  const got = cache.getOrSet("k", () => 2)
  const took = got.then(() => Date.now())
  const began = Date.now()
  await clock.advance(1000)
  expect(await got).toBe(2)
  expect((await took) - began).toBeLessThanOrEqual(10 + 100 + 100) // The load's own write hangs, too.
  await expect(written).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
})

test("a thousand calls of one turn need no thousand timers, and each still has its own time", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  let hangs = (_key: string) => false
  const adapter = delegate(base, {
    set: (key, record, ttl) => (hangs(key) ? new Promise(() => {}) : base.set(key, record, ttl)),
  })
  const cache = new CacheWrapper({ adapter, storeTimeout: 1000 })
  await cache.set("warm", 1)
  const timers = vi.spyOn(globalThis, "setTimeout")
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`)
  await Promise.all(keys.map((key) => cache.set(key, key)))
  expect(timers.mock.calls.length).toBeLessThan(20)
  expect(vi.getTimerCount()).toBe(0)

  hangs = (key) => key === "k7"
  const results = Promise.allSettled(keys.map((key) => cache.set(key, "again")))
  const late = cache.set("k7", "later")
  late.catch(() => {})
  await clock.advance(999)
  hangs = () => false
  await clock.advance(5000)
  const failed = (await results).flatMap((one) => (one.status === "rejected" ? [one.reason] : []))
  expect(failed).toEqual([expect.objectContaining({ code: "STORE_TIMEOUT", key: "k7" })])
  await late
  expect(await cache.getMany(["k6", "k7", "k8"])).toEqual(["again", "later", "again"])
})
