import { describe, expect, test } from "vitest"
import type { StandardSchemaV1 } from "../../src/types.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

function schemaOf(make: (value: never) => unknown): StandardSchemaV1<unknown, never> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => ({ value: make(value as never) as never }),
    }, // as the test knows
  }
}

describe.each(kinds)("%s", (kind) => {
  test("callers of one hit have a value each", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", { list: [0] })
    const add = async (mine: number) => {
      const value = await cache.getOrSet<{ list: number[] }>("k", () => ({ list: [] }))
      value.list.push(mine)
      return value.list
    }
    expect(await Promise.all([add(1), add(2)])).toEqual([
      [0, 1],
      [0, 2],
    ])
    const [one, two] = await cache.getMany<{ list: number[] }>(["k", "k"])
    one?.list.push(1)
    expect(two).toEqual({ list: [0] })
  })

  test("a key that comes twice has a value of its own at each place, loaded or not", async () => {
    const { cache, clock } = await setup(kind)
    const load = (missing: unknown[]) => missing.map(() => ({ list: [0] }))
    const many = cache.memoizeMany(async (...ids: number[]) => load(ids), { name: "many" })
    const region = cache.region("r", { generate: async (_: string) => ({ list: [0] }) })
    const ways = [
      () => cache.getOrSetMany(["a", "b", "a", "a"], load),
      () => cache.getOrSetMany(["a", "b", "a", "a"], load, { fresh: true }),
      () => cache.getOrSetMany(["a", "b", "a", "a"], load, { softTimeout: 0, grace: "1h", ttl: 1 }),
      () => many(1, 2, 1, 1),
      () => region.getMany(["a", "b", "a", "a"]),
    ]
    // Missing, then found; found stale in the end.
    for (const way of [...ways, ...ways]) {
      const [one, ...others] = await way()
      one?.list.push(1)
      expect(others).toEqual([{ list: [0] }, { list: [0] }, { list: [0] }])
      await clock.advance(1)
    }
  })

  test("changes of a stale value by a caller or a fallback are not what keep() stores", async () => {
    const { cache, clock } = await setup(kind, { grace: "1h", ttl: "1m" })
    await cache.set("k", [1])
    await cache.expire("k")
    const served = cache.getOrSet<number[]>(
      "k",
      async (context) => {
        context.stale?.value.push(77)
        await clock.after(20, undefined)
        return context.keep()
      },
      { softTimeout: 0 },
    )
    await clock.advance(5)
    const mine = await served
    expect(mine).toEqual([1])
    mine.push(99)
    await clock.advance(100)
    expect(await cache.get("k")).toEqual([1])
  })

  test("later changes of a value, by a fallback or by a caller that did not wait, are not stored", async () => {
    const { cache, clock } = await setup(kind)
    const list = [1]
    const load = cache.getOrSet(
      "k",
      (context) => {
        context.tags = ["new"]
        setTimeout(() => list.push(2), 1)
        return list
      },
      { shouldCache: (() => clock.after(50, true)) as never }, // an asynchronous one is waited for
    )
    const hasty = cache.getOrSet<number[]>("l", () => [1], {
      hardTimeout: 20,
      shouldCache: (() => clock.after(50, true)) as never,
    })
    await clock.advance(30)
    ;(await hasty).push(99)
    await clock.advance(100)
    await load
    expect(await cache.getMany(["k", "l"])).toEqual([[1], [1]])
  })

  test("what a fallback does to what a schema has made is not what keep() stores, nor what others are served", async () => {
    const { cache, clock } = await setup(kind, { grace: "1h", ttl: "1h" })
    const schema = schemaOf((value: object) => ({ ...value }))
    await cache.set("k", { n: 1 })
    await cache.expire("k")
    const kept = cache.getOrSet<{ n: number }>(
      "k",
      async (context) => {
        if (context.stale) context.stale.value.n = 99
        await clock.after(10, undefined)
        return context.keep()
      },
      { schema },
    )
    await clock.advance(20)
    expect(await kept).toEqual({ n: 1 })
    expect(await cache.get("k")).toEqual({ n: 1 })
    const both = await Promise.all(
      [1, 2].map(() => cache.getOrSet<{ n: number }>("k", () => ({ n: 0 }), { schema })),
    )
    if (both[0]) both[0].n = 99
    expect(both[1]).toEqual({ n: 1 })
  })

  test("what a schema makes of a value is handed out as it is, whatever it is", async () => {
    const { cache, another } = await setup(kind)
    class Money {
      #cents: number
      constructor(cents: number) {
        this.#cents = cents
      }
      get cents(): number {
        return this.#cents
      }
    }
    const schema = schemaOf(({ price, day }: { price: number; day: string }) => ({
      price: new Money(price),
      day: new Date(day),
    }))
    await cache.set("k", { price: 5, day: "2020-01-01" })
    const never = () => {
      throw new Error("not asked")
    }
    const strict = another({ schema })
    const read = async (): Promise<unknown[]> => [
      await strict.get("k"),
      (await strict.getEntry("k"))?.value,
      await strict.getOrSet("k", never),
      await cache.getOrSet("k", never, { schema }),
    ]
    for (const value of await read()) {
      expect(value).toMatchObject({ day: new Date("2020-01-01"), price: { cents: 5 } })
    }
  })

  test("a caller that joins at the last moment does not see what the leader does to the value", async () => {
    const { cache } = await setup(kind)
    const load = (options: object) => cache.getOrSet<number[]>("k", async () => [1], { ttl: 0, ...options })
    for (const options of [{}, { hardTimeout: "1m" }]) {
      for (let moment = 0; moment < 60; moment++) {
        const leader = load({}).then((value) => value.push(99))
        for (let i = 0; i < moment; i++) await undefined
        expect([moment, await load(options)]).toEqual([moment, [1]])
        await leader
      }
    }
  })

  test("a key that a fallback of many leaves out is no value to a schema", async () => {
    const { cache } = await setup(kind)
    const schema = schemaOf((value: number) => {
      if (typeof value !== "number") throw new TypeError("no number")
      return value
    })
    expect(await cache.getOrSetMany(["a", "b"], () => new Map([["a", 1]]), { schema })).toEqual([
      1,
      undefined,
    ])
    expect(await cache.has("b")).toBe(false)
  })

  test("an instance of a class is stored as it is at the call", async () => {
    const { cache } = await setup(kind)
    const made = new Error("now")
    const done = [cache.set("k", made), cache.set("l", { at: new URL("https://a/") })]
    made.message = "later"
    await Promise.all(done)
    expect(await cache.get("k")).toMatchObject({ message: "now" })
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("a value that waits for its write is not affected by later changes", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => 10
    const value = { n: 1, at: new Date(0) }
    const set = cache.set("k", value, { tags: ["new"] })
    value.n = 2
    value.at.setTime(5)
    await clock.advance(200)
    await set
    storage.fault = () => undefined
    expect(await cache.get("k")).toEqual({ n: 1, at: new Date(0) })
  })

  test("others do not see what a caller that did not wait for the storage does to its value", async () => {
    const { cache, clock, storage } = await setup(kind)
    const load = () => {
      storage.fault = () => 100
      return [1]
    }
    const hasty = cache.getOrSet("k", load, { hardTimeout: 20 })
    await clock.advance(30)
    ;(await hasty).push(99)
    const late = cache.getOrSet<number[]>("k", () => [2])
    await clock.advance(500)
    expect(await late).toEqual([1])
  })
})
