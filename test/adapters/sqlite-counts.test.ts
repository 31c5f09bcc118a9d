import { DatabaseSync, type StatementSync } from "node:sqlite"
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { type SqliteAdapter, type SqliteOptions, sqlite } from "../../adapters/sqlite.ts"

// A bound that is met in a test, and large enough for slack.
vi.mock("../../src/adapter.ts", async (original) => ({
  ...(await original<object>()),
  maxTokensOf: () => 2000,
}))

const realProcess = process

let cache: SqliteAdapter
/** What is run before a statement or command of this text; it may throw. */
let before: ((sql: string) => void) | undefined
/** How many rows were counted so far. */
let counted: number

/** SQLite, which tells what it is asked. */
class Heard extends DatabaseSync {
  override exec(sql: string): void {
    before?.(sql)
    super.exec(sql)
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql)
    const get = statement.get.bind(statement)
    return Object.assign(statement, {
      get: (...values: Parameters<typeof get>) => {
        const row = get(...values)
        if (sql.includes("count(*)")) counted += Number(row?.["n"])
        return row
      },
    })
  }
}

beforeEach(() => {
  before = undefined
  counted = 0
  vi.stubGlobal("process", {
    getBuiltinModule: (name: string) =>
      name === "node:sqlite" ? { DatabaseSync: Heard } : realProcess.getBuiltinModule(name),
  })
})

afterEach(() => {
  vi.unstubAllGlobals()
  cache.close()
})

function setup(options: SqliteOptions): { evicted: string[]; keys: () => string[] } {
  cache = sqlite({ path: ":memory:", ...options })
  const evicted: string[] = []
  cache.observe((event) => {
    if (event.type === "evict") evicted.push(event.key)
  })
  return { evicted, keys: () => [...cache.keys("")] }
}

function fill(count: number, prefix = "k"): void {
  cache.setMany(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, "x", Infinity]))
}

/** Lets the next command `sql` fail. */
function failOnce(sql: string): void {
  before = (asked) => {
    if (asked !== sql) return
    before = undefined
    throw new Error("not now")
  }
}

test.each([{ maxEntries: 1000 }, { maxBytes: 8000 }])(
  "a setMany of more keys than a call takes arguments comes down to its bound: %j",
  (bound) => {
    const { evicted, keys } = setup(bound)
    fill(140_000)
    const { length } = keys()
    expect(length).toBeGreaterThanOrEqual(980)
    expect(length).toBeLessThanOrEqual(1000)
    expect(evicted).toHaveLength(140_000 - length)
    cache.set("a", "x", Infinity)
    expect(keys()).toContain("a")
    expect(keys()).toContain("k139999")
  },
)

test("an eviction that could not be committed is reported by nobody, and done by the next write", () => {
  const { evicted, keys } = setup({ maxEntries: 100 })
  fill(100)
  // The first one is the batch's own.
  before = (sql) => {
    if (sql === "COMMIT") failOnce("COMMIT")
  }
  expect(() => fill(1000)).toThrow(expect.objectContaining({ code: "ADAPTER_UNAVAILABLE" }))
  expect(keys()).toHaveLength(1000)
  expect(evicted).toEqual([])
  cache.delete("k999")
  cache.set("a", "x", Infinity)
  expect(keys()).toHaveLength(100)
  expect(evicted).toHaveLength(900)
})

test("a batch that was rolled back leaves the counts as they were", () => {
  const { keys } = setup({ maxEntries: 10 })
  fill(10)
  const broken = () =>
    cache.setMany([
      ["k0", "x", 0],
      ["k1", "x", 0],
      ["k2", 42, Infinity],
    ])
  for (let i = 0; i < 5; i++) expect(broken).toThrow(expect.objectContaining({ code: "VALUE_UNSUPPORTED" }))
  cache.set("a", "x", Infinity)
  expect(keys()).toHaveLength(10)
})

test("tokens beyond their bound leave with slack, however few entries are kept", () => {
  const { keys } = setup({ maxEntries: 10 })
  fill(2000, "#")
  expect(keys()).toHaveLength(2000)
  cache.set("#new", "x", Infinity)
  expect(keys()).toHaveLength(1960)
  expect(keys()).toContain("#new")
})

test("a full cache of few entries counts these again to make room, and not the tokens", () => {
  const { keys } = setup({ maxEntries: 10 })
  fill(1000, "#")
  fill(10)
  counted = 0
  for (let i = 0; i < 5; i++) cache.set(`a${i}`, "x", Infinity)
  expect(counted).toBeLessThanOrEqual(5 * 11)
  expect(keys()).toHaveLength(1010)
})

const removals: Record<string, (prefix: string, count: number) => void> = {
  clear: (prefix) => cache.clear(prefix),
  delete: (prefix, count) => {
    for (let i = 0; i < count; i++) cache.delete(`${prefix}${i}`)
  },
  deleteMany: (prefix, count) => cache.deleteMany(Array.from({ length: count }, (_, i) => `${prefix}${i}`)),
}

test.each(Object.entries(removals))(
  "what a %s removed makes room, and nothing is counted anew",
  (_, remove) => {
    // 60 entries of 230 bytes and 40 of 190, twice.
    for (const bound of [{ maxEntries: 100 }, { maxBytes: 420 }]) {
      const { evicted, keys } = setup(bound)
      fill(60)
      fill(40, "r:")
      fill(2000, "#")
      counted = 0
      remove("r:", 40)
      fill(40, "s:")
      remove("#", 2000)
      fill(2000, "#")
      expect(counted).toBe(0)
      expect(evicted).toEqual([])
      expect(keys()).toHaveLength(2100)
      cache.close()
    }
  },
)

test("what a prune removed makes room, without a new count", () => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  onTestFinished(() => void vi.useRealTimers())
  const { evicted, keys } = setup({ maxBytes: 420 })
  fill(60)
  cache.setMany(Array.from({ length: 40 }, (_, i) => [`r:${i}`, "x", 1000]))
  counted = 0
  expect(cache.prune(Date.now() + 1000)).toBe(40)
  fill(40, "s:")
  expect(counted).toBe(0)
  expect(evicted).toEqual([])
  expect(keys()).toHaveLength(100)
})
