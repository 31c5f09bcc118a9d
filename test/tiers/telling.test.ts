import { expect, onTestFinished, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { delegate, retry } from "../../src/proxies.ts"
import { type Bus, type BusMessage, memoryBus, tiered } from "../../src/tiers.ts"
import { custom } from "../support/adapters.ts"

/** A storage with a bus that reaches all caches over it, a handle on it for each, and what was published. */
function setup(when: "sync" | "async" = "async") {
  const bus = memoryBus()
  const sent: BusMessage[] = []
  bus.subscribe((message) => sent.push(message))
  const far: Adapter = { ...custom("object", when), bus }
  const open = (options: object = {}) => {
    const cache = new CacheWrapper({ adapter: far, ttl: "1d", ...options })
    onTestFinished(() => cache.close())
    return cache
  }
  return { bus, sent, far, open }
}

test.each([
  ["sync", {}],
  ["async", {}],
  ["sync", { near: true }],
  ["async", { near: true }],
] as const)("a near tier sees what a cache beside it changes: %s, %j", async (when, options) => {
  const { open } = setup(when)
  const [page, writer] = [open({ near: true }), open(options)]
  await writer.set("k", 1, { tags: ["t"] })
  expect(await page.get("k")).toBe(1)
  await writer.set("k", 2, { tags: ["t"] })
  expect(await page.get("k")).toBe(2)
  await writer.invalidateTags("t")
  expect(await page.get("k")).toBeUndefined()
  await writer.setMany([["k", 3]])
  expect(await page.get("k")).toBe(3)
  await writer.delete("k")
  expect(await page.get("k")).toBeUndefined()
  await writer.set("k", 4)
  expect(await page.get("k")).toBe(4)
  await writer.invalidate()
  expect(await page.get("k")).toBeUndefined()
  await writer.set("k", 5)
  expect(await page.get("k")).toBe(5)
  await writer.clear()
  expect(await page.get("k")).toBeUndefined()
})

test("over a storage with a bus of its own near copies do not age, and writing keeps them", async () => {
  const { far } = setup()
  const lives: number[] = []
  const near = memory()
  const spied = delegate(near, {
    set(key, record, ttl) {
      lives.push(ttl)
      return near.set(key, record, ttl)
    },
  })
  const tiers = tiered({ near: { ...spied, copy: "clone" }, far })
  await tiers.set("k", 1, 600_000)
  await Promise.resolve()
  expect(lives).toEqual([expect.closeTo(600_000, -3)])
  expect(tiers.peek?.("k")).toBe(1)
})

test("reads tell nothing, the writes of a turn are one message, and it holds no value", async () => {
  const { sent, open } = setup("sync")
  const cache = open()
  await cache.set("first", 1) // brings the version tokens
  sent.length = 0
  await cache.get("a")
  await cache.getMany(["a", "b"])
  expect(sent).toEqual([])
  await Promise.all([cache.set("a", "secret"), cache.set("b", "secret")])
  expect(sent).toEqual([{ isocache: 1, origin: expect.stringMatching(/./), keys: ["a", "b"], prefixes: [] }])
})

test("batches of writes and removals are announced, and so is a version that is created", async () => {
  const bus = memoryBus()
  const told: string[] = []
  bus.subscribe(({ keys, begins }) => told.push(...(begins ? [] : keys)))
  const cache = new CacheWrapper({ adapter: { ...memory(), bus } })
  await cache.setMany({ a: 1, b: 2 })
  await Promise.resolve()
  expect(told).toEqual(expect.arrayContaining(["a", "b", expect.stringMatching(/^#/)]))
  expect(await cache.getMany(["a", "b"])).toEqual([1, 2])
  told.length = 0
  expect(await cache.delete("a", "b")).toBe(2)
  expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
  await Promise.resolve()
  expect(told).toEqual(["a", "b"])
})

test("a write that fails is announced, too, because it may have reached the storage", async () => {
  const { sent, far, open } = setup("sync")
  const boom = () => {
    throw new Error("boom")
  }
  const keys = () => sent.flatMap((message) => message.keys)
  await expect(open({ adapter: { ...far, set: tokensOnly(far, boom) } }).set("k", 1)).rejects.toThrow("boom")
  expect(keys()).toContain("k")
  const late = async () => boom()
  await expect(open({ adapter: { ...far, set: tokensOnly(far, late) } }).set("l", 1)).rejects.toThrow("boom")
  expect(keys()).toContain("l")
})

/** A `set` that fails for entries and not for version tokens. */
function tokensOnly(far: Adapter, fail: () => Promise<void> | void): Adapter["set"] {
  return (key, record, ttl) => (key.startsWith("#") ? far.set(key, record, ttl) : fail())
}

test("a tier with another bus tells the storage's own as well", async () => {
  const { open, far } = setup()
  const page = open({ near: true })
  const other = open({ adapter: tiered({ near: memory(), far, bus: memoryBus() }) })
  await page.set("k", 1)
  await other.set("k", 2)
  expect(await page.get("k")).toBe(2)
})

test("a proxy keeps the bus of what it wraps", async () => {
  const { bus, far, open } = setup()
  expect(retry(far).bus).toBe(bus)
  const page = open({ near: true })
  const writer = open({ adapter: retry(far) })
  await page.set("k", 1)
  await writer.set("k", 2)
  expect(await page.get("k")).toBe(2)
})

test("a bus that throws harms no write", async () => {
  const { far, open } = setup()
  const down = (): never => {
    throw new Error("down")
  }
  const bus: Bus = { publish: down, subscribe: down }
  const cache = open({ adapter: { ...far, bus } })
  const errors: unknown[] = []
  cache.on("error", ({ error }) => errors.push(error))
  await cache.set("k", 1)
  await Promise.resolve()
  expect(await cache.get("k")).toBe(1)
  expect(errors.map(String)).toContain("Error: down")
})
