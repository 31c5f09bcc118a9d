import { inspect } from "node:util"
import { expect, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type Adapter, type AdapterEvent, CacheWrapper, registerAlias } from "../../src/index.ts"
import { fakeClock } from "../support/clock.ts"

registerAlias("refused", () => {
  throw new Error("redis://u:s3cret@host refused")
})
registerAlias("refused late", () => Promise.reject(new Error("redis://u:s3cret@host refused")))

const adapters = {
  "open rejects": { ...memory(), open: () => Promise.reject(new Error("redis://u:s3cret@host refused")) },
  "open throws": {
    ...memory(),
    open: () => {
      throw new Error("redis://u:s3cret@host refused")
    },
  },
  "the alias throws": "refused",
  "the alias rejects": "refused late",
}

test.each(Object.entries(adapters))(
  "where %s, ready and writes reject with ADAPTER_UNAVAILABLE, its cause and the cure",
  async (_, adapter) => {
    const cache = new CacheWrapper({ adapter })
    const told: unknown[] = []
    cache.on("error", ({ error }) => told.push(error))
    const errors: unknown[] = []
    for (const way of [
      () => cache.ready(),
      () => cache.set("k", 1),
      () => cache.delete("k"),
      () => cache.clear(),
      () => cache.batch(() => {}),
    ]) {
      await way().catch((error: unknown) => errors.push(error))
    }
    expect(errors.length).toBe(5)
    expect(await cache.getOrSet("k", () => 5)).toBe(5)
    expect(told.length).toBeGreaterThan(0)
    for (const error of [...errors, ...told]) {
      expect(error).toMatchObject({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringMatching(/redis:\/\/host refused.*adapter/),
        cause: { message: "redis://host refused" },
      })
      expect(inspect(error)).not.toContain("s3cret")
    }
  },
)

test("what an adapter reports while it opens is an event, also if it then opens", async () => {
  const listeners = new Set<(event: AdapterEvent) => void>()
  const adapter: Adapter = {
    ...memory(),
    observe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async open() {
      await undefined
      for (const listener of [...listeners]) listener({ type: "error", error: new Error("mended a file") })
    },
  }
  const cache = new CacheWrapper({ adapter })
  const told: unknown[] = []
  cache.on("error", ({ error }) => told.push(String(error)))
  await cache.set("k", 1)
  expect(await cache.get("k")).toBe(1)
  expect(told).toEqual(["Error: mended a file"])
  expect(listeners.size).toBe(1)
})

test("what an alias has made is closed where it cannot be used, each time", async () => {
  let made = 0
  let closed = 0
  let isDown = true
  registerAlias("pooled", () => {
    made++
    const open = () => {
      if (isDown) throw new Error("nobody there")
    }
    return { ...memory(), open, close: () => void closed++ }
  })
  const cache = new CacheWrapper({ adapter: "pooled" })
  expect(await cache.getOrSet("a", () => 1)).toBe(1)
  await expect(cache.set("b", 1)).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  vi.stubEnv("ISOCACHE_ADAPTER", "pooled")
  const auto = new CacheWrapper({ adapter: "auto" })
  await auto.set("c", 1)
  vi.unstubAllEnvs()
  expect(auto.adapter.name).toBe("memory")
  isDown = false
  const wrong = new CacheWrapper({ adapter: "pooled", compress: { threshold: -1 } })
  await expect(wrong.ready()).rejects.toMatchObject({ code: "OPTION_INVALID" })
  expect(made).toBeGreaterThan(3)
  expect(closed).toBe(made)
  await cache.set("d", 1)
  expect(closed).toBe(made - 1)
  await cache.close()
  expect(closed).toBe(made)
})

test("once a cache is closed, a call that still waits does not open its storage, nor write to it", async () => {
  const clock = fakeClock()
  let loads = 0
  let closes = 0
  const written: string[] = []
  registerAlias("opens at the third try", async () => {
    loads++
    const isLast = loads > 2
    await clock.after(40, undefined)
    if (!isLast) throw new Error("nobody there")
    return { ...memory(), set: (key) => void written.push(key), close: () => void closes++ }
  })
  for (const [before, after] of [
    [0, 2],
    [1, 3],
  ] as const) {
    loads = before
    const cache = new CacheWrapper({ adapter: "opens at the third try", storeTimeout: 50 })
    const standIn = cache.adapter
    const writes = Promise.allSettled([1, 2, 3].map((value) => cache.set("k", value)))
    let isClosed = false
    cache.close().then(() => {
      isClosed = true
    })
    await clock.advance(50)
    expect(isClosed).toBe(true)
    await clock.advance(1000)
    expect(await writes).toMatchObject([
      { reason: { code: "ADAPTER_UNAVAILABLE" } },
      { reason: { code: before === 0 ? "ADAPTER_UNAVAILABLE" : "CLOSED" } },
      { reason: { code: "CLOSED" } },
    ])
    await expect(standIn.set("k", 1, 1000)).rejects.toMatchObject({ code: "CLOSED" })
    expect(loads).toBe(after)
    expect(written).toEqual([])
  }
  expect(closes).toBe(1)
})
