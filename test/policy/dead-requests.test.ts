import { beforeAll, expect, test, vi } from "vitest"
import type { Stored } from "../../src/adapter.ts"
import { CacheWrapper, registerAlias } from "../../src/index.ts"
import { laneOf } from "../../src/policy/lane.ts"
import { fakeClock } from "../support/clock.ts"

// The first look tells where this runs.
beforeAll(() => void vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" }))

const never = () => new Promise<never>(() => {})

/** A cache on Workers whose storage answers nobody: the requests that ask it are over, and their timers with them. */
function setup() {
  const clock = fakeClock()
  const adapter = {
    name: "far",
    medium: "text",
    get: never,
    set: never,
    delete: never,
    clear: never,
  } as const
  const request = async (ask: (cache: CacheWrapper) => Promise<unknown>) => {
    ask(cache).catch(() => {})
    await clock.advance(1)
    vi.clearAllTimers()
  }
  const cache = new CacheWrapper({ adapter })
  return { clock, adapter, cache, request, lane: laneOf(adapter) }
}

test("of the writes of requests that are over few are kept", async () => {
  const { clock, request, lane } = setup()
  for (let i = 0; i < 100; i++) await request((cache) => cache.set(`k${i}`, i))
  expect(lane.writes.size).toBe(100)
  await clock.advance(60_000)
  for (let i = 0; i < 10; i++) await request((cache) => cache.set(`other ${i}`, i))
  expect(lane.writes.size).toBe(10)
})

test("of the loads of requests that are over few are kept", async () => {
  const { clock, cache, request } = setup()
  for (let i = 0; i < 10_100; i++) cache.getOrSet(`k${i}`, never).catch(() => {})
  await clock.advance(1)
  vi.clearAllTimers()
  await clock.advance(60_000)
  await request((cache) => cache.getOrSet("other", never))
  expect([cache.isLoading("k0"), cache.isLoading("k10099"), cache.isLoading("other")]).toEqual([
    false,
    true,
    true,
  ])
})

test("of the batches of requests that are over few are kept", async () => {
  const { clock, cache, lane } = setup()
  for (let i = 0; i < 1100; i++) cache.batch(never).catch(() => {})
  await import("../../src/batch.ts") // Which they wait for.
  await clock.advance(1)
  expect(lane.watchers.size).toBe(1000)
})

test("of the storages that requests have put in place of one another only the last is kept", async () => {
  const { adapter, request } = setup()
  class Open extends CacheWrapper {
    get storages(): number {
      return this.kit.shared.engines.size
    }
  }
  const cache = new Open({ adapter })
  for (let i = 0; i < 10; i++) {
    await request(() => cache.get(`k${i}`))
    cache.use({ ...adapter })
  }
  expect(cache.storages).toBe(1)
})

test("a write that dies holds back the next one for its own time, however long the line it stood in", async () => {
  const clock = fakeClock()
  let writes = 0
  const adapter = {
    name: "far",
    medium: "text",
    get: async () => undefined,
    set: (key: string) => (key === "k" && ++writes === 5 ? never() : clock.after(20, undefined)),
    delete: async () => false,
    clear: async () => {},
  } as const
  const cache = await new CacheWrapper({ adapter }).ready()
  for (let i = 0; i < 5; i++) {
    cache.set("k", i).catch(() => {})
    await clock.advance(1)
  }
  while (writes < 5) await clock.advance(10)
  const time = Date.now()
  vi.clearAllTimers()
  vi.setSystemTime(time)
  const next = cache.set("k", "next")
  await clock.advance(5000)
  expect(await Promise.race([next, "waits"])).toBeUndefined()
})

test("a load takes a lease only where something keeps its request alive to give it back", async () => {
  let leases = 0
  const adapter = {
    name: "far",
    medium: "text",
    get: async () => undefined,
    set: async () => {},
    delete: async () => false,
    clear: async () => {},
    lock: async () => {
      leases++
      return { release: async () => {} }
    },
  } as const
  const cache = new CacheWrapper({ adapter })
  expect(await cache.getOrSet("k", () => 1)).toBe(1)
  expect(leases).toBe(0)
  expect(await cache.bind({ waitUntil() {} }).getOrSet("k", () => 2)).toBe(2)
  expect(leases).toBe(1)
})

test.each<[string, (cache: CacheWrapper) => Promise<unknown>]>([
  ["set", (cache) => cache.set("k", 2)],
  ["setMany", (cache) => cache.setMany({ k: 2 })],
  ["touch", (cache) => cache.touch("k")],
  ["delete", (cache) => cache.delete("k")],
  ["expire", (cache) => cache.expire("k")],
  ["invalidateTags", (cache) => cache.invalidateTags("t")],
  ["invalidate", (cache) => cache.invalidate()],
  ["clear", (cache) => cache.clear()],
  ["prune", (cache) => cache.prune()],
  ["close", (cache) => cache.close()],
])("%s keeps its request alive until it is done, though nobody waits for it", async (_, write) => {
  const clock = fakeClock()
  const records = new Map<string, Stored>()
  const late = <T>(answer: T) => clock.after(50, answer)
  registerAlias("far", () => ({
    name: "far",
    medium: "text",
    get: async (key: string) => records.get(key),
    set: (key: string, record: Stored) => late(void records.set(key, record)),
    delete: (key: string) => late(records.delete(key)),
    clear: () => late(records.clear()),
    prune: () => late(0),
    close: () => late(undefined),
  }))
  const cache = new CacheWrapper({ adapter: "far" })
  const first = cache.set("k", 1, { tags: ["t"] })
  await clock.advance(200)
  await first
  const works: Promise<unknown>[] = []
  let isDone = false
  write(cache.bind({ waitUntil: (work) => void works.push(work) })).then(() => {
    isDone = true
  })
  let isOver = false
  Promise.all(works).then(() => {
    isOver = true
  })
  for (let ms = 0; ms < 500 && !isDone; ms++) {
    expect(isOver).toBe(false)
    await clock.advance(1)
  }
  expect(isDone).toBe(true)
})
