import { describe, expect, test } from "vitest"
import type { CacheWrapper } from "../../src/index.ts"
import { kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

const long = { ttl: "1h", grace: "1h" } as const

describe.each(kinds)("%s", (kind) => {
  test("its writes are events when it is written, and never when it is discarded", async () => {
    const { cache, trace } = await setup(kind)
    await cache.setMany({ a: 1, b: 1, c: 1 }, long)
    const act = async (
      b: CacheWrapper["batch"] extends (work: (b: infer B) => never) => unknown ? B : never,
    ) => {
      trace.length = 0
      await b.set("a", 2)
      await b.delete("b")
      await b.expire("c")
      await b.region("r").clear()
      await b.invalidateTags("t")
      await b.invalidate()
      await b.getOrSet("d", () => 4)
      await b.batch((inner) => inner.set("e", 5))
      await expect(
        b.batch(async (inner) => {
          await inner.set("f", 6)
          throw new Error("inner")
        }),
      ).rejects.toThrow("inner")
      expect(trace).toEqual(["miss", "load", "loaded"])
      trace.length = 0
    }
    const discarded = cache.batch(async (b) => {
      await act(b)
      throw new Error("no")
    })
    await expect(discarded).rejects.toThrow("no")
    expect(trace).toEqual([])
    await cache.batch(act)
    expect(trace).toEqual(["set", "delete", "expire", "clear", "invalidate", "invalidate", "set", "set"])
  })

  test("a load that gave way to an outside write is no set event", async () => {
    const { cache, events } = await setup(kind)
    await cache.batch(async (b) => {
      await b.getOrSet("k", () => "old")
      await cache.set("k", "v2")
      events.length = 0
    })
    expect(events.map(({ type }) => type)).toEqual([])
    await cache.batch(async (b) => {
      await b.delete("k")
      await b.getOrSet("k", () => "old")
      await cache.set("k", "v2")
      events.length = 0
    })
    expect(events.map(({ type }) => type)).toEqual(["delete"])
  })

  test("a batch whose storage fails emits no write events", async () => {
    const { cache, storage, trace } = await setup(kind)
    await cache.set("warm", 1)
    trace.length = 0
    storage.fault = (verb) => (/^set/.test(verb) ? "reject" : undefined)
    await expect(cache.batch((b) => b.set("a", 1))).rejects.toThrow("failed")
    expect(trace).toEqual([])
  })

  test("a clear in it fences the loads of what it clears, and no others", async () => {
    const { cache } = await setup(kind)
    const made = gate()
    const [cleared, inner, other] = ["r", "s", "other"].map((name) => cache.region(name))
    const nested = inner?.region("inner")
    const loads = [cleared, nested, other, cache].map((place) => place?.getOrSet("k", () => made.promise))
    await cache.batch(async (b) => {
      await b.region("r").clear()
      await b.region("s").clear()
    })
    made.pass("v")
    expect(await Promise.all(loads)).toEqual(["v", "v", "v", "v"])
    const stored = [cleared, nested, other, cache].map((place) => place?.get("k"))
    expect(await Promise.all(stored)).toEqual([undefined, undefined, "v", "v"])
  })

  test("it writes through at its end, in order, each value as it was when set", async () => {
    const { cache } = await setup(kind)
    const log: unknown[] = []
    const region = cache.region("r", {
      writeThrough: async (key: string, value: unknown) => {
        log.push([key, structuredClone(value), await cache.region("r").get("a")])
      },
    })
    const value = { n: 1 }
    await region.batch(async (b) => {
      await b.set("a", value)
      value.n = 2
      await b.setMany({ b: 2, c: 3 })
      await b.batch((inner) => inner.set("d", 4))
      await expect(b.set("e", Symbol("e"))).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" })
      expect(await b.get("a")).toEqual({ n: 1 })
      expect(log).toEqual([])
    })
    expect(log).toEqual([
      ["a", { n: 1 }, undefined],
      ["b", 2, undefined],
      ["c", 3, undefined],
      ["d", 4, undefined],
    ])
    expect(await region.getMany(["a", "d"])).toEqual([{ n: 1 }, 4])
  })

  test("a discarded batch writes nothing through; a setter that fails discards the batch", async () => {
    const { cache, trace } = await setup(kind)
    const log: unknown[] = []
    const region = cache.region("r", {
      writeThrough: (key: string, value: unknown) => {
        if (value === "bad") throw new Error("origin")
        log.push(key)
      },
    })
    const discarded = region.batch(async (b) => {
      await b.set("a", 1)
      throw new Error("no")
    })
    await expect(discarded).rejects.toThrow("no")
    expect(log).toEqual([])
    const failing = region.batch(async (b) => {
      await b.setMany({ a: 1, b: "bad", c: 3 })
    })
    await expect(failing).rejects.toThrow("origin")
    expect(log).toEqual(["a"])
    expect(await region.getMany(["a", "b", "c"])).toEqual([undefined, undefined, undefined])
    expect(trace.filter((type) => type === "set")).toEqual([])
  })

  test("once it is over its view says so, whatever is asked of it", async () => {
    const { cache } = await setup(kind)
    type View = Parameters<Parameters<typeof cache.batch>[0]>[0]
    const views: View[] = []
    await cache.batch(async (b) => {
      views.push(b, b.region("r"))
    })
    await cache
      .batch((b) => {
        views.push(b)
        throw new Error("no")
      })
      .catch(() => {})
    for (const view of views) {
      const verbs = [
        view.set("a", 1),
        view.get("a"),
        view.delete("a"),
        view.getOrSet("a", () => 1),
        view.batch((b) => b.set("a", 1)),
        view.region("s").set("a", 1),
      ]
      for (const verb of verbs) {
        await expect(verb).rejects.toMatchObject({
          code: "CLOSED",
          message: expect.stringContaining("batch is over"),
        })
      }
    }
    expect(await cache.has("a")).toBe(false)
  })

  test("what is under way when its function returns still belongs to it", async () => {
    const { cache, clock } = await setup(kind)
    const batch = cache.batch((b) => {
      void b.getOrSet("k", async () => {
        await clock.after(5, 0)
        await b.set("l", 2)
        return 1
      })
    })
    await clock.advance(10)
    await batch
    expect(await cache.getMany(["k", "l"])).toEqual([1, 2])
  })
})

test("prune in a batch drops what is past its grace, and says how many", async () => {
  const { cache, clock } = await setup("memory")
  await cache.setMany({ a: 1, b: 2 }, { ttl: 5 })
  await clock.advance(10)
  await cache.batch(async (b) => {
    expect(await b.batch((inner) => inner.prune())).toBe(2)
    expect(await b.prune()).toBe(0)
  })
})
