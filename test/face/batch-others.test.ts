import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { laneOf } from "../../src/policy/lane.ts"
import { fakeClock } from "../support/clock.ts"
import { held } from "../support/garbage.ts"

test("what a batch has touched gives way to another one that clears, and to what that one sets beside it", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  await cache.setMany({ k: "old", j: "old" })
  await cache.region("r").set("k", "old")
  const touch = async (place: Pick<CacheWrapper, "touch">) => {
    expect(await place.touch("k", "1h")).toBe(true)
  }
  await cache.batch(async (b) => {
    await touch(b)
    await touch(b.region("r"))
    await cache.batch(async (other) => {
      await other.region("r").clear()
      await other.set("k", "new")
    })
  })
  expect(await cache.get("k")).toBe("new")
  expect(await cache.region("r").get("k")).toBeUndefined()
})

test("what a batch loads in place of a load outside that hangs is its own, and reaches the storage with it", async () => {
  const clock = fakeClock()
  const cache = new CacheWrapper({ adapter: memory(), leaseTtl: "5s" })
  const sets: string[] = []
  cache.on("set", ({ key }) => sets.push(key))
  await cache.batch(() => {}) // Loads what batches are made of.
  const run = async (key: string, end = () => {}, many = false): Promise<void> => {
    cache.getOrSet(key, () => new Promise(() => {})).catch(() => {})
    const batch = cache.batch(async (b) => {
      if (many) expect(await b.getOrSetMany([key], () => ["mine"])).toEqual(["mine"])
      else expect(await b.getOrSet(key, () => "mine")).toBe("mine")
      expect(sets).not.toContain(key)
      expect(await b.get(key)).toBe("mine")
      expect(await cache.get(key)).toBeUndefined()
      end()
    })
    batch.catch(() => {})
    await clock.advance(5000)
    await batch
  }
  await run("k")
  await run("m", undefined, true)
  await clock.advance(290_000)
  expect(await cache.getMany(["k", "m"])).toEqual(["mine", "mine"])
  const fail = () => {
    throw new Error("down")
  }
  await expect(run("j", fail)).rejects.toThrow("down")
  expect(await cache.get("j")).toBeUndefined()
  expect(sets).toEqual(["k", "m"])
})

test("it gives way to what is written outside after it", async () => {
  const clock = fakeClock()
  const cache = new CacheWrapper({ adapter: memory(), leaseTtl: "5s" })
  await cache.batch(() => {})
  cache.getOrSet("k", () => new Promise(() => {})).catch(() => {})
  const batch = cache.batch(async (b) => {
    await b.getOrSet("k", () => "mine")
    await cache.set("k", "new")
  })
  await clock.advance(5000)
  await batch
  expect(await cache.get("k")).toBe("new")
})

test.each<[string, (b: Pick<CacheWrapper, "set" | "delete" | "getOrSet">) => Promise<unknown>, unknown]>([
  ["sets", (b) => b.set("k", "new"), "new"],
  ["deletes", (b) => b.delete("k"), undefined],
  ["loads anew", (b) => b.getOrSet("k", () => "new", { fresh: true }), "new"],
  ["only asks for", (b) => b.getOrSet("k", () => "other"), "old"],
])("what the batch itself %s during such a load wins", async (_, write, then) => {
  const clock = fakeClock()
  const cache = new CacheWrapper({ adapter: memory(), leaseTtl: "5s" })
  await cache.batch(() => {})
  cache.getOrSet("k", () => new Promise(() => {})).catch(() => {})
  const batch = cache.batch(async (b) => {
    const load = b.getOrSet("k", () => clock.after(1000, "old"))
    const many = b.getOrSetMany(["k", "l"], (missing) =>
      clock.after(
        1000,
        missing.map(() => "old"),
      ),
    )
    await clock.after(5500, undefined)
    await write(b)
    expect([await load, await many]).toEqual(["old", ["old", "old"]])
    expect(await b.get("k")).toBe(then)
  })
  await clock.advance(10_000)
  await batch
  expect(await cache.get("k")).toBe(then)
})

test("a batch whose work never ends, and that nobody holds, keeps nothing and slows no write", async () => {
  const adapter = memory()
  const cache = new CacheWrapper({ adapter })
  const views: WeakRef<object>[] = []
  for (let i = 0; i < 50; i++) {
    const begun = new Promise<void>((begin) => {
      cache.batch((b) => {
        views.push(new WeakRef(b))
        begin()
        return new Promise(() => {})
      })
    })
    await begun
  }
  expect(await held(views)).toBeLessThan(5)
  await cache.set("k", 1)
  expect(laneOf(adapter).watchers.size).toBeLessThan(5)
})
