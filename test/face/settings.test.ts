import { describe, expect, onTestFinished, test } from "vitest"
import { CacheWrapper, optionsFrom } from "../../src/index.ts"
import { fakeClock } from "../support/clock.ts"

const invalid = expect.objectContaining({ code: "OPTION_INVALID" })

describe("settings by dotted names", () => {
  test("become options, numbers, booleans and durations made of their text", () => {
    const record = {
      "cache.adapter": "sqlite",
      "cache.arguments.path": "/tmp/x.db",
      "cache.arguments.maxEntries": "500",
      "cache.arguments.flag": "true",
      "cache.prefix": "app",
      "cache.ttl": "5m",
      "cache.grace": "1500",
      "cache.jitter": "0.5 s",
      "cache.maxAge": "Infinity",
      "cache.softTimeout": " 10s ",
      "cache.hardTimeout": "1 minute",
      "cache.leaseTtl": "2w",
      "cache.storeTimeout": "100ms",
      "cache.early": "1.5",
      "cache.stale": "yes",
      "cache.lease": "off",
      "cache.fresh": "0",
      "cache.compress": "TRUE",
      "cache.tags": "a, b,,c",
      "cache.near.maxEntries": "100",
      "cache.near.policy": "lru",
      "cache.near.maxAge": "5s",
      "cache.regions.users.ttl": "1h",
      "cache.regions.users.adapter": "memory",
      "cache.regions.users.arguments.maxEntries": "9",
      "cache.regions.users.near": "false",
      "cache.regions.posts.grace": "1d",
      other: "x",
      "cached.ttl": "1s",
      cachettl: "1s",
      "app.cache.ttl": "1s",
    }
    expect(optionsFrom(Object.freeze(record), "cache")).toEqual({
      adapter: "sqlite",
      arguments: { path: "/tmp/x.db", maxEntries: 500, flag: true },
      prefix: "app",
      ttl: 300_000,
      grace: 1500,
      jitter: 500,
      maxAge: Infinity,
      softTimeout: 10_000,
      hardTimeout: 60_000,
      leaseTtl: 1_209_600_000,
      storeTimeout: 100,
      early: 1.5,
      stale: true,
      lease: false,
      fresh: false,
      compress: true,
      tags: ["a", "b", "c"],
      near: { maxEntries: 100, policy: "lru", maxAge: 5000 },
      regions: {
        users: { ttl: 3_600_000, adapter: "memory", arguments: { maxEntries: 9 }, near: false },
        posts: { grace: 86_400_000 },
      },
    })
  })

  test("of a parsed file may be what they are already", () => {
    const tags = ["a"]
    const record = {
      "cache.ttl": 5000,
      "cache.lease": false,
      "cache.tags": tags,
      "cache.early": 1,
      "cache.arguments.path": 5,
      "cache.grace": undefined,
      "cache.jitter": null,
    }
    expect(optionsFrom(record)).toEqual({
      ttl: 5000,
      lease: false,
      tags: ["a"],
      early: 1,
      arguments: { path: 5 },
    })
  })

  test("are not changed, whatever stands in them", () => {
    const record = { "cache.near": { maxEntries: 5 }, "cache.near.maxAge": "1s" }
    expect(optionsFrom(record)).toEqual({ near: { maxEntries: 5, maxAge: 1000 } })
    expect(record).toEqual({ "cache.near": { maxEntries: 5 }, "cache.near.maxAge": "1s" })
  })

  test("of many regions and arguments are read in a moment", () => {
    const many = Array.from({ length: 10_000 }, (_, at) => at)
    const record = Object.fromEntries(
      many.flatMap((at) => [
        [`cache.regions.r${at}.ttl`, "1s"],
        [`cache.arguments.a${at}`, "1"],
      ]),
    )
    const start = performance.now()
    const { regions, arguments: given } = optionsFrom(record)
    expect(performance.now() - start).toBeLessThan(2000)
    expect(regions?.["r9999"]).toEqual({ ttl: 1000 })
    expect(Object.keys({ ...regions, ...given }).length).toBe(20_000)
  })

  test("without any of ours are no options at all", () => {
    expect(optionsFrom({})).toEqual({})
    expect(optionsFrom({ PATH: "/bin", CACHE: {}, cache: "x", CACHED: "1" })).toEqual({})
  })

  test("go by any prefix, with its dot or without", () => {
    expect(optionsFrom({ "app.cache.ttl": "1s", APP_CACHE_GRACE: "2s" }, "app.cache")).toEqual({
      ttl: 1000,
      grace: 2000,
    })
    expect(optionsFrom({ "app.ttl": "1s" }, "app.")).toEqual({ ttl: 1000 })
  })

  test("do not depend on their order", () => {
    const pairs = [
      ["cache.near", "true"],
      ["cache.near.maxEntries", "5"],
    ]
    expect(optionsFrom(Object.fromEntries(pairs))).toEqual({ near: { maxEntries: 5 } })
    expect(optionsFrom(Object.fromEntries(pairs.reverse()))).toEqual({ near: { maxEntries: 5 } })
    const off = [
      ["cache.near", "false"],
      ["cache.near.maxEntries", "5"],
    ]
    expect(optionsFrom(Object.fromEntries(off))).toEqual({ near: false })
    expect(optionsFrom(Object.fromEntries(off.reverse()))).toEqual({ near: false })
  })
})

describe("settings by environment names", () => {
  test("become the same options", () => {
    const record = {
      CACHE_ADAPTER: "upstash",
      CACHE_SOFT_TIMEOUT: "0",
      CACHE_MAX_AGE: "1m",
      CACHE_NEAR: "true",
      CACHE_NEAR_MAX_ENTRIES: "10",
      CACHE_ARGUMENTS_URL: "https://x.upstash.io",
      CACHE_ARGUMENTS_MAX_ENTRIES: "7",
      CACHE_REGIONS_USERS_TTL: "1h",
      CACHE_REGIONS_USERS_SOFT_TIMEOUT: "5s",
      CACHE_REGIONS_USERS_ADAPTER: "memory",
      CACHE_REGIONS_USERS_ARGUMENTS_MAX_ENTRIES: "3",
      CACHE_REGIONS_USERS_NEAR_MAX_AGE: "1s",
    }
    expect(optionsFrom(record)).toEqual({
      adapter: "upstash",
      softTimeout: 0,
      maxAge: 60_000,
      near: { maxEntries: 10 },
      arguments: { url: "https://x.upstash.io", maxEntries: 7 },
      regions: {
        users: {
          ttl: 3_600_000,
          softTimeout: 5000,
          adapter: "memory",
          arguments: { maxEntries: 3 },
          near: { maxAge: 1000 },
        },
      },
    })
  })

  test("of the process are read as they are", () => {
    process.env["ISOTEST_TTL"] = "5s"
    onTestFinished(() => void delete process.env["ISOTEST_TTL"])
    expect(optionsFrom(process.env, "isotest")).toEqual({ ttl: 5000 })
  })
})

describe("arguments", () => {
  test.each([
    ["5", 5],
    ["0", 0],
    ["-1", -1],
    ["-0.5", -0.5],
    ["-Infinity", -Infinity],
    ["1.5", 1.5],
    ["true", true],
    ["false", false],
    ["007", "007"],
    ["1.50", "1.50"],
    ["12345678901234567890", "12345678901234567890"],
    ["1e3", 1000],
    ["", ""],
    ["yes", "yes"],
    ["Infinity", Infinity],
  ])("%o is %o: a number only where no digit is lost", (text, value) => {
    expect(optionsFrom({ "cache.arguments.x": text }).arguments).toEqual({ x: value })
  })
})

test.each([
  ["true", true],
  ["Yes", true],
  ["ON", true],
  ["1", true],
  ["false", false],
  ["No", false],
  ["off", false],
  ["0", false],
])("where true or false is asked for, %o is %o", (text, value) => {
  expect(optionsFrom({ "cache.lease": text })).toEqual({ lease: value })
})

describe("settings that make no sense", () => {
  test.each([
    "cache.tll",
    "cache.",
    "cache.ttl.x",
    "cache.regions",
    "cache.regions.users",
    "cache.regions.users.tll",
    "cache.regions.users.regions.x.ttl",
    "cache.near.tll",
    "cache.near.maxEntries.x",
    "cache.arguments",
    "cache.arguments.x.y",
    "cache.__proto__",
    "cache.__proto__.polluted",
    "cache.constructor",
    "cache.regions.users.__proto__",
    "cache.near.__proto__",
    "CACHE_TLL",
    "CACHE_REGIONS_USERS",
    "CACHE_ARGUMENTS",
  ])("%s is refused, with a list of the known names", (name) => {
    expect(() => optionsFrom({ [name]: "1s" })).toThrow(invalid)
    expect(() => optionsFrom({ [name]: "1s" })).toThrow(/Known: .*(ttl|maxEntries)/)
    expect(() => optionsFrom({ [name]: "1s" })).toThrow(JSON.stringify(name))
    expect({}).not.toHaveProperty("polluted")
  })

  test.each([
    "cache.tll",
    "cache.region",
    "cache.regions",
    "cache.regions.users",
    "cache.argument",
    "cache.ttl.x",
  ])("the refusal of %s lists arguments, near and regions as well", (name) => {
    expect(() => optionsFrom({ [name]: "1s" })).toThrow("tags, arguments.*, near.*, regions.*.*.")
  })

  test("a wrong value is refused, and not quoted", () => {
    for (const [name, value] of [
      ["early", "s3cret"],
      ["early", ""],
      ["lease", "s3cret"],
      ["near.maxEntries", "s3cret"],
    ] as const) {
      expect(() => optionsFrom({ [`cache.${name}`]: value })).toThrow(invalid)
      expect(() => optionsFrom({ [`cache.${name}`]: value })).toThrow(`cache.${name}`)
      expect(() => optionsFrom({ [`cache.${name}`]: value })).not.toThrow("s3cret")
    }
    expect(() => optionsFrom({ "cache.ttl": "soon" })).toThrow(
      expect.objectContaining({ code: "TTL_INVALID" }),
    )
    expect(() => optionsFrom({ "cache.ttl": "soon" })).toThrow("cache.ttl")
  })

  test("what is no record and no prefix is refused", () => {
    for (const wrong of [undefined, null, "x", 5]) expect(() => optionsFrom(wrong as never)).toThrow(invalid)
    for (const wrong of ["", ".", 5, null]) expect(() => optionsFrom({}, wrong as never)).toThrow(invalid)
  })
})

test("regions and arguments may be called like what objects have from birth", () => {
  const { regions = {}, arguments: args = {} } = optionsFrom(
    JSON.parse(
      '{"cache.regions.__proto__.ttl":"1s","cache.regions.constructor.ttl":"2s","cache.arguments.__proto__":"x"}',
    ),
  )
  expect(Object.entries(regions)).toEqual([
    ["__proto__", { ttl: 1000 }],
    ["constructor", { ttl: 2000 }],
  ])
  expect(Object.entries(args)).toEqual([["__proto__", "x"]])
})

test("a cache takes them as they come, its regions too", async () => {
  const clock = fakeClock()
  const cache = new CacheWrapper(
    optionsFrom({ "cache.adapter": "memory", "cache.ttl": "1s", "cache.regions.users.ttl": "1h" }),
  )
  await cache.set("a", 1)
  await cache.region("users").set("a", 1)
  await clock.advance(1000)
  expect(await cache.get("a")).toBeUndefined()
  expect(await cache.region("users").get("a")).toBe(1)
  const users = cache.region("users").generate((id: number) => id)
  expect(await users.get(5)).toBe(5)
})

test("a region that makes no sense is refused with the cache", () => {
  expect(() => new CacheWrapper({ regions: { users: { tll: 5 } as object } })).toThrow(invalid)
  expect(() => new CacheWrapper({ regions: 5 as never })).toThrow(invalid)
})

test("what an adapter takes as text stays text, whatever it looks like", () => {
  const record = {
    "cache.arguments.path": "123",
    "cache.arguments.token": "true",
    "cache.arguments.maxEntries": "5",
    CACHE_REGIONS_USERS_ARGUMENTS_PATH: "5",
  }
  expect(optionsFrom(record)).toEqual({
    arguments: { path: "123", token: "true", maxEntries: 5 },
    regions: { users: { arguments: { path: "5" } } },
  })
})
