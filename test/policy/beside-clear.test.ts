import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { memoryBus, tiered } from "../../src/tiers.ts"
import { fakeClock } from "../support/clock.ts"
import { fake } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

// A read has some versions from before a clear, and some from after it. An absent soft one is as if it never was.

test("a clear during a read revives nothing that was expired before", async () => {
  const { cache, clock, storage } = await setup("four methods")
  const region = cache.region("r")
  await region.set("k", "old")
  await region.invalidate({ mode: "soft" })
  await cache.batch(async () => {}) // Loads its code.
  storage.fault = (verb, key) => (verb === "get" && key.startsWith("#s:r") ? 50 : undefined)
  const reads = Promise.all([
    region.get("k"),
    region.getMany(["k", "l"]),
    region.getOrSet("k", () => "new"),
    cache.batch((b) => b.region("r").get("k")),
  ])
  await clock.advance(1)
  await cache.clear()
  await clock.advance(500)
  expect(await reads).toEqual([undefined, [undefined, undefined], "new", undefined])
})

test("the same holds if a near tier has seen the expiry, and remembers the rest", async () => {
  const clock = fakeClock()
  const storage = fake("all abilities")
  const bus = memoryBus()
  const one = () => new CacheWrapper({ adapter: tiered({ near: memory(), far: storage.handle(), bus }) })
  const [cache, other] = [one(), one()]
  await cache.set("k", "old")
  expect(await cache.get("k")).toBe("old")
  await other.invalidate({ mode: "soft" })
  storage.fault = (verb, key) => (verb === "get" && key.startsWith("#s") ? 50 : undefined)
  const read = cache.get("k")
  await clock.advance(1)
  await cache.clear()
  await clock.advance(500)
  expect(await read).toBeUndefined()
})
