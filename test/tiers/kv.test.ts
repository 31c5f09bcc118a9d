import { expect, test } from "vitest"
import { kv } from "../../adapters/kv.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"
import { kvDouble } from "../support/kv-double.ts"

const names = Array.from({ length: 100 }, (_, at) => `k${at}`)

test("on KV an untagged getMany of 100 is one operation: versions are read once in a minute", async () => {
  const clock = fakeClock()
  const double = kvDouble()
  await new CacheWrapper({ adapter: kv({ binding: double.kv }) }).setMany(
    Object.fromEntries(names.map((name) => [name, 1])),
  )
  const open = () => new CacheWrapper({ adapter: kv({ binding: double.kv }) })
  const count = async (cache: CacheWrapper): Promise<number> => {
    const before = double.log.length
    expect(await cache.getMany(names)).toEqual(names.map(() => 1))
    return double.log.length - before
  }
  expect(await count(open())).toBe(1) // A new adapter of the same isolate knows them as well.
  await clock.advance(60_000)
  const cache = open()
  expect(await count(cache)).toBeGreaterThan(1)
  expect(await count(cache)).toBe(1)
  await clock.advance(59_000)
  expect(await count(cache)).toBe(1)
})

test("a version that this isolate renews is known at once, to all its caches", async () => {
  const double = kvDouble()
  const [one, two] = [kv({ binding: double.kv }), kv({ binding: double.kv })].map(
    (adapter) => new CacheWrapper({ adapter }),
  )
  await one?.set("k", 1, { tags: ["t"] })
  expect(await two?.get("k")).toBe(1)
  await two?.invalidateTags("t")
  expect(await one?.get("k")).toBeUndefined()
  await one?.set("k", 2)
  await two?.invalidate()
  expect(await one?.get("k")).toBeUndefined()
  await one?.set("k", 3)
  await two?.clear()
  expect(await one?.get("k")).toBeUndefined()
})

test("a read of a token that began before its write is not remembered", async () => {
  const clock = fakeClock()
  const double = kvDouble()
  const adapter = kv({ binding: double.kv })
  await adapter.set("#h", "old", Infinity)
  await clock.advance(60_000)
  // The read takes its answer along before the write, and brings it after it.
  const slow = {
    ...double.kv,
    getWithMetadata: (async (name: string, options: never) =>
      clock.after(10, await double.kv.getWithMetadata(name, options))) as typeof double.kv.getWithMetadata,
  }
  const late = kv({ binding: slow })
  const read = late.get("#h")
  await clock.advance(5)
  await late.set("#h", "new", Infinity)
  await clock.advance(5)
  expect(await read).toBe("old")
  expect(await late.get("#h")).toBe("new")
})

test("a token whose write failed is what it was", async () => {
  const clock = fakeClock()
  const double = kvDouble()
  const adapter = kv({ binding: double.kv })
  await adapter.set("#h", "old", Infinity)
  double.faults({
    fail: (operation) => {
      if (operation === "put") throw new Error("KV PUT failed: 500")
    },
  })
  await clock.advance(30_000)
  await expect(adapter.set("#h", "new", Infinity)).rejects.toThrow()
  const before = double.log.length
  expect(await adapter.get("#h")).toBe("old")
  expect(double.log.length).toBe(before)
  // The attempt does not make it younger.
  await clock.advance(30_000)
  expect(await adapter.get("#h")).toBe("old")
  expect(double.log.length).toBe(before + 1)
})
