import { beforeAll, expect, test, vi } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import type { StandardSchemaV1 } from "../../src/types.ts"
import { fakeClock } from "../support/clock.ts"

// The first look tells where this runs: those who join a load of another request look at it by timers of their own.
beforeAll(() => void vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" }))

/** A cache that may share loads between requests, on a storage that takes `ms` to write. */
function setup(ms: number) {
  const clock = fakeClock()
  const records = new Map<string, unknown>()
  const shared = new CacheWrapper({
    adapter: {
      name: "far",
      medium: "text",
      get: async (key) => records.get(key),
      set: (key, record) => clock.after(ms, undefined).then(() => void records.set(key, record)),
      delete: async (key) => records.delete(key),
      clear: async () => records.clear(),
    },
  })
  return { clock, cache: shared.bind({ waitUntil() {} }) }
}

/** Changes what it got. */
async function change(load: Promise<number[]>): Promise<number[]> {
  const value = await load
  value.push(99)
  return value
}

test("what a request does to its value, one that came while it was stored does not see", async () => {
  const { clock, cache } = setup(100)
  const first = change(cache.getOrSet("k", () => [1]))
  await clock.advance(150)
  expect(cache.isLoading("k")).toBe(true)
  const second = cache.getOrSet<number[]>("k", () => [2])
  await clock.advance(1000)
  expect(await Promise.all([first, second])).toEqual([[1, 99], [1]])
})

test("nor does one that judges what the other has loaded by a schema of its own", async () => {
  const { clock, cache } = setup(1)
  const schema: StandardSchemaV1<unknown, number[]> = {
    "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as number[] }) }, // As stored.
  }
  const first = change(cache.getOrSet("k", () => clock.after(50, [1])))
  await clock.advance(20)
  const second = cache.getOrSet<number[]>("k", () => [2], { schema })
  await clock.advance(1000)
  expect(await Promise.all([first, second])).toEqual([[1, 99], [1]])
})

test("who joined a load whose value cannot be copied waits for one of its own, not for those of others", async () => {
  const { clock, cache } = setup(1)
  const starts: number[] = []
  const begun = clock.now()
  const load = () => {
    starts.push(clock.now() - begun)
    return clock.after(100, new Response("x"))
  }
  const asked: Promise<Response>[] = []
  for (let request = 0; request < 4; request++) {
    asked.push(cache.getOrSet("k", load))
    await clock.advance(10)
  }
  await clock.advance(1000)
  expect(new Set(await Promise.all(asked)).size).toBe(4)
  expect(starts.length).toBe(4)
  expect(Math.max(...starts)).toBeLessThan(200)
})
