import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { type SqliteAdapter, type SqliteOptions, sqlite } from "../../adapters/sqlite.ts"

// As many tokens as entries: the real bound is too large to be met in a test.
vi.mock("../../src/adapter.ts", async (original) => ({
  ...(await original<object>()),
  maxTokensOf: (maxEntries: number) => maxEntries,
}))

let folder: string
let opened: SqliteAdapter[]

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  folder = mkdtempSync(join(tmpdir(), "isocache-sqlite-"))
  opened = []
})

afterEach(() => {
  vi.useRealTimers()
  for (const cache of opened) cache.close()
  rmSync(folder, { recursive: true, force: true })
})

function setup(options: SqliteOptions): { cache: SqliteAdapter; evicted: string[]; keys: () => string[] } {
  const cache = sqlite({ path: join(folder, "cache.sqlite"), ...options })
  opened.push(cache)
  const evicted: string[] = []
  cache.observe((event) => {
    if (event.type === "evict") evicted.push(event.key)
  })
  return { cache, evicted, keys: () => [...cache.keys("")].sort() }
}

function fill(cache: SqliteAdapter, ...keys: string[]): void {
  for (const key of keys) cache.set(key, "x", Infinity)
}

test("the least recently used entry leaves first, and is reported, within one millisecond too", () => {
  const { cache, evicted, keys } = setup({ maxEntries: 3 })
  fill(cache, "a", "b", "c")
  expect(keys()).toEqual(["a", "b", "c"])
  cache.get("a")
  fill(cache, "d")
  expect(keys()).toEqual(["a", "c", "d"])
  cache.getMany(["c"])
  fill(cache, "a", "e")
  expect(keys()).toEqual(["a", "c", "e"])
  expect(evicted).toEqual(["b", "d"])
})

test("writing the same keys again evicts nothing", () => {
  const { cache, evicted, keys } = setup({ maxEntries: 3, maxBytes: 6 })
  for (let i = 0; i < 50; i++) fill(cache, "a", "b", "c")
  cache.delete("b")
  for (let i = 0; i < 50; i++) fill(cache, "a", "c", "b")
  expect(keys()).toEqual(["a", "b", "c"])
  expect(evicted).toEqual([])
})

test("access times outlive a close", () => {
  const first = setup({ maxEntries: 2 })
  fill(first.cache, "a", "b")
  first.cache.get("a")
  first.cache.close()
  const { cache, keys } = setup({ maxEntries: 2 })
  fill(cache, "c")
  expect(keys()).toEqual(["a", "c"])
})

test("a clock that was set back does not make new entries the oldest", () => {
  const first = setup({ maxEntries: 2 })
  fill(first.cache, "a", "b")
  first.cache.close()
  vi.setSystemTime(1_600_000_000_000)
  const { cache, keys } = setup({ maxEntries: 2 })
  fill(cache, "c", "d")
  expect(keys()).toEqual(["c", "d"])
})

test("access times reach other handles within seconds, written by the next operation", () => {
  const { cache } = setup({ maxEntries: 2 })
  const { cache: other, keys } = setup({ maxEntries: 2 })
  fill(cache, "a", "b")
  cache.get("a")
  vi.advanceTimersByTime(5001)
  cache.get("nothing")
  fill(other, "c")
  expect(keys()).toEqual(["a", "c"])
})

test("what is past its life leaves before anything alive", () => {
  const { cache, evicted, keys } = setup({ maxEntries: 3 })
  fill(cache, "a")
  cache.set("short", "x", 1000)
  fill(cache, "b")
  cache.get("short")
  vi.advanceTimersByTime(1000)
  fill(cache, "c")
  expect(keys()).toEqual(["a", "b", "c"])
  expect(evicted).toEqual([])
})

test("maxBytes bounds the bytes of keys and records", () => {
  const { cache, evicted, keys } = setup({ maxBytes: 1000 })
  for (const key of ["a", "b", "c", "d"]) cache.set(key, "ä".repeat(150), Infinity)
  expect(keys()).toEqual(["b", "c", "d"])
  expect(evicted).toEqual(["a"])
  cache.set("e", new Uint8Array(900), Infinity)
  expect(keys()).toEqual(["e"])
})

test("a record that could never fit is evicted at once and pushes nobody out", () => {
  const { cache, evicted, keys } = setup({ maxBytes: 100 })
  fill(cache, "a", "b")
  cache.set("a", "y".repeat(200), Infinity)
  expect(keys()).toEqual(["b"])
  expect(evicted).toEqual(["a"])
  expect(cache.add("c", "y".repeat(200), Infinity)).toBe(false)
  expect(keys()).toEqual(["b"])
})

test("tokens are not counted, leave by a bound of their own, the longest unused first, unreported", () => {
  const { cache, evicted, keys } = setup({ maxEntries: 2, maxBytes: 100 })
  fill(cache, "#1", "#2", "a", "b")
  cache.set("#2", "t".repeat(500), Infinity)
  expect(keys()).toEqual(["#1", "#2", "a", "b"])
  fill(cache, "c", "d", "e")
  expect(keys()).toEqual(["#1", "#2", "d", "e"])
  cache.get("#1")
  fill(cache, "#3")
  expect(keys()).toEqual(["#2", "#3", "d", "e"])
  expect(evicted).toEqual(["a", "b", "c"])
})

test("a token that is read now and then stays longer than one that is not", () => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  onTestFinished(() => void vi.useRealTimers())
  const { cache, keys } = setup({ maxEntries: 2 })
  fill(cache, "#1", "#2")
  vi.advanceTimersByTime(61_000)
  cache.get("#1")
  fill(cache, "#3")
  expect(keys()).toEqual(["#1", "#3"])
})

test("a setMany beyond the bound keeps its last entries", () => {
  const { cache, evicted, keys } = setup({ maxEntries: 10 })
  cache.setMany(Array.from({ length: 1000 }, (_, i) => [`k${i}`, "x", Infinity]))
  expect(keys()).toEqual(Array.from({ length: 10 }, (_, i) => `k${990 + i}`))
  expect(evicted).toHaveLength(990)
})

test("what is added counts as what is set does", () => {
  const { cache, evicted, keys } = setup({ maxEntries: 3 })
  fill(cache, "a")
  for (const key of ["b", "c", "d", "a", "e"]) cache.add(key, "x", Infinity)
  expect(keys()).toEqual(["a", "d", "e"])
  expect(evicted).toEqual(["a", "b", "c"])
})

test("a large cache stays within its bound, a little below it", () => {
  const { cache, keys } = setup({ maxEntries: 2000 })
  for (let round = 0; round < 60; round++) {
    cache.setMany(Array.from({ length: 100 }, (_, i) => [`k${round}.${i}`, "x", Infinity]))
    expect(keys().length).toBeLessThanOrEqual(2000)
  }
  expect(keys().length).toBeGreaterThanOrEqual(1960)
  expect(cache.get("k59.99")).toBe("x")
  expect(cache.get("k0.0")).toBeUndefined()
})

test("what other handles wrote counts", () => {
  const { cache, keys } = setup({ maxEntries: 5 })
  const { cache: other } = setup({ maxEntries: 5 })
  fill(cache, "a")
  for (let i = 0; i < 20; i++) {
    fill(other, `o${i}`)
    fill(cache, `c${i}`)
    expect(keys().length).toBeLessThanOrEqual(5)
  }
})

test("the bytes that other handles wrote count", () => {
  const handles = [1, 2, 3].map(() => setup({ maxBytes: 1_000_000 }))
  for (const { cache } of handles) cache.set("first", "x", Infinity)
  for (const [i, { cache, keys }] of handles.entries()) {
    for (let n = 0; n < 95; n++) cache.set(`${i}.${n}`, "x".repeat(10_000), Infinity)
    expect(keys().length).toBeLessThan(105)
  }
  for (const { cache } of handles) {
    cache.setMany(Array.from({ length: 20 }, (_, n) => [`many${n}`, "x".repeat(10_000), Infinity]))
  }
  expect(handles[0]?.keys().length).toBeLessThan(105)
})

test("entries of one moment are evicted one by one, the one just set last, whoever wrote them", () => {
  for (const [first, second] of [
    ["long", "s"],
    ["s", "long"],
  ] as const) {
    const one = setup({ maxEntries: 1, path: join(folder, `${first}.sqlite`) })
    const other = setup({ maxEntries: 1, path: join(folder, `${first}.sqlite`) })
    one.cache.open()
    other.cache.open()
    fill(one.cache, first)
    fill(other.cache, second)
    expect(other.keys()).toEqual([second])
    expect(other.evicted).toEqual([first])
  }
  const handles = [1, 2, 3, 4].map(() => setup({ maxEntries: 3 }))
  for (const { cache } of handles) cache.open()
  for (const [i, { cache }] of handles.entries()) fill(cache, `k${i}`)
  expect(handles[3]?.keys()).toHaveLength(3)
  expect(handles[3]?.cache.get("k3")).toBe("x")
})

test("a bound that was lowered is reached by and by", () => {
  const wide = setup({})
  wide.cache.setMany(Array.from({ length: 25_000 }, (_, i) => [`k${i}`, "x", Infinity]))
  wide.cache.close()
  const { cache, keys } = setup({ maxEntries: 100 })
  fill(cache, "a", "b", "c")
  expect(keys()).toHaveLength(100)
})

test("a listener that throws disturbs no other, and a stopped one gets nothing", () => {
  const { cache, evicted } = setup({ maxEntries: 1 })
  cache.observe(() => {
    throw new Error("mine")
  })
  const heard: unknown[] = []
  cache.observe((event) => heard.push(event))()
  fill(cache, "a", "b")
  expect(evicted).toEqual(["a"])
  expect(heard).toEqual([])
})
