import { describe, expect, test, vi } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import { fake, kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

const wrong: readonly (readonly [name: string, value: unknown, code: string])[] = [
  ...["ttl", "grace", "jitter"].flatMap((name) =>
    [-1, Number.NaN, "", "1 year", "abc", "1h30m", null, true, {}].map(
      (value) => [name, value, "TTL_INVALID"] as const,
    ),
  ),
  ...["softTimeout", "hardTimeout", "leaseTtl", "storeTimeout", "maxAge"].flatMap((name) =>
    [-1, Number.NaN, "soon", null, []].map((value) => [name, value, "OPTION_INVALID"] as const),
  ),
  ...[-1, Number.NaN, Infinity, "1", null].map((value) => ["early", value, "OPTION_INVALID"] as const),
  ...["lease", "fresh", "stale"].flatMap((name) =>
    [0, "yes", null].map((value) => [name, value, "OPTION_INVALID"] as const),
  ),
  ...["t", [1], null, {}].map((value) => ["tags", value, "OPTION_INVALID"] as const),
  ...[1, null, {}].map((value) => ["shouldCache", value, "OPTION_INVALID"] as const),
  ...[1, null, {}, { "~standard": null }, { "~standard": {} }, { "~standard": { validate: 5 } }].map(
    (value) => ["schema", value, "OPTION_INVALID"] as const,
  ),
  ...[1, null, {}, { aborted: false }, new AbortController()].map(
    (value) => ["signal", value, "OPTION_INVALID"] as const,
  ),
  ["jitter", Infinity, "TTL_INVALID"],
  ["tll", 5, "OPTION_INVALID"],
  ["constructor", 5, "OPTION_INVALID"],
]

describe.each(kinds)("%s", (kind) => {
  test.each(wrong)(
    "the option %s: %o is refused by name, before anything is loaded",
    async (name, value, code) => {
      const { cache } = await setup(kind)
      const load = vi.fn(() => 1)
      const options = { [name]: value } as object
      await expect(cache.getOrSet("k", load, options)).rejects.toMatchObject({ code })
      await expect(cache.getOrSet("k", load, options)).rejects.toThrow(name)
      await expect(cache.getOrSetMany(["k"], () => [load()], options)).rejects.toMatchObject({ code })
      await expect(cache.set("k", 1, options)).rejects.toMatchObject({ code })
      expect(() => cache.region(`r-${String(value)}`, options)).toThrow(name)
      expect(load).not.toHaveBeenCalled()
      expect(cache.isLoading("k")).toBe(false)
      expect(await cache.getOrSet("k", () => 2)).toBe(2)
    },
  )

  test("options that are no object are refused", async () => {
    const { cache } = await setup(kind)
    for (const options of [5000, "5m", null, [], () => 1] as unknown as object[]) {
      await expect(cache.set("k", 1, options)).rejects.toMatchObject({ code: "OPTION_INVALID" })
      await expect(cache.getOrSet("k", () => 1, options)).rejects.toMatchObject({ code: "OPTION_INVALID" })
      await expect(cache.get("k", options)).rejects.toMatchObject({ code: "OPTION_INVALID" })
      expect(cache.isLoading("k")).toBe(false)
    }
  })

  test("an explicit undefined means unset", async () => {
    const { cache } = await setup(kind, { ttl: 1000, grace: 500 })
    const unset = {
      ttl: undefined,
      grace: undefined,
      tags: undefined,
      signal: undefined,
      early: undefined,
      fresh: undefined,
    }
    await cache.getOrSet("k", () => 1, unset)
    const entry = await cache.getEntry("k")
    expect(entry && [entry.freshUntil - entry.createdAt, entry.staleUntil - entry.freshUntil]).toEqual([
      1000, 500,
    ])
  })

  test("a ttl of touch is judged too, and of 0 removes", async () => {
    const { cache } = await setup(kind)
    await cache.set("k", 1)
    for (const ttl of [-1, Number.NaN, "1 year"]) {
      await expect(cache.touch("k", ttl as number)).rejects.toMatchObject({ code: "TTL_INVALID" })
    }
    expect(await cache.touch("k", 0)).toBe(true)
    expect(await cache.has("k")).toBe(false)
    expect(await cache.touch("k", 0)).toBe(false)
  })

  test("the mode of an invalidation is judged", async () => {
    const { cache } = await setup(kind)
    const mode = "medium" as "soft"
    await expect(cache.invalidate({ mode })).rejects.toMatchObject({ code: "OPTION_INVALID" })
    await expect(cache.invalidateTags("t", { mode })).rejects.toMatchObject({ code: "OPTION_INVALID" })
    await expect(cache.invalidateTags("t", 5 as never)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    await expect(cache.invalidateTags({ mode: "soft" }, "t")).rejects.toMatchObject({
      code: "OPTION_INVALID",
    })
  })

  test("what is no key is refused with KEY_INVALID, and nothing runs", async () => {
    const { cache } = await setup(kind)
    const load = vi.fn(() => 1)
    for (const key of [5, null, undefined, {}, () => "k", Symbol("k"), [() => 1]] as unknown as string[]) {
      for (const act of [
        () => cache.get(key),
        () => cache.set(key, 1),
        () => cache.getOrSet(key, load),
        () => cache.getMany([key]),
        () => cache.getOrSetMany([key], () => [load()]),
        () => cache.delete(key),
        () => cache.expire(key),
        () => cache.touch(key),
        () => cache.has(key),
      ]) {
        await expect(act()).rejects.toMatchObject({ code: "KEY_INVALID" })
      }
    }
    expect(load).not.toHaveBeenCalled()
  })

  test("if shouldCache throws, the value is returned, not stored, and the error is an event", async () => {
    const { cache, trace } = await setup(kind)
    const shouldCache = () => {
      throw new Error("broken")
    }
    expect(await cache.getOrSet("k", () => 1, { shouldCache })).toBe(1)
    expect(trace).toContain("error")
    expect(await cache.get("k")).toBeUndefined()
    expect(cache.isLoading("k")).toBe(false)
  })
})

test("a cache refuses options that make no sense when it is made", () => {
  for (const [name, value, code] of wrong) {
    const make = () => new CacheWrapper({ adapter: fake("memory").handle(), [name]: value } as object)
    expect(make).toThrow(expect.objectContaining({ code }))
  }
  for (const options of [{ prefix: 5 }, { onError: 5 }] as object[]) {
    expect(() => new CacheWrapper({ adapter: fake("memory").handle(), ...options })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    )
  }
})
