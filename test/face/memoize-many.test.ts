import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

describe.each(kinds)("memoizeMany on %s", (kind) => {
  test("has one entry an argument and calls with the missing ones only, in order, duplicates kept", async () => {
    const { cache } = await setup(kind)
    const asked: number[][] = []
    const load = cache.memoizeMany(
      async (...ids: number[]) => {
        asked.push(ids)
        return ids.map((id) => `user ${id}`)
      },
      { name: "users" },
    )
    expect(await load(1, 2, 1)).toEqual(["user 1", "user 2", "user 1"])
    expect(await load(3, 2, 3)).toEqual(["user 3", "user 2", "user 3"])
    expect(asked).toEqual([[1, 2], [3]])
    expect(await load()).toEqual([])
    expect(await cache.get(load.keyFor(3))).toBe("user 3")
    expect(load.keyFor(3)).toBe('~["users()",3]')
  })

  test("a Map goes by id, a record by its text; what is absent comes back undefined and is not stored", async () => {
    const { cache } = await setup(kind)
    const map = cache.memoizeMany((..._: number[]) => new Map([[1, "one"]]), { name: "map" })
    expect(await map(1, 2)).toEqual(["one", undefined])
    expect(await map.get(2)).toBeUndefined()
    const record = cache.memoizeMany((..._: number[]) => ({ 1: "one" }), { name: "record" })
    expect(await record(2, 1)).toEqual([undefined, "one"])
    expect(await cache.has(record.keyFor(2))).toBe(false)
  })

  test.each([
    ["too short", [1]],
    ["too long", [1, 2, 3]],
    ["a number", 5],
    ["text", "ab"],
    ["null", null],
    ["nothing", undefined],
    ["a Set", new Set([1, 2])],
  ])("a result of a wrong shape is refused: %s", async (_, result) => {
    const { cache } = await setup(kind)
    const load = cache.memoizeMany((..._: number[]) => result as never, { name: "f" })
    await expect(load(1, 2)).rejects.toMatchObject({ code: "FALLBACK_RESULT" })
    expect(await load.get(1)).toBeUndefined()
  })

  test("attached are the operations on its entries", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const original = (...ids: string[]) => ids.map((id) => `${id} ${++calls}`)
    const load = cache.memoizeMany(original, { name: "f", grace: "1h", ttl: () => "1h" })
    expect(load.original).toBe(original)
    expect(load.name).toBe("f")
    await load.set("set", "a")
    expect(await load("a", "b")).toEqual(["set", "b 1"])
    expect(await load.refresh("a", "b")).toEqual(["a 2", "b 3"])
    expect(await load.expire("a", "b", "never")).toBe(2)
    expect(await load.delete("a", "never")).toBe(1)
    expect(await load.get("b")).toBeUndefined()
    expect(await load("a", "b")).toEqual(["a 4", "b 5"])
  })

  test("key, bypass, onHit and shouldCache judge by argument", async () => {
    const { cache, clock } = await setup(kind)
    let calls = 0
    let force = false
    const hits: unknown[] = []
    const load = cache.memoizeMany(
      (...users: { id: number; x?: number }[]) => users.map(({ id }) => id * 10 + ++calls),
      {
        name: "f",
        key: (user) => user.id,
        bypass: () => force,
        shouldCache: (value) => value < 100,
        onHit: (info) => hits.push(info),
      },
    )
    const one = { id: 1, x: 1 }
    expect(await load({ id: 1 }, { id: 10 })).toEqual([11, 102])
    expect(await load(one, { id: 10 })).toEqual([11, 103])
    expect(hits).toEqual([
      { key: load.keyFor(one), args: [one], value: 11, expiresAt: clock.now() + 300_000 },
    ])
    force = true
    expect(await load(one)).toEqual([14])
    expect(hits.length).toBe(1)
  })

  test("a caller that waits for another's load was not served from the cache", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate<string[]>()
    const hits: unknown[] = []
    const load = cache.memoizeMany((..._: number[]) => promise, {
      name: "f",
      onHit: (info) => hits.push(info),
    })
    const both = [load(1), load(1)]
    pass(["x"])
    expect(await Promise.all(both)).toEqual([["x"], ["x"]])
    expect(hits).toEqual([])
  })

  test("this is handed through, to onHit as well", async () => {
    const { cache } = await setup(kind)
    const hit: unknown[] = []
    const store = {
      factor: 3,
      load: cache.memoizeMany(
        function (this: { factor: number }, ...ids: number[]) {
          return ids.map((id) => id * this.factor)
        },
        {
          name: "f",
          onHit(this: unknown) {
            hit.push(this)
          },
        },
      ),
    }
    expect(await store.load(1, 2)).toEqual([3, 6])
    expect(await store.load(2)).toEqual([6])
    expect(hit).toEqual([store])
  })

  test("a function that changes an argument is refused and stores nothing", async () => {
    const { cache } = await setup(kind)
    const load = cache.memoizeMany((...users: { id: number }[]) => users.map((user) => user.id++), {
      name: "f",
    })
    await expect(load({ id: 1 })).rejects.toMatchObject({ code: "ARGUMENT_CHANGED" })
    expect(await load.get({ id: 1 })).toBeUndefined()
    expect(await load.get({ id: 2 })).toBeUndefined()
  })

  test("an ignored index has no meaning here and is refused", async () => {
    const { cache } = await setup(kind)
    const wrong = { name: "f", ignore: [0] }
    expect(() => cache.memoizeMany((...ids: number[]) => ids, wrong)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    )
  })

  test("a name is asked for", async () => {
    const { cache } = await setup(kind)
    expect(() => cache.memoizeMany((...ids: number[]) => ids)).toThrow(
      expect.objectContaining({ code: "NAME_REQUIRED" }),
    )
  })
})
