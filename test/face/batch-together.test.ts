import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/index.ts"
import { custom } from "../support/adapters.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

describe.each(kinds)("a batch on %s", (kind) => {
  test("keeps all that is written at the same time after a clear", async () => {
    const { cache } = await setup(kind)
    await cache.set("old", 0)
    await cache.batch(async (b) => {
      await b.clear()
      await Promise.all([b.set("a", 1), b.set("b", 2), b.set("c", 3)])
      expect(await b.getMany(["a", "b", "c", "old"])).toEqual([1, 2, 3, undefined])
    })
    expect(await cache.getMany(["a", "b", "c", "old"])).toEqual([1, 2, 3, undefined])
  })

  test("keeps all that is loaded together after a clear", async () => {
    const { cache } = await setup(kind)
    await cache.set("old", 0)
    await cache.batch(async (b) => {
      await b.clear()
      expect(await b.getOrSetMany(["a", "b"], (missing) => [...missing])).toEqual(["a", "b"])
    })
    expect(await cache.getMany(["a", "b"])).toEqual(["a", "b"])
  })

  test("keeps what is written while it clears", async () => {
    const { cache } = await setup(kind)
    await cache.batch(async (b) => {
      const before = [b.set("a", 1), b.set("b", 2)]
      await b.clear()
      await Promise.all([...before, b.set("c", 3), b.set("d", 4)])
    })
    expect(await cache.getMany(["c", "d"])).toEqual([3, 4])
  })

  test("waits with a region that is configured in it", async () => {
    const { cache } = await setup(kind)
    const users = cache.region("users")
    const work = cache.batch(async (b) => {
      await b.region("users", { ttl: "1h" }).set("a", 1)
      expect(await users.get("a")).toBeUndefined()
      throw new Error("down")
    })
    await expect(work).rejects.toThrow("down")
    expect(await users.get("a")).toBeUndefined()
  })

  test("passes options that a region gets in it on to its inner regions", async () => {
    const { cache, clock } = await setup(kind)
    const inner = cache.region("outer").region("inner")
    await cache.batch(async (b) => {
      await b.region("outer", { ttl: 5000 }).region("inner").set("a", 1)
      expect(await inner.get("a")).toBeUndefined()
    })
    expect(await inner.getEntry("a")).toMatchObject({ value: 1, freshUntil: clock.now() + 5000 })
  })

  test("in a batch holds a configured region back as well", async () => {
    const { cache } = await setup(kind)
    const users = cache.region("users")
    await cache.batch(async (outer) => {
      await outer.batch((b) => b.region("users", { ttl: "1h" }).set("a", 1))
      expect(await outer.region("users").get("a")).toBe(1)
      expect(await users.get("a")).toBeUndefined()
    })
    expect(await users.get("a")).toBe(1)
  })

  test("says CLOSED once its cache is closed", async () => {
    const { cache } = await setup(kind, { storeTimeout: 0 })
    const closedAt = async (b: Pick<CacheWrapper, "set" | "get">) => {
      await expect(b.set("a", 1)).rejects.toMatchObject({ code: "CLOSED" })
      await expect(b.get("a")).rejects.toMatchObject({ code: "CLOSED" })
    }
    await cache
      .batch(async (b) => {
        await b.batch(async (inner) => {
          cache.close().catch(() => {})
          await closedAt(inner)
          await closedAt(b)
        })
      })
      .catch(() => {})
    expect.assertions(4)
  })
})

test("a region in one with a storage of its own is outside of its cache's batch, and inside of its own", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const apart = cache.region("apart", { adapter: memory() })
  const inner = apart.region("inner")
  const failing = (wrote: Promise<unknown>) => wrote.then(() => Promise.reject(new Error("down")))
  await expect(cache.batch((b) => failing(b.region("apart").region("inner").set("a", 1)))).rejects.toThrow(
    "down",
  )
  expect(await inner.get("a")).toBe(1)
  await expect(apart.batch((b) => failing(b.region("inner").set("a", 2)))).rejects.toThrow("down")
  await expect(apart.batch((b) => failing(b.clear()))).rejects.toThrow("down")
  expect(await inner.get("a")).toBe(1)
})

test("what a batch sets and what it removes reach the storage in one turn", async () => {
  const inner = custom("object", "async")
  const turns: string[] = []
  let turn = 0
  /** As a transaction: it begins with the end of the turn. */
  const begin = async (verb: string) => {
    turns.push(`${verb} in ${turn}`)
    await new Promise((resolve) => setTimeout(resolve))
    turn++
  }
  const adapter: Adapter = {
    ...inner,
    async setMany(entries) {
      await begin("setMany")
      for (const entry of entries) await inner.set(...entry)
    },
    async deleteMany(keys) {
      await begin("deleteMany")
      for (const key of keys) await inner.delete(key)
      return keys.length
    },
  }
  const cache = new CacheWrapper({ adapter })
  await cache.set("from", 1)
  await cache.batch(async (batch) => {
    await batch.set("to", await batch.get("from"))
    await batch.delete("from")
  })
  expect(turns).toEqual(["setMany in 0", "deleteMany in 0"])
  expect(await cache.getMany(["from", "to"])).toEqual([undefined, 1])
})
