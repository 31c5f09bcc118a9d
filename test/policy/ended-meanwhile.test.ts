import { describe, expect, onTestFinished, test } from "vitest"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { kinds } from "../support/fake.ts"
import { settled, setup } from "../support/setup.ts"

const welcome = { grace: "1h" } as const

/** Fails the test when a rejection is heard by nobody. */
function unheard(): unknown[] {
  const all: unknown[] = []
  const hear = (error: unknown) => all.push(error)
  process.on("unhandledRejection", hear)
  onTestFinished(() => void process.off("unhandledRejection", hear))
  return all
}

describe.each(kinds)("%s", (kind) => {
  test.each(["the entry's own", "the call's"])(
    "a hard invalidation of a tag, %s, ends a stale value for one who waits with softTimeout",
    async (whose) => {
      const { cache, another, clock } = await setup(kind)
      await cache.set("k", "old", { ttl: 1, tags: ["t"], ...welcome })
      await clock.advance(10)
      const tags = whose === "the call's" ? ["t"] : []
      // By another cache on the same storage as well: it is read again before it is served.
      for (const other of [cache, another()]) {
        const value = cache.getOrSet("k", () => clock.after(80, "new"), {
          softTimeout: 40,
          tags,
          ...welcome,
        })
        await clock.advance(10)
        await other.invalidateTags("t")
        await clock.advance(100)
        expect(await value).toBe("new")
        await cache.set("k", "old", { ttl: 1, tags: ["t"], ...welcome })
        await clock.advance(10)
      }
    },
  )

  test.each(["delete", "clear", "invalidate"] as const)(
    "%s during a load takes the stale value; who waits gets what that load brings",
    async (verb) => {
      const { cache, clock } = await setup(kind)
      await cache.set("k", "old", { ttl: 1, ...welcome })
      await clock.advance(10)
      let loads = 0
      const load = () => clock.after(80, `new ${++loads}`)
      const value = cache.getOrSet("k", load, { softTimeout: 40, ...welcome })
      await clock.advance(10)
      if (verb === "delete") await cache.delete("k")
      else await cache[verb]()
      await clock.advance(100)
      expect([await value, loads]).toEqual(["new 1", 1])
      expect(await cache.get("k")).toBeUndefined()
    },
  )

  test("a caller with softTimeout 0, which does not wait, costs the storage one read", async () => {
    const { cache, clock, storage } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, ...welcome })
    await clock.advance(10)
    storage.calls.length = 0
    const load = () => clock.after(50, "new")
    expect(await cache.getOrSet("k", load, { softTimeout: 0, lease: false, ...welcome })).toBe("old")
    expect(storage.calls).toEqual(["get k"])
    await clock.advance(100)
  })

  test("what ended while a caller waited is not served either when another holds the lease", async () => {
    const { clock, another, storage } = await setup(kind)
    const held = clock.after(60, undefined)
    const cache = another({ adapter: { ...storage.handle(), lock: () => held } })
    await cache.set("k", "old", { ttl: 1, tags: ["t"], ...welcome })
    await clock.advance(10)
    const value = cache.getOrSet("k", () => "new", { softTimeout: 20, leaseTtl: 100, ...welcome })
    await clock.advance(5)
    await another().invalidateTags("t")
    await clock.advance(1000)
    expect(await value).toBe("new")
  })

  test("a caller waits no longer than hardTimeout for it", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, ...welcome })
    await clock.advance(10)
    const value = cache.getOrSet("k", () => clock.after(80, "new"), {
      softTimeout: 20,
      hardTimeout: 60,
      ...welcome,
    })
    const late = expect(value).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
    await clock.advance(10)
    await cache.delete("k")
    await clock.advance(100)
    await late
  })

  test("a tag that the fallback chooses may have been invalidated in the very same millisecond", async () => {
    const { cache } = await setup(kind)
    for (const mode of ["hard", "soft"] as const) {
      for (let round = 0; round < 20; round++) {
        await cache.invalidateTags("t", { mode })
        let loads = 0
        const load = () =>
          cache.getOrSet("k", (context) => {
            context.tags = ["t"]
            return ++loads
          })
        expect([await load(), await load()], `${mode}, ${round}`).toEqual([1, 1])
      }
    }
  })

  test("but not after its load began", async () => {
    const { cache, another, clock } = await setup(kind)
    const other = another()
    await other.ready()
    for (const mode of ["hard", "soft"] as const) {
      const load = cache.getOrSet("k", async (context) => {
        await other.invalidateTags("t", { mode })
        context.tags = ["t"]
        return 1
      })
      await settled(clock)
      await load
      expect(await cache.get("k"), mode).toBeUndefined()
    }
  })

  test("a challenger's own signal ends no load that others wait for", async () => {
    const { cache, clock } = await setup(kind)
    const first = cache.getOrSet("k", () => new Promise<string>(() => {}), { leaseTtl: 20 })
    await clock.advance(30)
    const controller = new AbortController()
    let aborted = false
    const load = (context: { readonly signal: AbortSignal }) => {
      context.signal.addEventListener("abort", () => {
        aborted = true
      })
      return clock.after(50, "second")
    }
    const second = cache.getOrSet("k", load, { leaseTtl: 20, signal: controller.signal })
    const gone = expect(second).rejects.toThrow("gone")
    await clock.advance(10)
    controller.abort(new Error("gone"))
    await clock.advance(100)
    await gone
    expect([await first, aborted]).toEqual(["second", false])
  })

  test("a lease that comes too late is given back, and what that fails with disturbs nobody", async () => {
    const all = unheard()
    for (const release of [() => Promise.reject(new Error("boom")), () => fail()]) {
      const { another, clock, storage } = await setup(kind)
      const adapter: Adapter = { ...storage.handle(), lock: () => clock.after(50, { release }) }
      const cache = another({ adapter, storeTimeout: 20 })
      const value = cache.getOrSet("k", () => 1)
      await clock.advance(100)
      expect(await value).toBe(1)
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(all).toEqual([])
  })

  test("after use with the same adapter a load of before overwrites nothing", async () => {
    const { storage, another, clock } = await setup(kind)
    const adapter = storage.handle()
    const cache = another({ adapter })
    await cache.set("x", 1)
    const load = cache.getOrSet("k", () => clock.after(20, "old"))
    await clock.advance(3)
    await cache.use(adapter).set("k", "new")
    await clock.advance(100)
    expect([await load, await cache.get("k")]).toEqual(["old", "new"])
  })

  test("keep() spreads a ttl no further", async () => {
    const { cache } = await setup(kind, { ttl: 1000, jitter: 900, grace: "1h" })
    await cache.set("k", 1)
    for (let round = 0; round < 60; round++) {
      await cache.expire("k")
      await cache.getOrSet("k", (context) => context.keep())
      const { freshUntil = 0, createdAt = 0 } = (await cache.getEntry("k")) ?? {}
      expect(freshUntil - createdAt).toBeGreaterThanOrEqual(100)
      expect(freshUntil - createdAt).toBeLessThanOrEqual(1900)
    }
  })
})

function fail(): never {
  throw new Error("boom")
}

/** A cache that opens its own adapter, which tells what is done with it. */
function own(calls: string[], storeTimeout: number, open: () => Promise<Adapter>): CacheWrapper {
  class Own extends CacheWrapper {
    protected override check(): void {}
    protected override async load() {
      const inner = await open()
      const close = () => void calls.push("close")
      return { adapter: { ...inner, open: () => void calls.push("open"), close } }
    }
  }
  return new Own({ adapter: "own", storeTimeout })
}

test("an adapter that opens after its cache was closed is closed too", async () => {
  const calls: string[] = []
  const { clock, storage } = await setup("four methods")
  const cache = own(calls, 20, async () => {
    await clock.after(60, undefined)
    return storage.handle()
  })
  cache.get("k").catch(() => {})
  await settled(clock)
  const closed = cache.close()
  await clock.advance(200)
  await closed
  expect(calls).toEqual(["open", "close"])
})

test("close waits for writes that still wait for others", async () => {
  const calls: string[] = []
  const { clock, storage } = await setup("four methods")
  const cache = own(calls, 100, async () => storage.handle())
  await cache.ready()
  storage.fault = (verb, key) => {
    if (verb !== "set" || key !== "k") return undefined
    calls.push("set")
    return 10
  }
  const writes = [cache.set("k", 1), cache.set("k", 2), cache.set("k", 3)]
  const closed = cache.close()
  await clock.advance(200)
  await Promise.all([...writes, closed])
  expect(calls).toEqual(["open", "set", "set", "set", "close"])
})

test.each(kinds)("what a soft end leaves is served when hardTimeout passes, on %s", async (kind) => {
  const acts: Record<string, (cache: CacheWrapper) => Promise<unknown>> = {
    expire: (cache) => cache.expire("k"),
    touch: (cache) => cache.touch("k", 20),
    invalidateTags: (cache) => cache.invalidateTags("t", { mode: "soft" }),
    invalidate: (cache) => cache.invalidate({ mode: "soft" }),
  }
  for (const [name, act] of Object.entries(acts)) {
    const { cache, clock } = await setup(kind, { prefix: name })
    await cache.set("k", "old", { ttl: 20, grace: "1h", tags: ["t"] })
    await clock.advance(40)
    const served = cache.getOrSet("k", () => clock.after(200, "new"), { hardTimeout: 60 })
    await clock.advance(10)
    await act(cache)
    await clock.advance(100)
    expect([name, await served]).toEqual([name, "old"])
  }
})
