import { describe, expect, expectTypeOf, test } from "vitest"
import { CacheWrapper } from "../../src/index.ts"
import { fakeClock } from "../support/clock.ts"
import { fake, kinds } from "../support/fake.ts"
import { gate, setup } from "../support/setup.ts"

const never = (): never => expect.unreachable()

describe.each(kinds)("regions on %s", (kind) => {
  test("are the same object for the same name, below the same parent", async () => {
    const { cache } = await setup(kind)
    expect(cache.region("a")).toBe(cache.region("a"))
    expect(cache.region("a").region("b")).toBe(cache.region("a").region("b"))
    expect(cache.region("a").region("a")).not.toBe(cache.region("a"))
  })

  test("keep their keys to themselves, whatever their names and keys", async () => {
    const { cache } = await setup(kind)
    const names = [
      "a",
      "a:b",
      "a%3Ab",
      "a%3ab",
      "%3A",
      ":",
      "::",
      "%",
      "@",
      "#",
      "\\",
      "~",
      " ",
      "A",
      "ä",
      "\ud800",
      "__proto__",
      "constructor",
    ]
    const places = [
      cache,
      ...names.map((name) => cache.region(name)),
      cache.region("a").region("b"),
      cache.region("a").region("b:"),
    ]
    const keys = ["", "b", ":b", "b:", "a:b", ":a::b", "@a", "#h", "::"]
    for (const [i, place] of places.entries()) for (const key of keys) await place.set(key, `${i} ${key}`)
    for (const [i, place] of places.entries()) {
      expect(await place.getMany(keys)).toEqual(keys.map((key) => `${i} ${key}`))
    }
  })

  test("an empty, huge or other than text name is refused", async () => {
    const { cache } = await setup(kind)
    for (const name of ["", "x".repeat(1025), 5, null, undefined, {}]) {
      expect(() => cache.region(name as string)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }))
    }
    await cache.region("x".repeat(1024)).set("a", 1)
    expect(await cache.region("x".repeat(1024)).get("a")).toBe(1)
  })

  test("have the options of their own, and those of their parent where they say nothing", async () => {
    const { cache, clock } = await setup(kind, { ttl: "1m", grace: "1h" })
    const outer = cache.region("outer", { ttl: "2m" })
    const inner = outer.region("inner", { grace: "3h" })
    await inner.set("a", 1)
    const at = clock.now()
    expect(await inner.getEntry("a")).toMatchObject({
      freshUntil: at + 120_000,
      staleUntil: at + 120_000 + 3 * 3_600_000,
    })
    await outer.set("a", 1, { ttl: 5 })
    expect(await outer.getEntry("a")).toMatchObject({ freshUntil: at + 5, staleUntil: at + 5 + 3_600_000 })
  })

  test("may be configured late: at import first, with options when they are known", async () => {
    const { cache, clock } = await setup(kind)
    const users = cache.region("users")
    const inner = users.region("inner")
    await users.set("a", 1)
    expect(cache.region("users", { ttl: "1h" })).toBe(users)
    await clock.advance(299_999)
    expect(await users.get("a")).toBe(1)
    await users.set("b", 1)
    await inner.set("b", 1)
    await clock.advance(3_599_999)
    expect(await users.get("b")).toBe(1)
    expect(await inner.get("b")).toBe(1)
  })

  test("options a second time are refused, unless they replace; the data stays", async () => {
    const { cache, clock } = await setup(kind)
    const users = cache.region("users", { ttl: "1h" })
    await users.set("a", 1)
    expect(() => cache.region("users", { ttl: "1m" })).toThrow(
      expect.objectContaining({ code: "REGION_CONFIGURED" }),
    )
    expect(cache.region("users")).toBe(users)
    expect(cache.region("users", { ttl: "1m", replace: true })).toBe(users)
    await users.set("b", 2)
    await clock.advance(60_000)
    expect(await users.getMany(["a", "b"])).toEqual([1, undefined])
  })

  test("options that replace let a load under way be stored, as in a region with a storage of its own", async () => {
    const { cache, clock } = await setup(kind)
    for (const own of [{}, { near: true }]) {
      const users = cache.region("users", { ...own, replace: true })
      const answer = users.getOrSet("a", () => clock.after(10, "loaded"))
      await clock.advance(5)
      cache.region("users", { ...own, ttl: "1h", replace: true })
      await clock.advance(5)
      expect(await answer).toBe("loaded")
      expect(await users.get("a")).toBe("loaded")
    }
  })

  test("options that make no sense are refused when given, and change nothing", async () => {
    const { cache } = await setup(kind)
    const bad: [object, string][] = [
      [{ tll: "1h" }, "OPTION_INVALID"],
      [{ ttl: "soon" }, "TTL_INVALID"],
      [{ generate: 5 }, "OPTION_INVALID"],
      [{ writeThrough: "x" }, "OPTION_INVALID"],
      [{ key: {} }, "OPTION_INVALID"],
      [{ onError: true }, "OPTION_INVALID"],
      [{ prefix: "" }, "OPTION_INVALID"],
      [{ adapter: "nonsense" }, "ADAPTER_UNKNOWN"],
      [{ adapter: {} }, "ADAPTER_OPTIONS"],
      [{ near: "yes" }, "ADAPTER_OPTIONS"],
    ]
    for (const [options, code] of bad) {
      expect(() => cache.region("r", options), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code }),
      )
    }
    cache.region("r", { ttl: "1h" })
  })

  test("are called as they were named in events, and their prefix in storage is one of their own if they like", async () => {
    const { cache, events, another } = await setup(kind)
    const users = cache.region("users", { prefix: "u:1" })
    await users.set("a", 1)
    await users.region("inner").set("b", 2)
    expect(events.at(-1)).toMatchObject({ type: "set", key: "b", region: "users:inner" })
    expect(await cache.region("users").get("a")).toBe(1)
    expect(await another().region("users").get("a")).toBeUndefined()
    expect(await another().region("u:1").get("a")).toBe(1)
    expect(await another().region("u:1").region("inner").get("b")).toBe(2)
    await users.clear()
    expect(await users.region("inner").get("b")).toBeUndefined()
  })

  test("a prefix that comes late moves a region and the regions in it", async () => {
    const { cache, another } = await setup(kind)
    const users = cache.region("users")
    const inner = users.region("inner")
    cache.region("users", { prefix: "people" })
    await inner.set("a", 1)
    expect(cache.region("users").region("inner")).toBe(inner)
    expect(await another().region("people").region("inner").get("a")).toBe(1)
  })
})

describe.each(kinds)("generators on %s", (kind) => {
  test("make what is missing, once for all callers", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const users = cache.region("users", {
      ttl: "1h",
      generate: async (id: number) => {
        calls++
        return { id }
      },
    })
    const all = await Promise.all([users.get(1), users.get(1), users.get(1)])
    expect(all).toEqual([{ id: 1 }, { id: 1 }, { id: 1 }])
    expect(calls).toBe(1)
    expect(await users.getMany([1, 2, 1])).toEqual([{ id: 1 }, { id: 2 }, { id: 1 }])
    expect(calls).toBe(2)
    expectTypeOf(users.get).parameter(0).toEqualTypeOf<number>()
    expectTypeOf(await users.get(1)).toEqualTypeOf<{ id: number }>()
  })

  test("every verb takes the generator's argument", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const users = cache.region("users", {
      grace: "1h",
      generate: (who: { id: number }) => `${who.id} ${++calls}`,
    })
    await users.set({ id: 1 }, "set")
    expect(await users.get({ id: 1 })).toBe("set")
    expect(await users.has({ id: 1 })).toBe(true)
    expect(await users.getEntry({ id: 1 })).toMatchObject({ value: "set" })
    expect(await users.touch({ id: 1 }, "1h")).toBe(true)
    expect(await users.expire({ id: 1 })).toBe(1)
    expect(await users.delete({ id: 1 }, { id: 2 })).toBe(1)
    expect(await users.getEntry({ id: 1 })).toBeUndefined()
    expect(users.peek({ id: 1 })).toBeUndefined()
    expect(users.isLoading({ id: 1 })).toBe(false)
    await users.setMany([[{ id: 3 }, "three"]])
    expect(await users.getOrSet({ id: 3 }, never)).toBe("three")
    expect(
      await users.getOrSetMany([{ id: 3 }, { id: 4 }], (missing) => missing.map((who) => `many ${who.id}`)),
    ).toEqual(["three", "many 4"])
    expect(calls).toBe(0)
    expect(await users.get({ id: 1 }, { fresh: true, ttl: "1s" })).toBe("1 1")
  })

  test("are given the argument as it was at the call and the context of the load", async () => {
    const { cache, clock } = await setup(kind)
    const seen: unknown[] = []
    const argument = { id: 1, at: new Date(0) }
    const region = cache.region("r", {
      generate: (given: typeof argument, context) => {
        seen.push(given, context.key)
        context.ttl = "1s"
        context.tags = ["t"]
        return 5
      },
    })
    expect(await region.get(argument)).toBe(5)
    expect(seen[0]).toEqual(argument)
    expect(seen[1]).toBe('~{"at":D0,"id":1}')
    expect(await region.getEntry(argument)).toMatchObject({ freshUntil: clock.now() + 1000, tags: ["t"] })
  })

  test("may be set late, replaced, and outlive options that come later still", async () => {
    const { cache, clock } = await setup(kind)
    const plain = cache.region("users")
    expect(await plain.get("1")).toBeUndefined()
    const users = plain.generate((id: string) => `first ${id}`)
    expect(users).toBe(plain)
    expect(await users.get("1")).toBe("first 1")
    cache.region("users", { ttl: "1h" })
    await clock.advance(300_000)
    expect(await users.get("1")).toBe("first 1")
    await clock.advance(3_000_000)
    users.generate((id: string) => `second ${id}`)
    expect(await users.get("1")).toBe("first 1")
    expect(await users.get("2")).toBe("second 2")
    cache.region("users", { ttl: "1m", replace: true })
    expect(await users.get("3")).toBe("second 3")
    expect(() => users.generate("x" as never)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }))
  })

  test("their errors are the caller's, untouched; stale stands in within grace", async () => {
    const { cache, clock } = await setup(kind)
    const down = new Error("down")
    let isDown = false
    const region = cache.region("r", {
      ttl: "1s",
      grace: "1h",
      generate: (id: number) => {
        if (isDown) throw down
        return id
      },
    })
    expect(await region.get(1)).toBe(1)
    isDown = true
    await clock.advance(1000)
    expect(await region.get(1)).toBe(1)
    await expect(region.get(2)).rejects.toBe(down)
  })

  test("write through: the setter first, then the cache", async () => {
    const { cache } = await setup(kind)
    const origin = new Map<number, string>()
    const users = cache.region("users", {
      generate: (id: number) => origin.get(id) ?? "nobody",
      writeThrough: async (id, name) => {
        expect(await users.getEntry(id)).toBeUndefined()
        origin.set(id, name)
      },
    })
    await users.set(1, "Ada")
    expect(origin.get(1)).toBe("Ada")
    expect(await users.get(1)).toBe("Ada")
    await users.setMany([
      [2, "Bob"],
      [3, "Cid"],
    ])
    expect([...origin]).toEqual([
      [1, "Ada"],
      [2, "Bob"],
      [3, "Cid"],
    ])
    expect(await users.getMany([2, 3])).toEqual(["Bob", "Cid"])
  })

  test("what is set while a setMany is at the origin of its other keys stays, as it does there", async () => {
    const { cache, clock } = await setup(kind)
    const origin = new Map<string, number>()
    const users = cache.region("users", {
      writeThrough: async (id: string, value: number) => {
        await clock.after(10, undefined)
        origin.set(id, value)
      },
    })
    const many = users.setMany([
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ])
    await clock.advance(11)
    const one = users.set("a", 2)
    await clock.advance(100)
    await Promise.all([many, one])
    expect(origin.get("a")).toBe(2)
    expect(await users.getMany(["a", "b", "c"])).toEqual([2, 1, 1])
  })

  test("a setter that fails leaves the cache as it was", async () => {
    const { cache } = await setup(kind)
    const down = new Error("down")
    const users = cache.region("users", {
      generate: (id: string) => id,
      writeThrough: (id) => {
        if (id === "bad") throw down
      },
    })
    const asItWas = users.get("bad")
    await asItWas
    await expect(users.set("bad", "new")).rejects.toBe(down)
    await expect(
      users.setMany([
        ["good", "new"],
        ["bad", "new"],
        ["never", "new"],
      ]),
    ).rejects.toBe(down)
    expect(await users.get("bad")).toBe("bad")
    expect((await users.getEntry("good"))?.value).toBe("new")
    expect(await users.getEntry("never")).toBeUndefined()
  })

  test("a value that the origin took and the cache refuses leaves no old one in the cache", async () => {
    const { cache } = await setup(kind)
    const origin = new Map<string, unknown>()
    const users = cache.region("users", {
      writeThrough: async (id: string, user: unknown) => void origin.set(id, user),
    })
    await users.setMany({ ann: "old", bob: "old" })
    const refused = { code: "VALUE_UNSUPPORTED" }
    await expect(users.set("ann", Object(Symbol("new")))).rejects.toMatchObject(refused)
    expect(typeof origin.get("ann")).toBe("object")
    expect(await users.getMany(["ann", "bob"])).toEqual([undefined, "old"])
  })

  test("wrong options are refused before the setter is called", async () => {
    const { cache } = await setup(kind)
    const users = cache.region("users", { writeThrough: never })
    await expect(users.set("a", 1, { ttl: "soon" as "1s" })).rejects.toMatchObject({ code: "TTL_INVALID" })
    await expect(users.set(never as never, 1)).rejects.toMatchObject({ code: "KEY_INVALID" })
  })

  test("what is loaded is not written through", async () => {
    const { cache } = await setup(kind)
    const users = cache.region("users", { generate: (id: number) => id, writeThrough: never })
    expect(await users.get(1)).toBe(1)
    expect(await users.getOrSet(2, 5)).toBe(5)
  })

  test("a value is kept as it was when it was set, however long its setter takes", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate<undefined>()
    const users = cache.region("users", { writeThrough: () => promise })
    const value = { n: 1 }
    const written = Promise.all([users.set("a", value), users.setMany({ b: value })])
    value.n = 2
    pass(undefined)
    await written
    expect(await users.getMany(["a", "b"])).toEqual([{ n: 1 }, { n: 1 }])
  })

  test("a setter is given each value as it was when it was set, and what it does to it is not kept", async () => {
    const { cache } = await setup(kind)
    const seen: unknown[] = []
    const users = cache.region("users", {
      writeThrough: async (_: string, value: { n: number }) => {
        await undefined
        seen.push(value.n)
        value.n = 9
      },
    })
    const value = { n: 1 }
    const written = users.setMany([
      ["a", value],
      ["b", value],
    ])
    value.n = 2
    await written
    await users.batch((batch) => batch.set("c", value))
    expect(seen).toEqual([1, 1, 2])
    expect(await users.getMany(["a", "b", "c"])).toEqual([{ n: 1 }, { n: 1 }, { n: 2 }])
    expect(value).toEqual({ n: 2 })
  })

  test("a key function of their own makes the key of the argument", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const users = cache.region("users", {
      key: (user: { id: number; name: string }) => ["id", user.id],
      generate: (user) => `${user.name} ${++calls}`,
    })
    expect(await users.get({ id: 1, name: "Ada" })).toBe("Ada 1")
    expect(await users.get({ id: 1, name: "Countess" })).toBe("Ada 1")
    expect(await users.has({ id: 1, name: "" })).toBe(true)
    expect(await users.delete({ id: 1, name: "" })).toBe(1)
    const mangled = cache.region("mangled", { key: (name: string) => name.toLowerCase() })
    await mangled.set("ABC", 1)
    expect(await mangled.get("abc")).toBe(1)
    const broken = cache.region("broken", { key: () => 5 as never })
    await expect(broken.get("a")).rejects.toMatchObject({ code: "KEY_INVALID" })
  })
})

describe.each(kinds)("a region's onError on %s", (kind) => {
  test("gets the errors of its region and the inner regions instead of the cache's", async () => {
    const told: string[] = []
    const { cache, storage } = await setup(kind, { onError: (_, { key }) => void told.push(`cache ${key}`) })
    const outer = cache.region("outer", { onError: (_, { key }) => void told.push(`outer ${key}`) })
    const inner = outer.region("inner")
    const other = cache.region("other")
    storage.fault = (verb) => (verb === "get" || verb === "getMany" ? "reject" : undefined)
    for (const place of [cache, outer, inner, other]) await place.get("a")
    expect(told).toEqual(["cache a", "outer a", "outer a", "cache a"])
    cache.region("outer", { replace: true })
    told.length = 0
    await inner.get("b")
    expect(told).toEqual(["cache b"])
  })

  test("that throws disturbs nobody", async () => {
    const { cache, storage } = await setup(kind, { onError: never })
    storage.fault = () => "reject"
    expect(await cache.getOrSet("a", () => 1)).toBe(1)
  })
})

test("a region made before the storage is chosen follows it", async () => {
  fakeClock()
  const cache = new CacheWrapper()
  const users = cache.region("users")
  const first = fake("memory")
  const second = fake("memory")
  cache.use(first.handle())
  await users.set("a", 1)
  expect(first.calls.some((call) => call.startsWith("set"))).toBe(true)
  cache.use(second.handle())
  expect(await users.get("a")).toBeUndefined()
  await users.set("a", 2)
  cache.use(first.handle())
  expect(await users.get("a")).toBe(1)
})
