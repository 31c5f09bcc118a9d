import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/index.ts"
import type { Region } from "../../src/types.ts"
import { fake, kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

describe.each(kinds)("a batch on %s", (kind) => {
  test("reads its own writes, and nobody else does until it ends", async () => {
    const { cache } = await setup(kind)
    await cache.set("old", 1)
    const answer = await cache.batch(async (b) => {
      await b.set("a", 1)
      await b.setMany({ b: 2, c: 3 })
      await b.delete("old", "c")
      expect(await b.getMany(["a", "b", "c", "old"])).toEqual([1, 2, undefined, undefined])
      expect(await b.has("a")).toBe(true)
      expect(await b.getEntry("b")).toMatchObject({ value: 2 })
      expect(await cache.getMany(["a", "b", "c", "old"])).toEqual([undefined, undefined, undefined, 1])
      return "done"
    })
    expect(answer).toBe("done")
    expect(await cache.getMany(["a", "b", "c", "old"])).toEqual([1, 2, undefined, undefined])
  })

  test("is discarded when it throws, synchronously too", async () => {
    const { cache } = await setup(kind)
    await cache.set("old", 1)
    const down = new Error("down")
    const work = cache.batch(async (b) => {
      await b.set("a", 1)
      await b.delete("old")
      await b.invalidate()
      throw down
    })
    await expect(work).rejects.toBe(down)
    const sync = cache.batch(() => {
      throw down
    })
    await expect(sync).rejects.toBe(down)
    expect(await cache.getMany(["a", "old"])).toEqual([undefined, 1])
  })

  test.for([
    ["expires", (b: Region) => b.expire("k")],
    ["touches", (b: Region) => b.touch("k", "1h")],
    ["expires in a batch of its own", (b: Region) => b.batch((inner) => inner.expire("k"))],
  ] as const)("it fences the load of a key that it %s, present or not", async ([, write]) => {
    for (const before of [undefined, "stale"]) {
      const { cache, clock } = await setup(kind, { grace: "1h" })
      if (before) await cache.set("k", before, { ttl: 1 })
      await clock.advance(5)
      let source = "old"
      const load = () => {
        const value = source
        return clock.after(20, value)
      }
      const outdated = cache.getOrSet("k", load)
      await clock.advance(5)
      source = "new"
      await cache.batch(async (b) => void (await write(b)))
      await clock.advance(50)
      expect(await outdated).toBe("old")
      expect(await cache.get("k", { stale: true })).toBe(before)
    }
  })

  test("its writes reach the storage together, in one round trip where the adapter can", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("warm", 1)
    storage.calls.length = 0
    await cache.batch(async (b) => {
      await b.set("a", 1)
      await b.set("b", 2)
      await b.set("a", 3)
      expect(storage.calls.filter((call) => /^(set|delete)/.test(call))).toEqual([])
    })
    const writes = storage.calls.filter((call) => call.startsWith("set"))
    expect(writes).toEqual(kind === "four methods" ? ["set a", "set b"] : ["setMany a,b"])
    expect(await cache.getMany(["a", "b"])).toEqual([3, 2])
  })

  test("a batch without writes does not touch the storage", async () => {
    const { cache, storage } = await setup(kind)
    expect(await cache.batch((b) => typeof b)).toBe("object")
    expect(storage.calls).toEqual([])
  })

  test("rejects when the storage fails, and says why", async () => {
    const { cache, storage } = await setup(kind)
    await cache.set("warm", 1)
    storage.fault = (verb) => (verb === "set" || verb === "setMany" ? "reject" : undefined)
    await expect(cache.batch((b) => b.set("a", 1))).rejects.toThrow("failed")
    storage.fault = () => undefined
    expect(await cache.get("a")).toBeUndefined()
  })

  test("expire, touch and getOrSet work on what waits", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("c", 1, { ttl: "1h", grace: "1h" })
    await cache.batch(async (b) => {
      await b.set("a", 1, { ttl: 100 })
      expect(await b.touch("a", "1h")).toBe(true)
      expect(await b.expire("c")).toBe(1)
      expect(await b.getOrSet("d", () => 4)).toBe(4)
      expect(await b.getOrSetMany(["d", "e"], (missing) => missing.map(() => 5))).toEqual([4, 5])
      expect(await b.get("d")).toBe(4)
    })
    await clock.advance(1000)
    expect(await cache.getMany(["a", "c", "d", "e"])).toEqual([1, undefined, 4, 5])
    expect(await cache.get("c", { stale: true })).toBe(1)
  })

  test("an invalidation inside holds inside at once, and outside when it ends", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("r")
    await cache.set("a", 1, { tags: ["t"] })
    await region.set("b", 2)
    await cache.batch(async (b) => {
      await b.invalidateTags("t")
      await b.region("r").invalidate()
      expect(await b.get("a")).toBeUndefined()
      expect(await b.region("r").get("b")).toBeUndefined()
      await b.set("a", 3, { tags: ["t"] })
      expect(await b.get("a")).toBe(3)
      expect(await cache.get("a")).toBe(1)
      expect(await region.get("b")).toBe(2)
    })
    expect(await cache.get("a")).toBe(3)
    expect(await region.get("b")).toBeUndefined()
  })

  test("an invalidation outside reaches what waits inside", async () => {
    const { cache } = await setup(kind)
    await cache.set("warm", 1, { tags: ["t"] })
    await cache.batch(async (b) => {
      await b.set("a", 1, { tags: ["t"] })
      await cache.invalidateTags("t")
    })
    expect(await cache.get("a")).toBeUndefined()
  })

  test("clear inside takes what was there and leaves what comes after", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("r")
    await region.setMany({ a: 1, b: 2 })
    await cache.batch(async (b) => {
      await b.region("r").set("c", 3)
      await b.region("r").clear()
      await b.region("r").set("b", 4)
      expect(await b.region("r").getMany(["a", "b", "c"])).toEqual([undefined, 4, undefined])
      expect(await region.getMany(["a", "b", "c"])).toEqual([1, 2, undefined])
    })
    expect(await region.getMany(["a", "b", "c"])).toEqual([undefined, 4, undefined])
  })

  test("regions inside write with it, known before or not, nested or not", async () => {
    const { cache, clock } = await setup(kind)
    cache.region("known", { ttl: "1h" })
    await expect(
      cache.batch(async (b) => {
        await b.region("known").set("a", 1)
        throw new Error("no")
      }),
    ).rejects.toThrow("no")
    expect(await cache.region("known").get("a")).toBeUndefined()
    await cache.batch(async (b) => {
      await b.region("known").set("a", 1)
      await b.region("new", { ttl: "1h" }).set("b", 2)
      await b.region("known").region("inner").set("c", 3)
      expect(await cache.region("known").get("a")).toBeUndefined()
    })
    await clock.advance(600_000)
    expect(await cache.region("known").get("a")).toBe(1)
    expect(await cache.region("new").get("b")).toBe(2)
    expect(await cache.region("known").region("inner").get("c")).toBe(3)
  })

  test("a region batches alike", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("r")
    await region.batch(async (b) => {
      await b.set("a", 1)
      expect(await b.get("a")).toBe(1)
      expect(await region.get("a")).toBeUndefined()
    })
    expect(await region.get("a")).toBe(1)
    expect(await cache.get("a")).toBeUndefined()
  })

  test("a batch in a batch belongs to the outer one", async () => {
    const { cache } = await setup(kind)
    const work = cache.batch(async (outer) => {
      await outer.set("a", 1)
      await outer.batch(async (inner) => {
        expect(await inner.get("a")).toBe(1)
        await inner.set("b", 2)
        expect(await outer.get("b")).toBeUndefined()
      })
      expect(await outer.get("b")).toBe(2)
      await expect(
        outer.batch(async (inner) => {
          await inner.set("a", 9)
          throw new Error("inner")
        }),
      ).rejects.toThrow("inner")
      expect(await outer.get("a")).toBe(1)
      expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
    })
    await work
    expect(await cache.getMany(["a", "b"])).toEqual([1, 2])
  })

  test("a clear in an inner batch takes what waits in the outer one", async () => {
    const { cache } = await setup(kind)
    await cache.region("r").set("a", 1)
    await cache.batch(async (outer) => {
      await outer.region("r").set("b", 2)
      await outer.batch((inner) => inner.region("r").clear())
      expect(await outer.region("r").getMany(["a", "b"])).toEqual([undefined, undefined])
    })
    expect(await cache.region("r").getMany(["a", "b"])).toEqual([undefined, undefined])
  })

  test("fences loads of its keys that run outside", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate()
    const started = gate()
    const loading = cache.getOrSet("a", () => {
      started.pass("")
      return promise
    })
    await started.promise
    await cache.batch((b) => b.set("a", "batch"))
    pass("load")
    expect(await loading).toBe("load")
    expect(await cache.get("a")).toBe("batch")
  })

  test("writers outside go on; the end of the batch comes after them", async () => {
    const { cache } = await setup(kind)
    await cache.batch(async (b) => {
      await b.set("a", "batch")
      await cache.set("a", "outside")
      await cache.set("b", "outside")
      expect(await b.getMany(["a", "b"])).toEqual(["batch", "outside"])
    })
    expect(await cache.getMany(["a", "b"])).toEqual(["batch", "outside"])
  })

  test("values are as they were when written", async () => {
    const { cache } = await setup(kind)
    await cache.batch(async (b) => {
      const value = { list: [1] }
      await b.set("a", value)
      value.list.push(2)
      ;(await b.get<typeof value>("a"))?.list.push(3)
    })
    expect(await cache.get("a")).toEqual({ list: [1] })
  })

  test("a typed region keeps its verbs inside", async () => {
    const { cache } = await setup(kind)
    const squares = cache.region("squares", { generate: (n: number) => n * n })
    await squares.batch(async (b) => {
      expect(await b.get(3)).toBe(9)
      await b.set(4, 17)
      expect(await squares.peek(4)).toBeUndefined()
    })
    expect(await squares.get(4)).toBe(17)
  })
})

test("what is read of it may be changed, where a storage makes the only copy", async () => {
  const shelf = fake("all abilities").handle()
  const copied: Adapter = { ...shelf, copy: "own", get: async (key) => structuredClone(await shelf.get(key)) }
  const cache = new CacheWrapper({ adapter: copied })
  await cache.batch(async (b) => {
    await b.set("a", { list: [1] })
    ;(await b.get<{ list: number[] }>("a"))?.list.push(2)
    await b.batch(async (inner) => {
      const [held] = await inner.getMany<{ list: number[] }>(["a"])
      held?.list.push(3)
    })
    expect(await b.get("a")).toEqual({ list: [1] })
  })
  expect(await cache.get("a")).toEqual({ list: [1] })
})

test("keys inside are those of the batch", async () => {
  const { cache } = await setup("memory")
  await cache.setMany({ a: 1, b: 2 })
  await cache.batch(async (b) => {
    await b.set("c", 3)
    await b.delete("a")
    const found: string[] = []
    for await (const key of b.keys()) found.push(key)
    expect(found.sort()).toEqual(["b", "c"])
  })
})

test("peek inside sees what waits, over a near tier too", async () => {
  const { storage } = await setup("all abilities")
  const cache = new CacheWrapper({ adapter: storage.handle(), near: true })
  await cache.setMany({ a: 1, b: 2 })
  await cache.getMany(["a", "b"])
  await cache.batch(async (b) => {
    expect(b.peek("a")).toBe(1)
    await b.set("a", 9)
    await b.delete("b")
    expect(b.peek("a")).toBe(9)
    expect(b.peek("b")).toBeUndefined()
  })
  expect(cache.peek("a")).toBe(9)
})

test("regions with a storage of their own are outside of a batch", async () => {
  const { cache } = await setup("memory")
  const own = cache.region("own", { adapter: memory() })
  await expect(
    cache.batch(async (b) => {
      await b.region("own").set("a", 1)
      await b.region("own").region("inner").set("b", 2)
      throw new Error("no")
    }),
  ).rejects.toThrow("no")
  expect(await own.get("a")).toBe(1)
  expect(await own.region("inner").get("b")).toBe(2)
})

test("an invalidation in a batch is seen by a near tier outside", async () => {
  const { storage } = await setup("all abilities")
  const cache = new CacheWrapper({ adapter: storage.handle(), near: { maxAge: "1h" } })
  await cache.set("a", 1, { tags: ["t"] })
  expect(await cache.get("a")).toBe(1)
  await cache.batch((b) => b.invalidateTags("t"))
  expect(await cache.get("a")).toBeUndefined()
  expect(cache.peek("a")).toBeUndefined()
})
