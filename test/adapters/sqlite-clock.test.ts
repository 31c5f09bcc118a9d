import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { type SqliteAdapter, type SqliteOptions, sqlite } from "../../adapters/sqlite.ts"
import { CacheWrapper } from "../../src/core.ts"

// As many tokens as entries: the real bound is too large to be met in a test.
vi.mock("../../src/adapter.ts", async (original) => ({
  ...(await original<object>()),
  maxTokensOf: (maxEntries: number) => maxEntries,
}))

const today = 1_700_000_000_000

let folder: string
let file: string
let opened: SqliteAdapter[]

beforeEach(() => {
  vi.useFakeTimers({ now: today })
  folder = mkdtempSync(join(tmpdir(), "isocache-sqlite-"))
  file = join(folder, "cache.sqlite")
  opened = []
})

afterEach(() => {
  vi.useRealTimers()
  for (const cache of opened) cache.close()
  rmSync(folder, { recursive: true, force: true })
})

function setup(options: SqliteOptions = {}): { cache: SqliteAdapter; keys: () => string[] } {
  const cache = sqlite({ path: file, ...options })
  opened.push(cache)
  return { cache, keys: () => [...cache.keys("")].sort() }
}

function fill(cache: SqliteAdapter, ...keys: string[]): void {
  for (const key of keys) cache.set(key, "x", Infinity)
}

describe.each([
  ["2090", Date.UTC(2090)],
  ["2112, when ticks meet those of tokens", Date.UTC(2112, 11)],
  ["2300, when they are safe no more", Date.UTC(2300)],
  ["the last day there is", 8.64e15],
])("a clock that was for a while in %s", (_, far) => {
  test("leaves a cache that can be read and written", async () => {
    vi.setSystemTime(far)
    const cache = new CacheWrapper({ adapter: setup().cache })
    await cache.set("far", 1, { tags: ["t"] })
    expect(await cache.get("far")).toBe(1)
    vi.setSystemTime(today)
    await cache.set("near", 2, { tags: ["t"] })
    expect(await cache.get("near")).toBe(2)
    const again = new CacheWrapper({ adapter: setup().cache })
    expect(await again.get("near")).toBe(2)
    await again.set("near", 3)
    expect(await again.get("near")).toBe(3)
  })

  test("leaves no lease behind that holds a key longer than its ttl", () => {
    vi.setSystemTime(far)
    const { cache } = setup()
    expect(cache.lock("job", 1000)).toBeDefined()
    vi.setSystemTime(today)
    const lease = cache.lock("job", 1000)
    expect(lease).toBeDefined()
    expect(cache.lock("job", 1000)).toBeUndefined()
    lease?.release()
    expect(cache.lock("job", 1000)).toBeDefined()
  })

  test("changes nothing of what leaves first: the least recently used entries, by themselves", () => {
    const { cache, keys } = setup({ maxEntries: 3 })
    fill(cache, "#1", "#2", "a")
    vi.setSystemTime(far)
    fill(cache, "b", "c", "d")
    expect(keys()).toEqual(["#1", "#2", "b", "c", "d"])
    cache.get("b")
    vi.setSystemTime(today)
    fill(cache, "e")
    expect(keys()).toEqual(["#1", "#2", "b", "d", "e"])
    cache.close()
    cache.open()
    fill(cache, "f")
    expect(keys()).toEqual(["#1", "#2", "b", "e", "f"])
  })

  test("changes nothing of how long a token stays that is read now and then", () => {
    const { cache, keys } = setup({ maxEntries: 2 })
    vi.setSystemTime(far)
    fill(cache, "#1", "#2")
    vi.setSystemTime(today)
    vi.advanceTimersByTime(61_000)
    cache.get("#1")
    fill(cache, "#3")
    expect(keys()).toEqual(["#1", "#3"])
  })
})

test.each(["closed", "open"])(
  "a row whose ticks no number holds goes, found while the file is %s",
  (state) => {
    const { cache, keys } = setup()
    fill(cache, "a", "#t", "b")
    if (state === "closed") cache.close()
    const db = new DatabaseSync(file)
    db.exec("UPDATE c SET at = 9007199254740993 WHERE k <> 'b'")
    db.close()
    if (state === "closed") cache.open()
    expect(cache.get("#t")).toBeUndefined()
    expect(cache.getMany(["a", "b"])).toEqual([undefined, "x"])
    expect(cache.add("#t", "y", Infinity)).toBe(true)
    expect(keys()).toEqual(["#t", "b"])
  },
)
