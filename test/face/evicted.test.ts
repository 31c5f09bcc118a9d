import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/index.ts"

const small = () => memory({ maxEntries: 2, policy: "lru" })

function watched(cache: CacheWrapper): unknown[] {
  const told: unknown[] = []
  cache.on("evict", ({ key, region }) => told.push(region === undefined ? [key] : [key, region]))
  return told
}

test.each(["", "p"])(
  "an eviction is reported with the key as given and its region, prefix %j",
  async (prefix) => {
    const cache = new CacheWrapper({ adapter: small(), prefix })
    const told = watched(cache)
    const users = cache.region("users", { prefix: "u:" })
    const admins = users.region("admins")
    await cache.set("::a", 1)
    for (const key of ["k0", "k1"]) await users.set(key, 1)
    for (const key of ["x:y", "z", "last"]) await admins.set(key, 1)
    expect(told).toEqual([["::a"], ["k0", "users"], ["k1", "users"], ["x:y", "users:admins"]])
    expect(cache.metrics().evictions).toBe(4)
  },
)

test("a region with an adapter of its own tells and counts its evictions", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const told = watched(cache)
  const own = cache.region("own", { adapter: small() })
  for (const key of ["a", "b", "c"]) await own.set(key, 1)
  expect(told).toEqual([["a", "own"]])
  expect(cache.metrics().evictions).toBe(1)
})

test("of two tiers the event says which one let the entry go", async () => {
  const far = memory({ maxEntries: 3, policy: "lru" })
  const cache = new CacheWrapper({ adapter: far, near: { maxEntries: 1, policy: "lru" } })
  const told: unknown[] = []
  cache.on("evict", ({ key, tier }) => told.push([key, tier]))
  for (const key of ["a", "b", "c", "d"]) await cache.set(key, 1)
  expect(told).toEqual([
    ["a", "near"],
    ["b", "near"],
    ["a", "far"],
    ["c", "near"],
  ])
  expect(cache.metrics().evictions).toBe(4)
})

test("an eviction is reported once, however many regions share the adapter", async () => {
  const cache = new CacheWrapper({ adapter: memory({ maxEntries: 2, policy: "lru" }) })
  const told = watched(cache)
  await cache.region("small", { compress: true }).set("a", 1)
  await cache.region("near", { near: { maxEntries: 10 } }).set("b", 1)
  await cache.set("c", 1)
  await cache.set("d", 1)
  expect(told).toEqual([
    ["a", "small"],
    ["b", "near"],
  ])
  expect(cache.metrics().evictions).toBe(2)
})
