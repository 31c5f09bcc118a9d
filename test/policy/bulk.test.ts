import { expect, test } from "vitest"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)

test.each(lateKinds)("loads at once into a cold region make its version once, on %s", async (kind) => {
  const { cache, storage } = await setup(kind)
  const cold = cache.region("cold")
  await Promise.all(keys.map((key) => cold.getOrSet(key, () => key)))
  const tokens = storage.tokenCalls.filter((call) => /^(add|set) /.test(call) && call.includes("cold"))
  expect(tokens).toHaveLength(1)
  storage.tokenCalls.length = 0
  await Promise.all(keys.map((key) => cold.set(key, key, { tags: ["new"] })))
  const ofTag = storage.tokenCalls.filter((call) => /^(add|set) /.test(call))
  expect(ofTag).toHaveLength(1)
})

test("storeTimeout is for each hundred keys, in a batch and in loads of many too", async () => {
  const clock = fakeClock()
  const inner = custom("object", "async")
  const slow: Adapter = {
    ...inner,
    async setMany(entries) {
      await clock.after(8 * entries.length, undefined)
      for (const entry of entries) await inner.set(...entry)
    },
  }
  const cache = new CacheWrapper({ adapter: slow, storeTimeout: 1000 })
  const errors: unknown[] = []
  cache.on("error", ({ error }) => errors.push(error))
  await cache.ready()
  await import("../../src/batch.ts")
  const written = cache.batch(async (batch) => {
    for (const key of keys) await batch.set(key, 1)
  })
  await clock.advance(5000)
  await written
  await cache.clear()
  const loaded = cache.getOrSetMany(keys, (missing) => missing.map(() => 2))
  await clock.advance(5000)
  expect(await loaded).toHaveLength(300)
  expect(await cache.get("k299")).toBe(2)
  expect(errors).toEqual([])
})

test("a storage whose opening is never answered is opened again half a minute later", async () => {
  const clock = fakeClock()
  const inner = custom("object", "async")
  let opened = 0
  const open = () => (opened++ === 0 ? new Promise<never>(() => {}) : undefined)
  const cache = new CacheWrapper({ adapter: { ...inner, open } })
  const refused = expect(cache.set("k", 1)).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
  await clock.advance(30_000)
  await refused
  await cache.set("k", 1)
  expect([await cache.get("k"), opened]).toEqual([1, 2])
})

test.each(lateKinds)(
  "many stale ones of a generator come back, whenever each is found, on %s",
  async (kind) => {
    const { cache, clock } = await setup(kind, { ttl: 10, grace: "1h" })
    const users = cache.region("users", {
      generate: (id: number) => `user ${id}`,
      stale: true,
      tags: ["users"],
    })
    expect(await users.get(1)).toBe("user 1")
    await clock.advance(20)
    await users.invalidateTags("users")
    expect(await users.getMany([1, 2, 3])).toEqual(["user 1", "user 2", "user 3"])
  },
)
