import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { type SqliteAdapter, sqlite } from "../../adapters/sqlite.ts"
import { CacheError } from "../../src/base/errors.ts"

let folder: string
let cache: SqliteAdapter

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isocache-sqlite-"))
  cache = sqlite({ path: join(folder, "cache.sqlite") })
})

afterEach(() => {
  vi.useRealTimers()
  cache.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The same file, opened again. */
function reopened(): SqliteAdapter {
  cache.close()
  cache.open()
  return cache
}

const hostileKeys = [
  "",
  ".",
  "..",
  "/",
  ":",
  "a\0b",
  "a",
  "a\0",
  "\0",
  "\u001b",
  "\u001b0000",
  "\\u0000",
  "\ud800",
  "\ud83d",
  "\ude00",
  "😀",
  "\ude00\ud83d",
  "\ufffd",
  "\uffff",
  "\ufeff",
  "\ufeffa",
  "ä",
  "a\u0308",
  "42",
  "4.2e1",
  "'; DROP TABLE c; --",
  '"',
  "line\nbreak\r\n\t",
  "__proto__",
  "constructor",
  "%_*?[a]",
  "A",
]

describe("keys", () => {
  test("any string is a key of its own, and comes back from keys()", () => {
    for (const [i, key] of hostileKeys.entries()) cache.set(key, `record ${i}`, Infinity)
    reopened()
    for (const [i, key] of hostileKeys.entries()) expect(cache.get(key)).toBe(`record ${i}`)
    expect(cache.getMany(hostileKeys)).toEqual(hostileKeys.map((_, i) => `record ${i}`))
    expect([...cache.keys("")].sort()).toEqual([...hostileKeys].sort())
    expect(cache.deleteMany(hostileKeys)).toBe(hostileKeys.length)
    expect([...cache.keys("")]).toEqual([])
  })

  test("keys of 100 kB that differ in their last letter are two keys", () => {
    const long = "k".repeat(100_000)
    cache.setMany([
      [`${long}a`, "a", Infinity],
      [`${long}b`, "b", Infinity],
    ])
    expect(cache.getMany([`${long}b`, `${long}a`, long])).toEqual(["b", "a", undefined])
    expect([...cache.keys(long)]).toEqual([`${long}a`, `${long}b`])
  })

  test("a prefix sees and clears the keys that start with it, and nothing else", () => {
    const prefixes = [
      "a",
      "a:",
      "\ud83d",
      "😀",
      "\uffff",
      "\udbff\udfff",
      "\ud7ff",
      "\0",
      "\u001b",
      "a\ud83d",
      "ä",
      "#",
      "%",
      "_",
    ]
    const keys = prefixes.flatMap((prefix) => [
      prefix,
      `${prefix}x`,
      `${prefix}\ude00`,
      `${prefix}\udfffz`,
      `${prefix}\uffff`,
    ])
    const all = [...new Set([...keys, ...hostileKeys, "b", "😁", "a\ud83c\udf00", "\ue000", "\u{10000}"])]
    for (const prefix of [...prefixes, ""]) {
      cache.setMany(all.map((key) => [key, "x", Infinity]))
      const inside = all.filter((key) => key.startsWith(prefix)).sort()
      expect([...cache.keys(prefix)].sort(), JSON.stringify(prefix)).toEqual(inside)
      cache.clear(prefix)
      expect([...cache.keys("")].sort(), JSON.stringify(prefix)).toEqual(
        all.filter((key) => !key.startsWith(prefix)).sort(),
      )
    }
  })

  test("keys() goes page by page, also while rows come and go", () => {
    const names = Array.from({ length: 1800 }, (_, i) => `k${String(i).padStart(5, "0")}`)
    cache.setMany(names.map((name) => [name, "x", Infinity]))
    const seen: string[] = []
    for (const name of cache.keys("k")) {
      seen.push(name)
      cache.delete(name)
      if (seen.length === 700) cache.delete("k01500")
    }
    expect(seen).toEqual(names.filter((name) => name !== "k01500"))
    expect([...cache.keys("k")]).toEqual([])
  })
})

describe("records", () => {
  test("text and bytes come back as they were", () => {
    const records = [
      "",
      "\0",
      "a\0b",
      "\ud800",
      "x\udfff\0y",
      "\ufeffbom",
      "😀",
      "123",
      "1e3",
      "x".repeat(1_000_000),
      "\ud800".repeat(50_001),
    ]
    for (const record of records) {
      cache.set("k", record, Infinity)
      expect(cache.get("k") === record, JSON.stringify(record.slice(0, 10))).toBe(true)
    }
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(0),
      Uint8Array.of(1, 2, 3),
      new Uint8Array(1_000_000).fill(7),
    ]) {
      cache.set("k", bytes, Infinity)
      expect(cache.get("k")).toEqual(bytes)
      expect(cache.getMany(["k"])).toEqual([bytes])
    }
  })

  test("anything else is refused, naming the key and never the value", () => {
    for (const record of [undefined, null, 42, { secret: "s3cret" }, new ArrayBuffer(1)]) {
      expect(() => cache.set("the key", record, 1000)).toThrow(
        expect.objectContaining({
          code: "VALUE_UNSUPPORTED",
          key: "the key",
          message: expect.not.stringContaining("s3cret"),
        }),
      )
    }
    expect(() =>
      cache.setMany([
        ["a", "a", 1000],
        ["b", 1, 1000],
      ]),
    ).toThrow(CacheError)
    expect(cache.get("a")).toBeUndefined()
  })

  test("getMany keeps order and duplicates, beyond one statement too", () => {
    const keys = Array.from({ length: 2500 }, (_, i) => `k${i}`)
    cache.setMany(keys.map((key) => [key, `=${key}`, Infinity]))
    const asked = [...keys, "absent", ...keys.toReversed()]
    expect(cache.getMany(asked)).toEqual(asked.map((key) => (key === "absent" ? undefined : `=${key}`)))
    expect(cache.getMany([])).toEqual([])
    expect(cache.deleteMany([...keys, ...keys])).toBe(2500)
  })

  test("setMany writes all or nothing, the last of equal keys winning", () => {
    cache.setMany([
      ["a", "1", Infinity],
      ["a", "2", Infinity],
    ])
    expect(cache.get("a")).toBe("2")
    cache.setMany([])
  })

  test("everything answers without a promise", () => {
    const answers = [
      cache.set("a", "1", 1000),
      cache.get("a"),
      cache.delete("a"),
      cache.clear(""),
      cache.getMany(["a"]),
      cache.setMany([["a", "1", 1000]]),
      cache.deleteMany(["a"]),
      cache.add("a", "1", 1000),
      cache.lock("a", 1000),
      cache.prune(0),
      cache.open(),
      cache.close(),
    ]
    for (const answer of answers) expect(Object(answer).then).toBeUndefined()
  })

  test("a copy of the adapter is another handle on the same storage", () => {
    const copy = { ...cache }
    copy.set("a", "1", Infinity)
    expect(cache.get("a")).toBe("1")
  })
})

describe("time", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
  })

  test("a record ends to the millisecond, and can be read until it is pruned", () => {
    cache.set("a", "1", 1000)
    vi.setSystemTime(1_700_000_000_999)
    expect(cache.get("a")).toBe("1")
    expect(cache.getMany(["a"])).toEqual(["1"])
    vi.setSystemTime(1_700_000_001_000)
    expect([...cache.keys("")]).toEqual([])
    expect(cache.get("a")).toBe("1")
    expect(cache.getMany(["a"])).toEqual(["1"])
    expect(cache.add("a", "2", 1000)).toBe(true)
    vi.setSystemTime(1_700_000_002_000)
    expect(cache.delete("a")).toBe(false)
    cache.set("a", "1", 1000)
    vi.setSystemTime(1_700_000_003_000)
    expect(cache.prune(Date.now())).toBe(1)
    expect(cache.get("a")).toBeUndefined()
  })

  test("a ttl of Infinity, or beyond all dates, keeps the record; zero and less drop it", () => {
    cache.setMany([
      ["a", "1", Infinity],
      ["b", "1", Number.MAX_VALUE],
      ["c", "1", 60 * 86_400_000],
      ["d", "1", 0.5],
    ])
    expect(cache.getMany(["a", "b", "c", "d"])).toEqual(["1", "1", "1", "1"])
    cache.set("a", "2", 0)
    cache.set("b", "2", -5)
    cache.set("c", "2", Number.NaN)
    expect(cache.getMany(["a", "b", "c"])).toEqual([undefined, undefined, undefined])
  })

  test("a replaced record gets a new deadline", () => {
    cache.set("a", "1", 1000)
    cache.set("a", "2", Infinity)
    vi.advanceTimersByTime(10_000)
    expect(cache.get("a")).toBe("2")
  })

  test("add sets what is absent or past its life, and only that", () => {
    expect(cache.add("a", "1", 1000)).toBe(true)
    expect(cache.add("a", "2", 1000)).toBe(false)
    expect(cache.get("a")).toBe("1")
    vi.advanceTimersByTime(1000)
    expect(cache.add("a", "3", Infinity)).toBe(true)
    vi.advanceTimersByTime(1e9)
    expect(cache.add("a", "4", 1000)).toBe(false)
    expect(cache.get("a")).toBe("3")
  })

  test("delete counts live records only", () => {
    cache.setMany([
      ["a", "1", 1000],
      ["b", "1", 5000],
      ["c", "1", Infinity],
    ])
    vi.advanceTimersByTime(2000)
    expect(cache.deleteMany(["a", "b", "nothing"])).toBe(1)
    expect(cache.delete("c")).toBe(true)
    expect(cache.delete("c")).toBe(false)
  })

  test("prune drops what is past its life, in chunks, and says how many", async () => {
    cache.setMany(Array.from({ length: 12_000 }, (_, i) => [`k${i}`, "x", i < 11_000 ? 1000 : 9000]))
    cache.set("kept", "x", Infinity)
    vi.useRealTimers()
    expect(await cache.prune(1_700_000_001_000)).toBe(11_000)
    expect(await cache.prune(1_700_000_001_000)).toBe(0)
    vi.useFakeTimers({ now: 1_700_000_001_000 })
    expect([...cache.keys("")]).toHaveLength(1001)
  })

  test("a lease excludes, ends by itself, and is given back by its owner only", () => {
    const first = cache.lock("job", 1000)
    expect(first).toBeDefined()
    expect(cache.lock("job", 1000)).toBeUndefined()
    expect(cache.lock("another job", 1000)).toBeDefined()
    vi.advanceTimersByTime(1000)
    const second = cache.lock("job", 1000)
    expect(second).toBeDefined()
    first?.release()
    expect(cache.lock("job", 1000)).toBeUndefined()
    second?.release()
    const third = cache.lock("job", 1000)
    expect(third).toBeDefined()
    second?.release()
    expect(cache.lock("job", 1000)).toBeUndefined()
  })

  test("clear and the keys of records leave leases alone", () => {
    cache.lock("job", 1000)
    cache.clear("")
    expect(cache.lock("job", 1000)).toBeUndefined()
    expect([...cache.keys("")]).toEqual([])
    expect(cache.add("job", "1", 1000)).toBe(true)
  })
})

describe("life", () => {
  test("what was written is there after close and open", () => {
    cache.set("a", "1", Infinity)
    expect(reopened().get("a")).toBe("1")
  })

  test("close is idempotent; afterwards operations throw CLOSED until open", () => {
    const lease = cache.lock("job", 60_000)
    cache.close()
    cache.close()
    expect(() => cache.get("a")).toThrow(expect.objectContaining({ code: "CLOSED" }))
    expect(() => cache.set("a", "1", 1)).toThrow(expect.objectContaining({ code: "CLOSED" }))
    expect(() => lease?.release()).not.toThrow()
    cache.open()
    expect(cache.get("a")).toBeUndefined()
  })

  test(":memory: makes no file and forgets on close", () => {
    const memory = sqlite({ path: ":memory:" })
    memory.set("a", "1", Infinity)
    expect(memory.get("a")).toBe("1")
    memory.close()
    memory.open()
    expect(memory.get("a")).toBeUndefined()
    memory.close()
  })

  test.each([
    [{ file: "x" }, /"file".*path, maxEntries, maxBytes/],
    [{ path: 5 }, /path of sqlite\(\) must be the name of a file/],
    [{ path: "" }, /path of sqlite\(\) must be the name of a file/],
    [{ maxEntries: 0 }, /maxEntries of sqlite\(\) must be a whole number/],
    [{ maxEntries: 1.5 }, /maxEntries of sqlite\(\) must be a whole number/],
    [{ maxEntries: "7" }, /maxEntries of sqlite\(\) must be a whole number/],
    [{ maxBytes: Number.NaN }, /maxBytes of sqlite\(\) must be/],
    [null, /object/],
  ])("the options %j are refused with their name", (options, message) => {
    expect(() => sqlite(options as any)).toThrow(
      expect.objectContaining({ code: "ADAPTER_OPTIONS", message: expect.stringMatching(message) }),
    )
  })

  test("an option that is undefined is unset", () => {
    expect(() => sqlite({ path: undefined, maxEntries: undefined, maxBytes: undefined })).not.toThrow()
  })
})
