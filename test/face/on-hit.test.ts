import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

const copying = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value: unknown) => ({ value: { ...(value as { id: number }) } }), // Of the function below.
  },
} as const

describe.each(kinds)("onHit on %s", (kind) => {
  test("is not called for a load whose schema returns another object", async () => {
    const { cache } = await setup(kind)
    const hits: unknown[] = []
    const f = cache.memoize(async (id: number) => ({ id }), {
      name: "f",
      schema: copying,
      onHit: ({ value }) => hits.push(value),
    })
    await f(1)
    expect(hits).toEqual([])
    await f(1)
    expect(hits).toEqual([{ id: 1 }])
  })

  test("may take its arguments apart while the refresh runs, whose result is stored all the same", async () => {
    const { cache, clock } = await setup(kind)
    let made = 0
    const f = cache.memoize(async (_id: number) => ++made, {
      name: "f",
      ttl: "1s",
      grace: "1h",
      softTimeout: 0,
      onHit: ({ args }) => void (args as unknown[]).shift(),
    })
    await f(7)
    await clock.advance(1000)
    expect(await f(7)).toBe(1)
    await settled(clock)
    expect(await f(7)).toBe(2)
  })

  test("is called for a load that returns the cached object itself only when it was served from the cache", async () => {
    const { cache, clock } = await setup(kind)
    let hits = 0
    const f = cache.memoize(() => "same", { name: "f", ttl: "1s", onHit: () => hits++ })
    await f()
    await clock.advance(1000)
    await f()
    expect(hits).toBe(0)
  })

  test("is called for every call served stale during a refresh, including the one that started it", async () => {
    const { cache, clock } = await setup(kind)
    const hits: unknown[] = []
    const { promise, pass } = gate()
    let result: Promise<string> | string = "old"
    const at = clock.now()
    const f = cache.memoize(() => result, {
      name: "f",
      ttl: "1s",
      grace: "1h",
      softTimeout: 0,
      onHit: ({ value, expiresAt }) => hits.push([value, expiresAt]),
    })
    await f()
    await clock.advance(1500)
    result = promise
    expect([await f(), await f(), await f()]).toEqual(["old", "old", "old"])
    expect(hits).toEqual([1, 2, 3].map(() => ["old", at + 1000]))
    pass("new")
    await settled(clock)
    expect(await f()).toBe("new")
    expect(hits.at(-1)).toEqual(["new", clock.now() + 1000])
  })

  test("is called for callers that join a read that finds a fresh entry", async () => {
    const { cache } = await setup(kind)
    let hits = 0
    const f = cache.memoize(async () => 1, { name: "f", onHit: () => hits++ })
    await f()
    await Promise.all([f(), f(), f()])
    expect(hits).toBe(3)
  })

  test("of a function of many ids is called for each id served, also with a stale value", async () => {
    const { cache, clock } = await setup(kind)
    const hits: unknown[] = []
    const at = clock.now()
    const f = cache.memoizeMany(async (...ids: number[]) => ids.map((id) => ({ id })), {
      name: "f",
      ttl: "1s",
      grace: "1h",
      schema: copying,
      onHit: (info) => hits.push(info),
    })
    await f(1, 2)
    expect(hits).toEqual([])
    await f(2, 3, 2)
    expect(hits).toEqual([{ key: f.keyFor(2), args: [2], value: { id: 2 }, expiresAt: at + 1000 }])
    await clock.advance(1500)
    await f(1)
    expect(hits.length).toBe(1)
  })
})
