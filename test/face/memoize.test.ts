import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

const patterned = (_?: number, { x } = { x: 1 }, y = x): number => y
/** Made of text, for compilers drop comments. */
const commented = new Function("a /* :) */", "...rest", "return [a, rest]") as (...args: never[]) => unknown
const never = (): never => expect.unreachable()

/** Two functions as minifiers leave them. */
const [one, other] = [1, 2].map((n) => new Function(`return function t() { return ${n} }`)() as () => number)

describe.each(kinds)("memoize on %s", (kind) => {
  test("calls the function once for concurrent calls with the same arguments", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const load = cache.memoize(async (id: number) => `${id} ${++calls}`, { name: "user" })
    expect(await Promise.all([load(1), load(1), load(2)])).toEqual(["1 1", "1 1", "2 2"])
    expect(await load(1)).toBe("1 1")
    expect(calls).toBe(2)
  })

  test("a function may call itself by its cache, however deep", async () => {
    const { cache } = await setup(kind)
    const sum = cache.memoize(
      async (to: number): Promise<number> => (to === 0 ? 0 : to + (await sum(to - 1))),
      { name: "sum" },
    )
    expect(await sum(3000)).toBe(4_501_500)
  })

  test("all arguments count, with their types", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const f = cache.memoize((..._: unknown[]) => ++calls, { name: "f" })
    const distinct: unknown[][] = [
      [],
      [undefined],
      [null],
      ["1 2", "3"],
      ["1", "2 3"],
      [1, "2 3"],
      ["1", 2, 3],
      [["1", 2, 3]],
      [0],
      [-0],
      [Number.NaN],
      [1n],
      ["1n"],
      [{ a: 1 }],
      [{ a: "1" }],
      [{ a: 1, b: undefined }],
      [new Map([["a", 1]])],
      [new Set(["a"])],
      [new Date(0)],
      [0, 0],
    ]
    for (const args of distinct) await f(...args)
    expect(calls).toBe(distinct.length)
    await f({ b: undefined, a: 1 })
    await f(new Map([["a", 1]]))
    await f(Number.NaN)
    expect(calls).toBe(distinct.length)
  })

  test("the function's error is the caller's, untouched, and nothing is kept", async () => {
    const { cache } = await setup(kind)
    const down = new Error("down")
    let isDown = true
    const f = cache.memoize(
      () => {
        if (isDown) throw down
        return 1
      },
      { name: "f" },
    )
    await expect(f()).rejects.toBe(down)
    isDown = false
    expect(await f()).toBe(1)
  })

  test("attached are the operations on its entries by their arguments", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const original = async (a: number, b: string) => `${a}${b} ${++calls}`
    const f = cache.memoize(original, { name: "f", grace: "1h" })
    expect(f.original).toBe(original)
    expect(f.name).toBe("f")
    expect(await f.get(1, "x")).toBeUndefined()
    await f.set("set", 1, "x")
    expect(await f(1, "x")).toBe("set")
    expect(await f.get(1, "x")).toBe("set")
    expect(await f.get(1, "y")).toBeUndefined()
    expect(await f.refresh(1, "x")).toBe("1x 1")
    expect(await f(1, "x")).toBe("1x 1")
    expect(await f.expire(1, "x")).toBe(true)
    expect(await f.get(1, "x")).toBeUndefined()
    expect(await f.delete(1, "x")).toBe(true)
    expect(await f.delete(1, "x")).toBe(false)
    expect(await f(1, "x")).toBe("1x 2")
    expect(await cache.get(f.keyFor(1, "x"))).toBe("1x 2")
    expect(f.keyFor(1, "x")).toBe('~["f()",1,"x"]')
  })

  test("two functions under one name share their entries, under two they do not", async () => {
    const { cache, another } = await setup(kind)
    const f = cache.memoize(() => "f", { name: "shared" })
    const g = cache.memoize(() => "g", { name: "shared" })
    const h = cache.memoize(() => "h", { name: "other" })
    const elsewhere = another().memoize(() => "e", { name: "shared" })
    expect([await f(), await g(), await h(), await elsewhere()]).toEqual(["f", "f", "h", "f"])
  })

  test("a name is the function's own, or asked for", async () => {
    const { cache } = await setup(kind)
    async function loadUser(): Promise<number> {
      return 1
    }
    expect(cache.memoize(loadUser).keyFor()).toBe('~["loadUser()"]')
    const anonymous = [() => 1, async () => 1, () => {}, { name: "" }.valueOf() && (() => 1)]
    for (const fn of [...anonymous]) {
      expect(() => cache.memoize(fn)).toThrow(expect.objectContaining({ code: "NAME_REQUIRED" }))
      expect(() => cache.memoize(fn, { name: "" })).toThrow(
        expect.objectContaining({ code: "NAME_REQUIRED" }),
      )
    }
  })

  test("what is no function is refused", async () => {
    const { cache } = await setup(kind)
    for (const wrong of [undefined, null, 5, "f", {}]) {
      expect(() => cache.memoize(wrong as never, { name: "f" })).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      )
      expect(() => cache.memoizeMany(wrong as never, { name: "f" })).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      )
    }
  })

  test("key makes the key of the arguments", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const f = cache.memoize((user: { id: number; at: number }) => `${user.at} ${++calls}`, {
      name: "f",
      key: (user) => user.id,
    })
    expect(await f({ id: 1, at: 1 })).toBe("1 1")
    expect(await f({ id: 1, at: 2 })).toBe("1 1")
    expect(await f({ id: 2, at: 2 })).toBe("2 2")
    expect(await f.delete({ id: 1, at: 9 })).toBe(true)
  })

  test("two functions that a minifier gave the same short name are distinguished, or refused", async () => {
    const { cache } = await setup(kind)
    if (!one || !other) throw new Error("not made")
    const first = cache.memoize(one)
    expect(() => cache.memoize(other)).toThrow(expect.objectContaining({ code: "NAME_REQUIRED" }))
    // The same again, as a module that is loaded twice has it; by a name of its own; in another region.
    const again = [cache.memoize(one), cache.memoize(other, { name: "t2" }), cache.region("r").memoize(other)]
    expect(await Promise.all([first(), ...again.map((f) => f())])).toEqual([1, 1, 2, 2])
  })

  test("ignored arguments do not count, wherever they are", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const f = cache.memoize((_: unknown, id: number, __: () => void) => id + ++calls, {
      name: "f",
      ignore: [0, 2],
    })
    expect(await f({}, 1, () => {})).toBe(2)
    expect(await f(Symbol("x"), 1, never)).toBe(2)
    expect(await f(5, 2, never)).toBe(4)
  })

  test.each<[string, (...args: never[]) => unknown, readonly number[]]>([
    ["past the end", (_: number) => 1, [1]],
    ["negative", (_: number) => 1, [-1]],
    ["a fraction", (_: number) => 1, [0.5]],
    ["text", (_: number) => 1, ["0" as never]],
    ["past the end of a method", { f(_: number) {} }.f, [1]],
    ["past the end, where the body has defaults", (_: number) => [0].map((x = 1, ...y) => [x, y]), [1]],
  ])("an ignored index that is no argument is refused: %s", async (_, fn, ignore) => {
    const { cache } = await setup(kind)
    expect(() => cache.memoize(fn, { name: "f", ignore })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    )
  })

  test.each<[string, (...args: never[]) => unknown, readonly number[]]>([
    ["a rest", (..._: number[]) => 1, [5]],
    ["a rest behind a comment", commented, [5]],
    ["a default", (_: number, __ = ")") => 1, [1]],
    ["after a pattern with a default", patterned, [2]],
    ["after a pattern", ({ x }: { x: number }, _: number) => x, [1]],
    ["native", Math.max.bind(null), [1]],
  ])("an index that may be an argument is taken: %s", async (_, fn, ignore) => {
    const { cache } = await setup(kind)
    cache.memoize(fn, { name: "f", ignore })
  })

  test("bypass calls and stores, whatever is cached", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const f = cache.memoize((_id: number, _force: boolean) => ++calls, {
      name: "f",
      ignore: [1],
      bypass: (_, force) => force,
    })
    expect(await f(1, false)).toBe(1)
    expect(await f(1, true)).toBe(2)
    expect(await f(1, false)).toBe(2)
  })

  test("onHit is called for calls that the cache served, and no others", async () => {
    const { cache, clock } = await setup(kind)
    const hits: unknown[] = []
    const { promise, pass } = gate()
    let result: Promise<string> | string = promise
    const f = cache.memoize((_: number) => result, {
      name: "f",
      ttl: "1s",
      grace: "1h",
      softTimeout: 0,
      onHit: (info) => hits.push(info),
    })
    const at = clock.now()
    const both = [f(1), f(1)]
    pass("x")
    await Promise.all(both)
    expect(hits).toEqual([])
    await f(1)
    expect(hits).toEqual([{ key: f.keyFor(1), args: [1], value: "x", expiresAt: at + 1000 }])
    await clock.advance(1000)
    result = "y"
    expect(await f(1)).toBe("x")
    expect(hits.length).toBe(2)
    await f.refresh(1)
    expect(hits.length).toBe(2)
  })

  test("a ttl may be a function, asked on each call", async () => {
    const { cache, clock } = await setup(kind)
    let ttl: "1s" | "1m" | "never" = "1s"
    const f = cache.memoize((id: number) => id, { name: "f", ttl: () => ttl as "1s" })
    await f(1)
    expect((await cache.getEntry(f.keyFor(1)))?.freshUntil).toBe(clock.now() + 1000)
    ttl = "1m"
    await f(2)
    await f.set(3, 3)
    expect((await cache.getEntry(f.keyFor(2)))?.freshUntil).toBe(clock.now() + 60_000)
    expect((await cache.getEntry(f.keyFor(3)))?.freshUntil).toBe(clock.now() + 60_000)
    ttl = "never"
    await expect(f(4)).rejects.toMatchObject({ code: "TTL_INVALID" })
  })

  test.each<[string, (args: { list: unknown[] }) => unknown]>([
    ["a member", ({ list }) => list.push(1)],
    ["what cannot be a key", ({ list }) => list.push(() => {})],
    ["a circle", (args) => args.list.push(args)],
  ])("a function that changes its arguments is refused and stores nothing: %s", async (_, change) => {
    const { cache } = await setup(kind)
    const f = cache.memoize((args: { list: unknown[] }) => void change(args), { name: "f" })
    await expect(f({ list: [] })).rejects.toMatchObject({ code: "ARGUMENT_CHANGED" })
    expect(await cache.has(f.keyFor({ list: [] }))).toBe(false)
  })

  test("negative results are left out by shouldCache", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const find = (id: number) => {
      calls++
      return id > 1 ? { id } : undefined
    }
    const f = cache.memoize(find, {
      name: "f",
      shouldCache: (value) => value !== undefined,
    })
    expect(await f(1)).toBeUndefined()
    expect(await f(1)).toBeUndefined()
    expect(await f(2)).toEqual({ id: 2 })
    expect(await f(2)).toEqual({ id: 2 })
    expect(calls).toBe(3)
  })

  test("entries lie in the region it was made from, with tags", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const region = cache.region("users", { ttl: "1h" })
    const f = region.memoize((_: number) => ++calls, { name: "f", tags: ["t"] })
    await f(1)
    expect(await region.has(f.keyFor(1))).toBe(true)
    expect(await cache.has(f.keyFor(1))).toBe(false)
    await cache.invalidateTags("t")
    expect(await f(1)).toBe(2)
    await f.set(9, 1)
    await cache.invalidateTags("t")
    expect(await f(1)).toBe(3)
    await region.invalidate()
    expect(await f(1)).toBe(4)
  })

  test("a region's generator, key function and setter are no business of its memoized functions", async () => {
    const { cache } = await setup(kind)
    const region = cache.region("users", {
      generate: (_: { id: number }) => "generated",
      key: ({ id }) => String(id),
      writeThrough: never,
    })
    const f = region.memoize((id: number) => id, { name: "f" })
    expect(await f.get(1)).toBeUndefined()
    expect(await f(1)).toBe(1)
    expect(await f.get(1)).toBe(1)
    await f.set(5, 1)
    expect(await f(1)).toBe(5)
    expect(await f.delete(1)).toBe(true)
    const many = region.memoizeMany((...ids: number[]) => ids, { name: "m" })
    expect(await many(1, 2)).toEqual([1, 2])
    expect(await many.get(1)).toBe(1)
  })

  test("this is handed through", async () => {
    const { cache } = await setup(kind)
    const f = cache.memoize(
      function (this: { n: number }, by: number) {
        return this.n * by
      },
      { name: "f" },
    )
    expect(await f.call({ n: 3 }, 2)).toBe(6)
  })

  test("an argument that can be no key says so", async () => {
    const { cache } = await setup(kind)
    const f = cache.memoize((_: unknown) => 1, { name: "f" })
    await expect(f(() => {})).rejects.toMatchObject({ code: "KEY_INVALID" })
    await expect(f(new (class User {})())).rejects.toThrow("User")
    expect(() => f.keyFor(Symbol("x"))).toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
  })

  test("options of a load hold: fresh, maxAge, hardTimeout, schema", async () => {
    const { cache, clock } = await setup(kind)
    let calls = 0
    const f = cache.memoize(() => ++calls, { name: "f", maxAge: "1s" })
    await f()
    await clock.advance(1000)
    expect(await f()).toBe(2)
    const slow = cache.memoize(() => new Promise(() => {}), { name: "slow", hardTimeout: 50 })
    const late = expect(slow()).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(50)
    await late
  })
})

test("storeTimeout holds for all that is attached", async () => {
  for (const verb of ["set", "delete", "expire", "get", "refresh"] as const) {
    const { cache, clock, storage } = await setup("four methods")
    const own = { name: "f", storeTimeout: "10s" } as const
    const one = cache.memoize(async (_id: number) => 1, own)
    const many = cache.memoizeMany(async (...ids: number[]) => ids, { ...own, name: "g" })
    await one.set(5, 1)
    await many.set(5, 1)
    storage.fault = () => 2500
    const errors: unknown[] = []
    cache.on("error", ({ error }) => errors.push(error))
    const done = verb === "set" ? [one.set(5, 1), many.set(5, 1)] : [one[verb](1), many[verb](1)]
    const both = Promise.all(done)
    both.catch(() => {})
    await clock.advance(9000)
    await both
    expect(errors).toEqual([])
  }
})
