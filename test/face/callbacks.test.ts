import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper, memoized } from "../../src/index.ts"
import { setup, unheard } from "../support/setup.ts"

const rejects = (): never => Promise.reject(new Error("the callback's own trouble")) as never // As any async function may.
const throws = (): never => {
  throw new Error("the callback's own trouble")
}
const broken: Adapter = { ...memory(), get: throws }

describe("a callback that throws or rejects disturbs nobody", () => {
  test.each([
    ["throws", throws],
    ["rejects", rejects],
    // A thenable of another realm, or of a library.
    ["answers a thenable that rejects", () => ({ then: (_: unknown, no: () => void) => no() })],
  ])("when it %s", async (_, callback) => {
    const heard = unheard()
    const told = new CacheWrapper({ adapter: broken, onError: callback })
    told.on("error", callback)
    expect(await told.get("k")).toBeUndefined()
    expect(await told.region("r", { onError: callback }).get("k")).toBeUndefined()

    const cache = new CacheWrapper({ adapter: memory() })
    cache.on("*", callback)
    const f = cache.memoize(async (id: number) => id, { name: "f", onHit: callback })
    expect([await f(1), await f(1)]).toEqual([1, 1])
    const g = cache.memoizeMany(async (...ids: number[]) => ids, { name: "g", onHit: callback })
    expect([await g(1), await g(1)]).toEqual([[1], [1]])
    expect(await heard()).toEqual([])
  })
})

test("a key, ttl or instance function that is asynchronous is refused, and nobody else hears of it when it rejects", async () => {
  const heard = unheard()
  const { cache } = await setup("memory")
  const load = async (id: number) => id
  const loadMany = async (...ids: number[]) => ids
  for (const callback of [rejects, () => ({ then: (_: unknown, no: () => void) => no() }) as never]) {
    const code = (name: string) => ({ code: name })
    const byKey = cache.memoize(load, { name: "byKey", key: callback })
    await expect(byKey(1)).rejects.toMatchObject(code("KEY_INVALID"))
    await expect(byKey.get(1)).rejects.toMatchObject(code("KEY_INVALID"))
    expect(() => byKey.keyFor(1)).toThrow(expect.objectContaining(code("KEY_INVALID")))
    const manyByKey = cache.memoizeMany(loadMany, { name: "manyByKey", key: callback })
    await expect(manyByKey(1, 2)).rejects.toMatchObject(code("KEY_INVALID"))
    const byTtl = cache.memoize(load, { name: "byTtl", ttl: callback })
    await expect(byTtl(1)).rejects.toMatchObject(code("TTL_INVALID"))
    await expect(byTtl.set(1, 1)).rejects.toMatchObject(code("TTL_INVALID"))
    const manyByTtl = cache.memoizeMany(loadMany, { name: "manyByTtl", ttl: callback })
    await expect(manyByTtl(1)).rejects.toMatchObject(code("TTL_INVALID"))
    const region = cache.region("r", { key: callback, generate: load, replace: true })
    await expect(region.get(1)).rejects.toMatchObject(code("KEY_INVALID"))
    await expect(region.set(1, 1)).rejects.toMatchObject(code("KEY_INVALID"))
    const method = memoized({ name: "method", instance: callback, cache })(load, {
      kind: "method",
      name: "method",
    } as never)
    await expect(method.call({}, 1)).rejects.toMatchObject(code("KEY_INVALID"))
  }
  expect(await heard()).toEqual([])
})

test("shouldCache may be asynchronous: it is waited for, and one that rejects stores nothing", async () => {
  const heard = unheard()
  const { cache, events } = await setup("memory")
  const no = async () => false
  expect(await cache.getOrSet("a", () => 1, { shouldCache: no as never })).toBe(1)
  expect(await cache.getOrSet("b", () => 1, { shouldCache: rejects })).toBe(1)
  expect(await cache.getOrSet("c", () => 1, { shouldCache: (async () => true) as never })).toBe(1)
  expect([await cache.has("a"), await cache.has("b"), await cache.has("c")]).toEqual([false, false, true])
  expect(events.filter(({ type }) => type === "error").length).toBe(1)
  expect(await heard()).toEqual([])
})

test("bypass may be asynchronous", async () => {
  const { cache } = await setup("memory")
  let calls = 0
  const f = cache.memoize(() => ++calls, { name: "f", bypass: (async () => false) as never })
  expect([await f(), await f()]).toEqual([1, 1])
})
