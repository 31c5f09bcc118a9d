import { describe, expect, test, vi } from "vitest"
import type { CacheWrapper } from "../../src/index.ts"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

type Cache = Pick<
  CacheWrapper,
  "touch" | "expire" | "getOrSet" | "getOrSetMany" | "set" | "delete" | "clear" | "setMany"
>

type Ender = Pick<CacheWrapper, "clear" | "invalidate" | "invalidateTags" | "batch">

const long = { ttl: "1h", grace: "1h" } as const

/** What a batch makes of what it has read, of an entry "k" that holds "v1" and is stale for the loads. */
const derived: readonly [name: string, act: (b: Cache) => Promise<unknown>][] = [
  ["touch", (b) => b.touch("k", "2h")],
  ["expire", (b) => b.expire("k")],
  ["expire of several", (b) => b.expire("j", "k")],
  ["getOrSet", (b) => b.getOrSet("k", () => "loaded", { maxAge: 0 })],
  ["getOrSetMany", (b) => b.getOrSetMany(["j", "k"], (keys) => keys.map(() => "loaded"), { maxAge: 0 })],
]

/** What replaces "k" outside, and what is there then. */
const outside: readonly [name: string, write: (cache: Cache) => Promise<unknown>, then: unknown][] = [
  ["set", (cache) => cache.set("k", "v2", long), "v2"],
  ["setMany", (cache) => cache.setMany({ x: 1, k: "v2" }, long), "v2"],
  ["delete", (cache) => cache.delete("k"), undefined],
  ["clear", (cache) => cache.clear(), undefined],
  ["load", (cache) => cache.getOrSet("k", () => "v2", { fresh: true }), "v2"],
]

const pairs = derived.flatMap(([name, act]) =>
  outside.map(([other, write, then]) => ({ name, other, act, write, then })),
)

describe.each(kinds)("%s", (kind) => {
  test.each(pairs)("a $name in a batch gives way to a $other outside", async ({ act, write, then }) => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "v1", long)
    await cache.batch(async (b) => {
      await act(b)
      await write(cache)
      await clock.advance(1)
      expect(await b.get("k")).toBe(then)
    })
    expect(await cache.get("k")).toBe(then)
    expect(await cache.get("k", { stale: true })).toBe(then)
  })

  test.each(pairs)("a $name in a batch gives way to a $other beside it", async ({ act, write, then }) => {
    const { cache } = await setup(kind)
    await cache.set("k", "v1", long)
    await cache.batch((b) => Promise.all([act(b), write(cache)]))
    expect([then, "loaded", "v1"]).toContain(await cache.get("k", { stale: true }))
    if (then === "v2") expect(await cache.get("k")).not.toBe("v1")
  })

  test.each(derived)("a %s of what was written outside before is kept", async (_, act) => {
    const { cache, clock } = await setup(kind)
    await cache.batch(async (b) => {
      await cache.set("k", "v2", long)
      await clock.advance(1)
      await act(b)
      await cache.set("other", 1)
      await cache.region("other").clear()
    })
    const entry = await cache.getEntry("k", { stale: true })
    const isAsIt = entry?.value === "v2" && entry.freshUntil === entry.createdAt + 3_600_000
    expect(entry).toBeDefined()
    expect(isAsIt).toBe(false)
  })

  test("what a batch sets and deletes itself wins over what came outside before its end", async () => {
    const { cache } = await setup(kind)
    await cache.setMany({ a: 1, b: 1, c: 1 }, long)
    await cache.batch(async (b) => {
      await b.set("a", 2)
      await b.delete("b")
      await b.set("c", 2)
      await b.touch("c", "2h")
      await cache.setMany({ a: 3, b: 3, c: 3 })
    })
    expect(await cache.getMany(["a", "b", "c"])).toEqual([2, undefined, 2])
  })

  test("a load in a batch that an outside write fences is returned and not stored", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    await cache.batch(async (b) => {
      const loading = b.getOrSet("k", () => load.promise)
      await settled(clock)
      await cache.set("k", "v2")
      load.pass("old")
      expect(await loading).toBe("old")
    })
    expect(await cache.get("k")).toBe("v2")
  })

  const removals: readonly [name: string, remove: (b: Cache) => Promise<unknown>][] = [
    ["delete", (b) => b.delete("k")],
    ["set for no time", (b) => b.set("k", "v1", { ttl: 0 })],
    ["clear", (b) => b.clear()],
  ]
  const anew = removals.flatMap(([name, remove]) =>
    outside.map(([other, write]) => ({ name, remove, other, write })),
  )

  test.each(anew)("a load after a $name in a batch gives way to a $other outside", async (row) => {
    const { cache, clock } = await setup(kind)
    await cache.setMany({ k: "v1", l: "v1" }, long)
    const load = gate()
    await cache.batch(async (b) => {
      await row.remove(b)
      const loading = b.getOrSet("k", () => load.promise)
      await settled(clock)
      await row.write(cache)
      load.pass("old")
      expect(await loading).toBe("old")
    })
    expect(await cache.get("k", { stale: true })).toBeUndefined()
    await cache.batch(async (b) => {
      await row.remove(b)
      expect(await b.getOrSet("k", () => "old")).toBe("old")
      expect(await b.get("k")).toBe("old")
      await row.write(cache)
    })
    expect(await cache.get("k", { stale: true })).toBeUndefined()
  })

  test.each(removals)("a load after a %s in a batch is stored with it", async (_, remove) => {
    const { cache } = await setup(kind)
    await cache.set("k", "v1", long)
    await cache.batch(async (b) => {
      await cache.set("k", "v2", long)
      await remove(b)
      expect(await b.getOrSet("k", () => "new")).toBe("new")
      await cache.set("other", 1)
    })
    expect(await cache.get("k")).toBe("new")
  })

  test("a load after a delete in a nested batch gives way to a set outside before the outer one ends", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", "v1", long)
    await cache.batch(async (outer) => {
      await outer.batch(async (inner) => {
        await inner.delete("k")
        await inner.getOrSet("k", () => "old")
      })
      await cache.set("k", "v2")
    })
    expect(await cache.get("k", { stale: true })).toBeUndefined()
  })

  const versions: readonly [name: string, renew: (b: Ender) => Promise<unknown>][] = [
    ["clear", (b) => b.clear()],
    ["hard invalidation", (b) => b.invalidate()],
  ]
  const endings: readonly [name: string, end: (cache: Ender) => Promise<unknown>][] = [
    ["its cache", (cache) => cache.invalidate()],
    ["its tag", (cache) => cache.invalidateTags("t")],
    ["its tag in another batch", (cache) => cache.batch((b) => b.invalidateTags("t"))],
  ]
  const hidden = versions.flatMap(([name, renew]) =>
    endings.map(([other, end]) => ({ name, renew, other, end })),
  )

  test.each(hidden)(
    "a load after a $name in a batch gives way to an invalidation of $other outside",
    async (row) => {
      const { cache, clock } = await setup(kind)
      const load = gate()
      const options = { ...long, tags: ["t"] }
      await cache.batch(async (b) => {
        await row.renew(b)
        await b.invalidateTags("t")
        const loading = b.getOrSet("k", () => load.promise, options)
        await settled(clock)
        await row.end(cache)
        load.pass("old")
        expect(await loading).toBe("old")
        expect(await b.get("k", { stale: true })).toBeUndefined()
        await b.getOrSet("l", () => "old", options)
        await row.end(cache)
        expect(await b.get("l", { stale: true })).toBeUndefined()
        expect(await b.getOrSet("m", () => "new", options)).toBe("new")
      })
      expect(await cache.getMany(["k", "l", "m"], { stale: true })).toEqual([undefined, undefined, "new"])
    },
  )

  test("a touch in a nested batch gives way to a set outside, before its own end and after", async () => {
    const { cache } = await setup(kind)
    await cache.setMany({ a: 1, b: 1 }, long)
    await cache.batch(async (outer) => {
      await outer.batch(async (inner) => {
        await inner.touch("a")
        await inner.touch("b")
        await cache.set("a", 2)
      })
      await cache.set("b", 2)
    })
    expect(await cache.getMany(["a", "b"])).toEqual([2, 2])
  })

  test("a batch does not fence a refresh outside with what it has loaded", async () => {
    const { cache, clock, storage } = await setup(kind)
    await cache.set("warm", 1)
    const load = gate()
    let refreshed: Promise<string> | undefined
    await cache.batch(async (b) => {
      await b.getOrSet("k", () => "old", long)
      refreshed = cache.getOrSet("k", () => load.promise, { fresh: true })
      await settled(clock)
    })
    expect(await cache.get("k")).toBe("old")
    load.pass("new")
    expect(await refreshed).toBe("new")
    expect(await cache.get("k")).toBe("new")
    expect(storage.calls.filter((call) => /^set.*k/.test(call)).length).toBe(2)
  })

  test("a load in a batch gives way to an expire in another batch, although there was nothing to expire", async () => {
    const { cache } = await setup(kind)
    await cache.batch(async (b) => {
      await b.getOrSet("k", () => "old", long)
      await cache.batch((other) => other.expire("k"))
    })
    expect(await cache.get("k")).toBeUndefined()
  })

  const renewals: readonly [name: string, renew: (b: Ender & Pick<CacheWrapper, "region">) => unknown][] = [
    ["a tag", (b) => b.invalidateTags("t")],
    ["a region", (b) => b.region("r").invalidate()],
    ["a region softly", (b) => b.region("r").invalidate({ mode: "soft" })],
    ["a tag in a batch in it", (b) => b.batch((inner) => inner.invalidateTags("t"))],
  ]
  test.each(renewals)(
    "a batch that ends %s beats the loads that this ends, and no other",
    async (_, renew) => {
      const { cache, clock } = await setup(kind)
      const region = cache.region("r")
      await cache.set("k", "old", long)
      const load = gate()
      const refreshed = cache.getOrSet("k", () => load.promise, { fresh: true })
      const ended = [
        region.getOrSet("a", () => load.promise, { tags: ["t"] }),
        region.getOrSet("b", (context) => {
          context.tags.push("t")
          return load.promise
        }),
        region.getOrSet("c", async (context) => {
          const value = await load.promise
          context.tags.push("t")
          return value
        }),
      ]
      await settled(clock)
      await cache.batch(async (b) => void (await renew(b)))
      load.pass("new")
      await Promise.all(ended)
      expect(await refreshed).toBe("new")
      expect(await cache.get("k")).toBe("new")
      expect(await region.getMany(["a", "b", "c"])).toEqual([undefined, undefined, undefined])
    },
  )

  test("a load in a batch joins the one that runs outside, and is not stored twice", async () => {
    const { cache, clock, storage, trace } = await setup(kind)
    await cache.set("warm", 1)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    storage.calls.length = 0
    const second = vi.fn(() => "second")
    const both = cache.batch((b) =>
      Promise.all([
        b.getOrSet("k", second),
        b.getOrSetMany(["k", "l"], (keys) => keys.map((key) => `many ${key}`)),
      ]),
    )
    await settled(clock)
    load.pass("first")
    expect(await both).toEqual(["first", ["first", "many l"]])
    expect(await first).toBe("first")
    expect(second).not.toHaveBeenCalled()
    const writes = storage.calls.filter((call) => /^set.*k/.test(call))
    expect(writes).toEqual(["set k"])
    expect(trace.filter((type) => type === "load").length).toBe(2)
  })

  test("a load in a nested batch joins the one that runs outside of both", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const nested = cache.batch((outer) => outer.batch((inner) => inner.getOrSet("k", () => "second")))
    await settled(clock)
    load.pass("first")
    expect(await nested).toBe("first")
    await first
  })

  test("a load in a batch joins nothing that the batch has outdated", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const first = [cache.getOrSet("a", () => load.promise), cache.getOrSet("b", () => load.promise)]
    await settled(clock)
    await cache.batch(async (b) => {
      await b.delete("a")
      expect(await b.getOrSet("a", () => "anew")).toBe("anew")
    })
    await cache.batch(async (b) => {
      expect(await b.get("a")).toBe("anew")
      await b.invalidate({ mode: "soft" })
      expect(await b.getOrSet("b", () => "anew")).toBe("anew")
      expect(await b.getOrSet("b", () => "fresh", { fresh: true })).toBe("fresh")
    })
    load.pass("outdated")
    expect(await Promise.all(first)).toEqual(["outdated", "outdated"])
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, "fresh"])
  })

  test("a caller in a batch that leaves does not end the load outside for others", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    let signal: AbortSignal | undefined
    const first = cache.getOrSet("k", (context) => {
      signal = context.signal
      return load.promise
    })
    await settled(clock)
    const ours = new AbortController()
    await cache.batch(async (b) => {
      const mine = b.getOrSet("k", () => "second", { signal: ours.signal })
      const its = b.getOrSet("k", () => "second")
      await settled(clock)
      ours.abort(new Error("ours"))
      await expect(mine).rejects.toThrow("ours")
      expect(signal?.aborted).toBe(false)
      load.pass("first")
      expect(await its).toBe("first")
    })
    expect(await first).toBe("first")
  })

  test("a failure outside reaches the caller that joined from a batch", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const first = cache.getOrSet("k", () => load.promise)
    await settled(clock)
    const down = new Error("down")
    const joined = cache.batch((b) => b.getOrSet("k", () => "second"))
    await settled(clock)
    load.fail(down)
    await expect(first).rejects.toBe(down)
    await expect(joined).rejects.toBe(down)
  })

  test("a load outside whose fallback asks for its own key in a batch gets REENTRANT", async () => {
    const { cache } = await setup(kind)
    const circle = cache.getOrSet("k", () => cache.batch((b) => b.getOrSet("k", () => 1)))
    await expect(circle).rejects.toMatchObject({ code: "REENTRANT" })
  })
})

test("junk that a batch has met does not remove what came in its place", async () => {
  const { cache, storage } = await setup("all abilities")
  await cache.set("k", 1)
  await storage.handle().set("k", new TextEncoder().encode("junk"), 1000)
  await cache.batch(async (b) => {
    expect(await b.get("k")).toBeUndefined()
    await cache.set("k", 2)
  })
  expect(await cache.get("k")).toBe(2)
})
