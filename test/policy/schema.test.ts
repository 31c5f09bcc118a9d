import { describe, expect, test } from "vitest"
import { CacheWrapper } from "../../src/index.ts"
import type { StandardSchemaV1 } from "../../src/types.ts"
import { kinds } from "../support/fake.ts"
import { gate, setup, unheard } from "../support/setup.ts"

/** A schema of whole numbers; what else it is given is an issue. */
function whole(change: (value: number) => number = (value) => value): StandardSchemaV1<unknown, number> {
  const validate = (value: unknown) =>
    Number.isInteger(value) ? { value: change(Number(value)) } : { issues: [{ message: "no whole number" }] }
  return { "~standard": { version: 1, vendor: "test", validate } }
}

describe.each(kinds)("%s", (kind) => {
  test("a caller that joins a load validates its value by its own schema, and fails alone", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate<unknown>()
    const trusting = cache.getOrSet<unknown>("k", () => promise)
    const careful = cache.getOrSet<unknown>("k", () => 1, { schema: whole() })
    const refused = expect(careful).rejects.toMatchObject({ code: "FALLBACK_RESULT", key: "k" })
    pass("bad")
    await refused
    expect(await trusting).toBe("bad")
  })

  test("a caller that joins a load and times out before its own schema rejects leaves no unhandled rejection", async () => {
    const { cache, clock, storage } = await setup(kind)
    const heard = unheard()
    storage.fault = (verb, key) => (verb === "set" && key === "k" ? 100 : undefined)
    const trusting = cache.getOrSet<unknown>("k", () => clock.after(10, "bad"))
    const careful = cache.getOrSet<unknown>("k", () => 1, { schema: whole(), hardTimeout: 50 })
    const code = kind === "memory" ? "FALLBACK_RESULT" : "FALLBACK_TIMEOUT"
    const refused = expect(careful).rejects.toMatchObject({ code, key: "k" })
    await clock.advance(200)
    await refused
    expect(await trusting).toBe("bad")
    expect(await heard()).toEqual([])
  })

  test("a caller that joins a read validates its entry by its own schema, and loads again", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", "bad")
    const [trusting, careful] = await Promise.all([
      cache.getOrSet<unknown>("k", () => "unused"),
      cache.getOrSet<unknown>("k", () => 7, { schema: whole() }),
    ])
    expect([trusting, careful]).toEqual(["bad", 7])
    expect(await cache.get("k")).toBe(7)
  })

  test("a caller that joins gets the value as its own schema returns it", async () => {
    const { cache } = await setup(kind)
    const { promise, pass } = gate<number>()
    const doubled = whole((value) => 2 * value)
    const first = cache.getOrSet("k", () => promise)
    const second = cache.getOrSet("k", () => promise, { schema: doubled })
    pass(2)
    expect(await Promise.all([first, second])).toEqual([2, 4])
  })

  test("a schema transforms a value once, whichever caller gets it", async () => {
    const { cache, clock } = await setup(kind, { ttl: "1h", grace: "1h" })
    const schema = whole((value) => value + 1)
    const ask = (options = {}) => cache.getOrSet("k", () => clock.after(10, 500), { schema, ...options })
    const first = [ask(), ask()]
    const raw = cache.getOrSet<unknown>("k", () => 0)
    await clock.advance(20)
    expect(await Promise.all([...first, raw])).toEqual([501, 501, 500])
    expect(await ask()).toBe(501)
    expect(await cache.get("k")).toBe(500)
    for (let round = 0; round < 3; round++) {
      await cache.expire("k")
      expect(await cache.getOrSet("k", (context) => context.keep(), { schema })).toBe(501)
      expect(await cache.get("k")).toBe(500)
    }
    await cache.expire("k")
    expect(await cache.getOrSet("k", (context) => context.keep() + 1, { schema })).toBe(503)
    expect(await cache.get("k")).toBe(502)
  })

  test("a caller that joins a read with another schema gets the stored value, or what its own schema makes of that", async () => {
    const { cache, storage } = await setup(kind, { ttl: "1h" })
    await cache.set("k", 500)
    storage.calls.length = 0
    const asked = [1, 2, 3].map((more) =>
      cache.getOrSet("k", () => 0, { schema: whole((value) => value + more) }),
    )
    const raw = cache.getOrSet<unknown>("k", () => 0)
    expect(await Promise.all([...asked, raw])).toEqual([501, 502, 503, 500])
    if (kind !== "memory") expect(storage.calls).toEqual(["get k"])
  })

  test("a schema that makes of a value what it would refuse costs no load", async () => {
    const { cache } = await setup(kind, { ttl: "1h" })
    let loads = 0
    const schema: StandardSchemaV1<unknown, Date> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          typeof value === "string" ? { value: new Date(value) } : { issues: [{ message: "no text" }] },
      },
    }
    const load = () => {
      loads++
      return "2026-01-01" as never // what the origin sends
    }
    for (let i = 0; i < 3; i++)
      expect(await cache.getOrSet("k", load, { schema })).toEqual(new Date("2026-01-01"))
    expect(loads).toBe(1)
  })

  test("a stored value that a schema refuses is a corrupt miss without an error event, and stays", async () => {
    const { cache, trace } = await setup(kind)
    const strict = cache.region("strict", { schema: whole() })
    await strict.set("k", "text")
    const refused = strict.get("k", { required: true })
    await expect(refused).rejects.toMatchObject({ code: "CACHE_MISS", reason: "corrupt" })
    expect(trace).toEqual(["set", "miss"])
    expect(await strict.delete("k")).toBe(1)
  })

  test("a schema that changes what it is given changes nothing that is stored", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", { list: [1] })
    const validate = (value: unknown) => {
      const given = value as { list: number[] } // what was set
      given.list.push(2)
      return { value: given }
    }
    const schema: StandardSchemaV1<unknown, { list: number[] }> = {
      "~standard": { version: 1, vendor: "test", validate },
    }
    expect(await cache.getOrSet("k", () => ({ list: [] as number[] }), { schema })).toEqual({ list: [1, 2] })
    expect(await cache.get("k")).toEqual({ list: [1] })
  })
})

test("a schema may return more than plain data", async () => {
  const cache = new CacheWrapper()
  await cache.set("k", "2026-11-21")
  const validate = (value: unknown) => ({ value: new Map([["day", new Date(String(value))]]) })
  const schema: StandardSchemaV1<unknown, Map<string, Date>> = {
    "~standard": { version: 1, vendor: "test", validate },
  }
  const days = await cache.getOrSet("k", () => new Map<string, Date>(), { schema })
  expect(days).toEqual(new Map([["day", new Date("2026-11-21")]]))
})

test.each(kinds)("what is past its grace is no schema's business, on %s", async (kind) => {
  const { cache, clock, events } = await setup(kind)
  await cache.set("k", "dead", { ttl: 20 })
  await clock.advance(40)
  let judged = 0
  const validate = () => {
    judged++
    return { issues: [{ message: "no" }] }
  }
  const schema = { "~standard": { version: 1, vendor: "strict", validate } } as const
  await expect(cache.get("k", { required: true, schema } as object)).rejects.toMatchObject({
    reason: kind === "memory" ? "expired" : expect.stringMatching(/absent|expired/),
  })
  expect([judged, events.at(-1)?.type]).toEqual([0, "miss"])
})

test.each([
  [[{ message: "not 5" }], "value"],
  [[{ message: "not 5", path: ["user", "ages", 0] }, { message: "no" }], "value.user.ages[0]"],
  [[{ message: "not 5", path: [{ key: "user" }, { key: "first name" }] }], 'value.user["first name"]'],
  [[{ message: "not 5", path: [Symbol("s"), ""] }], 'value["Symbol(s)"][""]'],
  [[], "value"],
])("who loads what a schema refuses is told where, and nothing of the value", async (issues, where) => {
  const schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } } as const
  const refused = new CacheWrapper().getOrSet("k", () => 5, { schema })
  await expect(refused).rejects.toThrow(
    `The schema refuses what the fallback of "k" returned: ${where}. Fix one of them.`,
  )
})
