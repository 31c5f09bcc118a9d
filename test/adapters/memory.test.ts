import fc from "fast-check"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { type MemoryOptions, memory } from "../../adapters/memory.ts"
import type { AdapterEvent } from "../../src/adapter.ts"
import { CacheError } from "../../src/base/errors.ts"

// As many tokens as entries: the real bound is too large to be met in a test.
vi.mock("../../src/adapter.ts", async (original) => ({
  ...(await original<object>()),
  maxTokensOf: (maxEntries: number) => maxEntries,
}))

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const oddKeys = [
  "",
  ".",
  "..",
  "/",
  ":",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "\ud800",
  "\udc00",
  "a\nb",
]

test("a record comes back as the very object that was handed over", () => {
  const record = { value: 1 }
  const cache = memory()
  cache.set("k", record, Infinity)
  expect(cache.get("k")).toBe(record)
})

test("every string is a key of its own", () => {
  const keys = [...oddKeys, "x".repeat(100_000), `${"x".repeat(99_999)}y`, "#", "#tag", "##"]
  const cache = memory()
  cache.setMany(keys.map((key, i) => [key, i, Infinity]))
  expect(cache.getMany(keys)).toEqual(keys.map((_, i) => i))
  expect([...cache.keys("")].sort()).toEqual([...keys].sort())
  expect(cache.deleteMany(keys)).toBe(keys.length)
  expect(cache.keys("")).toEqual([])
})

test("an absent key answers undefined, not what objects inherit", () => {
  const cache = memory()
  expect(cache.getMany(oddKeys)).toEqual(oddKeys.map(() => undefined))
  expect(cache.deleteMany(oddKeys)).toBe(0)
})

test("falsy records are records", () => {
  const cache = memory()
  const records = [null, false, 0, "", Number.NaN]
  cache.setMany(records.map((record, i) => [`${i}`, record, Infinity]))
  expect(cache.getMany(["0", "1", "2", "3", "4"])).toEqual(records)
})

test("getMany keeps order and duplicates", () => {
  const cache = memory()
  cache.set("a", 1, Infinity)
  cache.set("b", 2, Infinity)
  expect(cache.getMany(["b", "a", "x", "b"])).toEqual([2, 1, undefined, 2])
})

test("delete answers whether a living record was there", () => {
  const cache = memory()
  cache.set("alive", 1, 10)
  cache.set("dead", 1, 5)
  vi.advanceTimersByTime(5)
  expect(cache.delete("alive")).toBe(true)
  expect(cache.delete("alive")).toBe(false)
  expect(cache.delete("dead")).toBe(false)
  expect(cache.get("dead")).toBeUndefined()
})

test("deleteMany counts a key given twice once", () => {
  const cache = memory()
  cache.set("a", 1, Infinity)
  expect(cache.deleteMany(["a", "a", "b"])).toBe(1)
})

test("add sets what is absent or dead, and leaves what is there", () => {
  const cache = memory()
  expect(cache.add("k", 1, 10)).toBe(true)
  expect(cache.add("k", 2, 10)).toBe(false)
  expect(cache.get("k")).toBe(1)
  vi.advanceTimersByTime(10)
  expect(cache.add("k", 3, 10)).toBe(true)
  expect(cache.get("k")).toBe(3)
  expect(cache.add("#t", 1, Infinity)).toBe(true)
  expect(cache.add("#t", 2, Infinity)).toBe(false)
})

test("a record lives to its last millisecond and not beyond; a new set gives a new life", () => {
  const cache = memory()
  cache.set("k", 1, 10)
  vi.advanceTimersByTime(9)
  expect(cache.keys("")).toEqual(["k"])
  cache.set("k", 2, 10)
  vi.advanceTimersByTime(9)
  expect(cache.keys("")).toEqual(["k"])
  vi.advanceTimersByTime(1)
  expect(cache.keys("")).toEqual([])
})

test("a ttl of 60 days and one of Infinity work without a timer", () => {
  const cache = memory()
  cache.set("long", 1, 60 * 86_400_000)
  cache.set("forever", 1, Infinity)
  expect(vi.getTimerCount()).toBe(0)
  vi.setSystemTime(1_000_000 + 60 * 86_400_000 - 1)
  expect(cache.keys("")).toEqual(["long", "forever"])
  vi.setSystemTime(8.64e15)
  expect(cache.keys("")).toEqual(["forever"])
})

test("prune drops what is dead at the moment given, and counts it", () => {
  const cache = memory()
  cache.set("a", 1, 5)
  cache.set("b", 1, 10)
  cache.set("#t", 1, 5)
  cache.set("c", 1, Infinity)
  expect(cache.prune(1_000_000)).toBe(0)
  expect(cache.prune(1_000_005)).toBe(2)
  expect(cache.prune(1_000_005)).toBe(0)
  expect(cache.get("a")).toBeUndefined()
  expect(cache.getMany(["b", "c"])).toEqual([1, 1])
})

test("clear removes what starts with the prefix and nothing else", () => {
  const anyKey = fc.oneof(
    fc.constantFrom(...oddKeys, "#", "#a", "a:", "a:b"),
    fc.string({ unit: "binary", maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(anyKey), anyKey, fc.nat({ max: 4 }), (keys, key, length) => {
      const prefix = key.slice(0, length)
      const cache = memory()
      for (const each of keys) cache.set(each, each, Infinity)
      expect(new Set(cache.keys(prefix))).toEqual(new Set(keys.filter((each) => each.startsWith(prefix))))
      cache.clear(prefix)
      for (const each of keys) expect(cache.get(each)).toBe(each.startsWith(prefix) ? undefined : each)
    }),
  )
})

test("clear with the empty prefix removes everything, and the cache goes on working", () => {
  const cache = memory({ maxEntries: 200 })
  for (let i = 0; i < 1000; i++) cache.set(`${i}`, i, i % 2 ? 5 : Infinity)
  cache.set("#t", 1, Infinity)
  cache.clear("")
  expect(cache.keys("")).toEqual([])
  expect(cache.get("#t")).toBeUndefined()
  for (let i = 0; i < 1000; i++) cache.set(`${i}`, i, Infinity)
  expect(cache.keys("")).toHaveLength(200)
})

test("keys gives the keys of the moment, whatever is done while they are walked", () => {
  const cache = memory()
  for (const key of ["a", "b", "c"]) cache.set(key, 1, Infinity)
  const seen: string[] = []
  for (const key of cache.keys("")) {
    seen.push(key)
    cache.delete(key)
    cache.set(key, 2, Infinity)
    cache.set(`${key}!`, 2, Infinity)
  }
  expect(seen).toEqual(["a", "b", "c"])
})

test("tokens lie apart: they push no entry out, and no entry pushes them out", () => {
  const cache = memory({ maxEntries: 10 })
  for (let i = 0; i < 10; i++) cache.set(`#${i}`, i, Infinity)
  for (let i = 0; i < 100; i++) cache.set(`${i}`, i, Infinity)
  for (let i = 0; i < 10; i++) expect(cache.get(`#${i}`)).toBe(i)
  expect(cache.keys("").filter((key) => !key.startsWith("#"))).toHaveLength(10)
  expect(cache.keys("#")).toHaveLength(10)
})

test("tokens are bounded too, the oldest leaving first, whatever maxBytes says", () => {
  const cache = memory({ maxEntries: 10, maxBytes: 1 })
  for (let i = 0; i < 25; i++) cache.set(`#${i}`, i, Infinity)
  expect(cache.keys("#")).toEqual(Array.from({ length: 10 }, (_, i) => `#${i + 15}`))
})

test("an eviction is reported with its key; deletions, expiries and tokens are not evictions", () => {
  const cache = memory({ maxEntries: 2, policy: "lru" })
  const events: AdapterEvent[] = []
  const off = cache.observe((event) => events.push(event))
  cache.set("dead", 1, 1)
  vi.advanceTimersByTime(1)
  for (const key of ["a", "b", "#1", "#2", "#3", "b"]) cache.set(key, 1, Infinity)
  cache.delete("b")
  cache.set("b", 1, Infinity)
  expect(events).toEqual([])
  cache.set("c", 1, Infinity)
  expect(events).toEqual([{ type: "evict", key: "a" }])
  off()
  cache.set("d", 1, Infinity)
  expect(events).toHaveLength(1)
})

test("a listener may use the cache: it finds the write done", () => {
  const cache = memory({ maxEntries: 2, policy: "lru" })
  cache.observe((event) => {
    if (event.key === "a") cache.set("c", "listener", Infinity)
  })
  for (const key of ["a", "b", "c"]) cache.set(key, key, Infinity)
  expect(cache.get("c")).toBe("listener")
  expect(cache.keys("")).toHaveLength(2)
})

test("a copy of the adapter is another handle on the same storage", () => {
  const cache = memory()
  const handle = { ...cache }
  handle.set("k", 1, Infinity)
  expect(cache.get("k")).toBe(1)
  expect(memory().get("k")).toBeUndefined()
})

test("copy decides who copies", () => {
  expect(memory().copy).toBe("clone")
  expect(memory({ copy: "none" }).copy).toBe("none")
})

test("an explicit undefined means unset", () => {
  expect(() =>
    memory({ maxEntries: undefined, maxBytes: undefined, policy: undefined, copy: undefined }),
  ).not.toThrow()
})

test.each<[unknown, RegExp]>([
  [{ maxEntires: 5 }, /no option "maxEntires".*maxEntries, maxBytes, policy, copy/],
  [{ constructor: 1 }, /no option "constructor"/],
  [{ maxEntries: 0 }, /maxEntries of memory\(\).*whole number from 1 up, or Infinity/],
  [{ maxEntries: 1.5 }, /maxEntries/],
  [{ maxEntries: "5" }, /maxEntries/],
  [{ maxEntries: Number.NaN }, /maxEntries/],
  [{ maxBytes: -1 }, /maxBytes/],
  [{ maxBytes: Number.NaN }, /maxBytes/],
  [{ policy: "lfu" }, /policy.*"s3-fifo" or "lru"/],
  [{ copy: true }, /copy.*"clone" or "none"/],
  [null, /memory\(\) must be an object.*maxEntries/],
])("options %o are refused with the cure", (options, message) => {
  // What JavaScript callers may hand over.
  const open = () => memory(options as MemoryOptions)
  expect(open).toThrow(CacheError)
  expect(open).toThrow(message)
})

test("a listener that throws or rejects fails no write, and the others hear all the same", () => {
  const cache = memory({ maxEntries: 1, policy: "lru" })
  const heard: string[] = []
  cache.observe(() => {
    throw new Error("a listener's own")
  })
  cache.observe(({ type }) => heard.push(type))
  for (const key of ["a", "b"]) cache.set(key, 1, Infinity)
  expect(cache.get("b")).toBe(1)
  expect(heard).toEqual(["evict"])
})

test("a record larger than the byte bound is reported as evicted, with or without one before", () => {
  for (const policy of ["lru", "s3-fifo"] as const) {
    const cache = memory({ maxBytes: 2000, policy })
    const events: AdapterEvent[] = []
    cache.observe((event) => events.push(event))
    cache.set("k", "small", Infinity)
    cache.set("k", "x".repeat(2000), Infinity)
    cache.set("l", "x".repeat(2000), Infinity)
    expect(events).toEqual(["k", "l"].map((key) => ({ type: "evict", key })))
  }
})

test("to weigh a value handed over as it is runs none of its getters", () => {
  const cache = memory({ copy: "none", maxBytes: 1000 })
  const value = {
    get boom(): never {
      throw new Error("the getter ran")
    },
    held: "x".repeat(500),
  }
  cache.set("a", value, Infinity)
  expect(cache.get("a")).toBe(value)
  // What lies beside it counts as ever.
  cache.set("b", { held: "x".repeat(500) }, Infinity)
  expect(cache.keys("")).toHaveLength(1)
})
