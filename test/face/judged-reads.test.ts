import { describe, expect, test } from "vitest"
import type { StandardSchemaV1 } from "../../src/types.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

type Validate = StandardSchemaV1<unknown, number>["~standard"]["validate"]

const schemaOf = (validate: Validate): StandardSchemaV1<unknown, number> => ({
  "~standard": { version: 1, vendor: "test", validate },
})
const refusal = { issues: [{ message: "no number" }] }
const numeric = schemaOf((value) => (typeof value === "number" ? { value: value + 1 } : refusal))

test("peek answers what a schema makes of the value, and nothing it refuses or judges later", async () => {
  const { cache } = await setup("memory")
  const peeked = async (name: string, value: unknown, schema: StandardSchemaV1<unknown, number>) => {
    const region = cache.region(name, { schema })
    await region.set("k", value)
    return region.peek("k")
  }
  const fails = () => {
    throw new Error("no")
  }
  expect(await peeked("good", 1, numeric)).toBe(2)
  expect(await peeked("bad", "text", numeric)).toBeUndefined()
  expect(await peeked("throws", 1, schemaOf(fails))).toBeUndefined()
  expect(
    await peeked(
      "late",
      1,
      schemaOf(async () => ({ value: 1 })),
    ),
  ).toBeUndefined()
  expect(
    await peeked(
      "late trouble",
      1,
      schemaOf(async () => fails()),
    ),
  ).toBeUndefined()
})

describe.each(kinds)("%s", (kind) => {
  test("the get of a memoized function reads by the function's own options", async () => {
    const { cache, clock } = await setup(kind)
    const young = cache.memoize((id: number) => id, { name: "young", maxAge: 5 })
    const checked = cache.memoize((id: number) => id, { name: "checked", schema: numeric })
    const lasting = cache.memoize((id: number) => id, { name: "lasting", ttl: 5, grace: "1h", stale: true })
    await Promise.all([young(1), lasting(1), cache.set<unknown>(checked.keyFor(1), "text")])
    expect(await young.get(1)).toBe(1)
    await clock.advance(6)
    expect([await young.get(1), await checked.get(1), await lasting.get(1)]).toEqual([
      undefined,
      undefined,
      1,
    ])
    const fresh = cache.memoize((id: number) => id, { name: "fresh", fresh: true })
    await fresh(1)
    expect(await fresh.get(1)).toBe(1)
  })

  test("the get of a memoized function of many reads by the function's own options", async () => {
    const { cache, clock } = await setup(kind)
    const load = (...ids: number[]) => ids
    const young = cache.memoizeMany(load, { name: "young", maxAge: 5 })
    const checked = cache.memoizeMany(load, { name: "checked", schema: numeric })
    await Promise.all([young(1), cache.set<unknown>(checked.keyFor(1), "text")])
    expect(await young.get(1)).toBe(1)
    await clock.advance(6)
    expect([await young.get(1), await checked.get(1)]).toEqual([undefined, undefined])
  })

  test("getEntry of a required entry rejects with the reason of the miss", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", undefined)
    expect(await cache.getEntry("k", { required: true })).toMatchObject({ value: undefined })
    const miss = { code: "CACHE_MISS", key: "no", reason: "absent" }
    await expect(cache.getEntry("no", { required: true })).rejects.toMatchObject(miss)
    expect(await cache.getEntry("no", { required: false })).toBeUndefined()
  })
})

test.each(kinds)(
  "%s: what never ends is judged by its reader, a call's maxAge before its region's",
  async (kind) => {
    const { cache, clock } = await setup(kind)
    const read = cache.region("read", { ttl: Infinity, grace: Infinity, maxAge: 500 })
    await read.setMany({ k: 1, l: 1 })
    await clock.advance(1000)
    expect(await read.get("k")).toBeUndefined()
    expect(await read.get("k", { maxAge: 5000 })).toBe(1)
    expect(await read.get("k", { stale: true })).toBe(1)
    expect(await read.getMany(["k", "l"], { maxAge: Infinity })).toEqual([1, 1])
    expect(await read.getOrSet("k", () => 2, { maxAge: Infinity })).toBe(1)
    expect(await read.getOrSetMany(["k", "l"], (keys) => keys.map(() => 2))).toEqual([2, 2])
    expect(await read.get("k")).toBe(2)
  },
)
