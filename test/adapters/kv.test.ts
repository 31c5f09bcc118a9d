import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest"
import { type KVLike, kv } from "../../adapters/kv.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheError } from "../../src/base/errors.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"
import { type Faults, kvDouble } from "../support/kv-double.ts"

const minute = 60_000
const hour = 60 * minute

let miniflare: Miniflare | undefined
async function local(): Promise<KVLike> {
  miniflare ??= new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response() }",
      compatibilityDate: "2024-01-01",
      kvNamespaces: ["CACHE"],
    }),
  )
  return await miniflare.getKVNamespace("CACHE")
}
afterAll(() => miniflare?.dispose())

function setup(faults: Faults = {}, options: { cacheTtl?: number } = {}) {
  const clock = fakeClock()
  const double = kvDouble(faults)
  return { clock, double, cache: kv({ binding: double.kv, ...options }) }
}

async function failure(act: () => unknown): Promise<CacheError> {
  try {
    await act()
  } catch (error) {
    expect(error).toBeInstanceOf(CacheError)
    if (error instanceof CacheError) return error
  }
  throw new Error("expected a failure")
}

async function all(keys: AsyncIterable<string> | undefined): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys ?? []) found.push(key)
  return found.sort()
}

describe("what is stored in the namespace", () => {
  test("the first line goes into the metadata with the deadline, the rest into the value", async () => {
    const { clock, double, cache } = setup()
    await cache.set("k", "head 1\nbody\nmore", 5 * minute)
    expect(double.stored()).toEqual(
      new Map([
        [
          "isocache:k",
          {
            value: "body\nmore",
            metadata: { e: clock.now() + 5 * minute, h: "head 1" },
            expiresAt: clock.now() + 5 * minute,
          },
        ],
      ]),
    )
    expect(await cache.get("k")).toBe("head 1\nbody\nmore")
  })

  test.each([
    ["fits by a byte", 1024 - '{"h":""}'.length, "value"],
    ["is a byte too long", 1025 - '{"h":""}'.length, `${"h".repeat(1025 - '{"h":""}'.length)}\nvalue`],
  ])("a first line that %s is put where it has room", async (_, length, value) => {
    const { double, cache } = setup()
    const record = `${"h".repeat(length)}\nvalue`
    await cache.set("k", record, Infinity)
    expect(double.stored().get("isocache:k")?.value).toBe(value)
    expect(await cache.get("k")).toBe(record)
    expect(await cache.getMany(["k", "k"])).toEqual([record, record])
  })

  test.each([
    ["", "empty"],
    ["\n", "a line end"],
    ["a", "no line end"],
    ["a\n", "a line end last"],
    ["\nb", "an empty first line"],
    [`${"ä".repeat(509)}\nb`, "a first line of 1 018 bytes"],
    [`${'"'.repeat(600)}\nb`, "a first line that JSON makes longer"],
    ["a\n\ufeffb", "a byte order mark after the first line"],
    ["\ufeffa", "a byte order mark"],
    ["a\n\ud800b", "a lone surrogate"],
    ["a\ud800\nb", "a lone surrogate in the first line"],
    ['"a"', "JSON"],
    ["\0\n\u{1f600}", "NUL and an emoji"],
  ])("the record %j (%s) comes back as it was, from the double and from local KV", async (record) => {
    for (const binding of [kvDouble().kv, await local()]) {
      const cache = kv({ binding })
      for (const key of ["k", "long ".repeat(200), "k".repeat(2000), "lone \ud800"]) {
        await cache.set(key, record, hour)
        expect(await cache.get(key)).toBe(record)
        expect(await cache.getMany([key, "missing", key])).toEqual([record, undefined, record])
      }
    }
  })

  test.each(["k", "k".repeat(600), "ä".repeat(300), "lone \ud800"])(
    "metadata is ASCII, for workerd warns of all else (key %j)",
    async (key) => {
      const { double, cache } = setup()
      for (const record of ["h\nä", "ä\nv", "ä"]) {
        await cache.set(key, record, hour)
        expect(await cache.get(key)).toBe(record)
        for (const { metadata } of double.stored().values()) {
          expect(JSON.stringify(metadata)).toMatch(/^[ -~]*$/)
          expect(metadata).toHaveProperty("e")
        }
      }
    },
  )

  test.each([
    [1, 60],
    [59_999, 60],
    [60_000, 60],
    [60_001, 61],
    [90_500, 91],
    [2 ** 31 * 1000, 2_147_483_647],
    [Number.MAX_SAFE_INTEGER, 2_147_483_647],
  ])("a ttl of %d ms is kept for %d seconds", async (ttl, seconds) => {
    const { clock, double, cache } = setup()
    await cache.set("k", "h\nv", ttl)
    expect(double.stored().get("isocache:k")?.expiresAt).toBe(clock.now() + seconds * 1000)
  })

  test("an endless ttl has no expiration, a spent one deletes", async () => {
    const { double, cache } = setup()
    await cache.set("k", "h\nv", Infinity)
    expect(double.stored().get("isocache:k")).toEqual({
      value: "v",
      metadata: { h: "h" },
      expiresAt: Infinity,
    })
    await cache.set("k", "h\nv", 0)
    expect(double.stored().size).toBe(0)
  })

  test("local KV takes the longest ttl and cacheTtl", async () => {
    const cache = kv({ binding: await local(), cacheTtl: Infinity })
    await cache.set("k", "h\nv", Number.MAX_SAFE_INTEGER)
    expect(await cache.get("k")).toBe("h\nv")
  })

  test("a record is gone at its deadline, although KV keeps it for a minute", async () => {
    const { clock, double, cache } = setup()
    await cache.set("k", "h\nv", 1000)
    await cache.set("x".repeat(900), "h\nv", 1000)
    await clock.advance(999)
    expect(await cache.get("k")).toBe("h\nv")
    expect(await all(cache.keys(""))).toEqual(["k", "x".repeat(900)])
    await clock.advance(1)
    expect(double.stored().size).toBe(2)
    expect(await cache.get("k")).toBeUndefined()
    expect(await cache.getMany(["k", "x".repeat(900)])).toEqual([undefined, undefined])
    expect(await all(cache.keys(""))).toEqual([])
    expect(await cache.delete("k")).toBe(false)
    await cache.clear("x")
    expect(double.stored().size).toBe(0)
  })
})

describe("names", () => {
  const hashed = /^isocache:.*#sha256:[0-9a-f]{64}$/

  test.each([
    ["", "isocache:"],
    [".", "isocache:."],
    ["..", "isocache:.."],
    ["a/b c%20ä", "isocache:a/b c%20ä"],
    ["k".repeat(503), `isocache:${"k".repeat(503)}`],
    ["ä".repeat(251), `isocache:${"ä".repeat(251)}`],
  ])("the key %j has a legible name", async (key, name) => {
    const { double, cache } = setup()
    await cache.set(key, "h\nv", hour)
    expect([...double.stored().keys()]).toEqual([name])
    expect(await cache.get(key)).toBe("h\nv")
  })

  test.each([
    ["too long by a byte", "k".repeat(504)],
    ["too long in bytes only", "ä".repeat(252)],
    ["very long", "k".repeat(100_000)],
    ["with a lone surrogate", "a\ud800b"],
    ["that looks like a hash", `k#sha256:${"0".repeat(64)}`],
    ["of emojis, cut between two", "\u{1f600}".repeat(300)],
  ])("a key %s is hashed, and listed in full", async (_, key) => {
    const { double, cache } = setup()
    await cache.set(key, "h\nv", hour)
    const [name = ""] = double.stored().keys()
    expect(name).toMatch(hashed)
    expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(512)
    expect(await cache.get(key)).toBe("h\nv")
    expect(await all(cache.keys(""))).toEqual([key])
    expect(await all(cache.keys(key.slice(0, 1)))).toEqual([key])
    expect(await all(cache.keys(key))).toEqual([key])
    expect(await all(cache.keys(`${key}!`))).toEqual([])
    expect(await cache.delete(key)).toBe(true)
    expect(double.stored().size).toBe(0)
  })

  test("keys that differ by nothing but their lone surrogates are different", async () => {
    const { cache } = setup()
    const keys = ["\ud800", "\ud801", "\udc00", "\ufffd", "\udc00\ud800", "\u{10000}"]
    await cache.setMany(keys.map((key, at) => [key, `h\n${at}`, hour]))
    expect(await cache.getMany(keys)).toEqual(keys.map((_, at) => `h\n${at}`))
  })

  test("a record under a hashed name that tells another key is absent", async () => {
    const { double, cache } = setup()
    for (const key of ["k".repeat(600), "k".repeat(5000)]) {
      await cache.set(key, "h\nv", hour)
      const [[name = "", row] = []] = double.stored()
      double.plant(name, "v", { h: "h", k: `${key.slice(1)}x` })
      expect(await cache.get(key)).toBeUndefined()
      double.plant(name, `"other"\nv`, { h: "h", k: 1 })
      expect(await cache.get(key)).toBeUndefined()
      // Junk that tells no key: the engine judges it.
      for (const metadata of [undefined, { h: "h" }, { k: 1 }]) {
        double.plant(name, "v", metadata)
        expect(await cache.get(key)).toBe("")
      }
      double.plant(name, row?.value ?? "", row?.metadata)
      expect(await cache.get(key)).toBe("h\nv")
      await cache.clear("")
    }
  })

  test("clear reads a hashed record only where its name shows too little", async () => {
    const { double, cache } = setup()
    const [short, long, other] = ["p", "p".repeat(2000), `${"p".repeat(1999)}q`]
    for (const key of [long, other]) await cache.set(key, "h\nv", hour)
    double.log.length = 0
    await cache.clear("p".repeat(2000))
    expect(double.log).toContain("getMany 2")
    expect(await cache.getMany([long, other])).toEqual([undefined, "h\nv"])
    double.log.length = 0
    await cache.clear(short)
    expect(double.log.map((it) => it.slice(0, 7))).toEqual(["list is", "delete "])
  })
})

describe("a shared namespace", () => {
  test("foreign names are never read, listed or cleared", async () => {
    const { double, cache } = setup()
    for (const name of ["k", "isocach", "isocache", "isocache-k", "#t"]) double.plant(name, "foreign")
    await cache.set("k", "h\nv", hour)
    expect(await all(cache.keys(""))).toEqual(["k"])
    await cache.clear("")
    expect(await cache.get("")).toBeUndefined()
    expect([...double.stored().keys()].sort()).toEqual(["#t", "isocach", "isocache", "isocache-k", "k"])
  })

  test.each([
    ["text without metadata", "junk", undefined, "junk"],
    ["metadata of another kind", "junk", "text", "junk"],
    ["members of another kind", "junk", { e: "soon", h: 1, k: {}, j: true }, "junk"],
    ["a list", "junk", [1], "junk"],
    ["broken JSON", "{", { j: 1 }, "{"],
    ["JSON that is no text", "5", { h: "h", j: 1 }, "h\n5"],
    ["a key where none belongs", "a\nb", { k: 1 }, "a\nb"],
    ["bytes that are no UTF-8", new Uint8Array([0xff, 0x61]), undefined, "\ufffda"],
  ])(
    "junk under an own name is handed on or absent, and never thrown: %s",
    async (_, value, metadata, expected) => {
      const { double, cache } = setup()
      double.plant("isocache:k", value, metadata)
      expect(await cache.get("k")).toBe(expected)
      expect(await cache.getMany(["k"])).toEqual([expected])
      const strange = `isocache:x#sha256:${"z".repeat(20)}`
      double.plant(strange, value, metadata)
      expect(await all(cache.keys(""))).toEqual(["k"])
      await cache.clear("")
      expect(double.stored().size).toBe(0)
    },
  )
})

describe("operations", () => {
  test("a get is one read, getMany one per hundred different keys", async () => {
    const { double, cache } = setup()
    await cache.get("k")
    expect(double.log.splice(0)).toEqual(["get isocache:k"])
    expect(await cache.getMany([])).toEqual([])
    expect(double.log).toEqual([])
    const keys = Array.from({ length: 250 }, (_, at) => `k${at}`)
    await cache.setMany(keys.map((key) => [key, `h\n${key}`, hour]))
    double.log.length = 0
    expect(await cache.getMany([...keys, ...keys])).toEqual([...keys, ...keys].map((key) => `h\n${key}`))
    expect(double.log.splice(0)).toEqual(["getMany 100", "getMany 100", "getMany 50"])
    expect(await cache.getMany(["k3", "no", "k1", "k3"])).toEqual(["h\nk3", undefined, "h\nk1", "h\nk3"])
    expect(double.log).toEqual(["getMany 3"])
  })

  test.each(["null", "object", "absent"] as const)(
    "a missing key is undefined, told as %s",
    async (missing) => {
      const { cache } = setup({ missing })
      await cache.set("a", "h\na", hour)
      expect(await cache.getMany(["x", "a", "y"])).toEqual([undefined, "h\na", undefined])
    },
  )

  test("a bulk read of more than 25 MiB comes in parts", async () => {
    const { double, cache } = setup()
    const big = "v".repeat(10_000_000)
    for (const key of ["a", "b", "c", "d"]) await cache.set(key, `h\n${big}`, hour)
    double.log.length = 0
    const found = await cache.getMany(["a", "b", "c", "d", "e"])
    expect(found.map((it) => it?.length)).toEqual([...Array(4).fill(big.length + 2), undefined])
    expect(double.log).toEqual(["getMany 5", "getMany 3", "getMany 2", "get isocache:c", "getMany 2"])
  })

  test("setMany writes each key once, the last one winning, six at a time", async () => {
    let running = 0
    let most = 0
    const { clock, double, cache } = setup({
      writeLimit: true,
      latency: () => {
        most = Math.max(most, ++running)
        return 10
      },
      fail: () => void running--,
    })
    const entries = Array.from({ length: 20 }, (_, at) => [`k${at % 10}`, `h\n${at}`, hour] as const)
    const written = cache.setMany(entries)
    await clock.advance(20)
    await written
    expect(double.log.length).toBe(10)
    expect(most).toBe(6)
    expect(double.stored().get("isocache:k0")?.value).toBe("10")
  })

  test("a batch does all it can before it rejects with the first failure", async () => {
    const { double, cache } = setup({
      fail(operation, name) {
        if (operation !== "list" && name.endsWith("3")) throw new Error("KV failed: broken")
      },
    })
    const entries = Array.from({ length: 8 }, (_, at) => [`k${at}`, "h\nv", hour] as const)
    expect((await failure(() => cache.setMany(entries))).key).toBe("k3")
    expect(double.stored().size).toBe(7)
    double.plant("isocache:k3", "v")
    expect((await failure(() => cache.clear("k"))).code).toBe("ADAPTER_UNAVAILABLE")
    expect([...double.stored().keys()]).toEqual(["isocache:k3"])
  })

  test("delete tells whether there was anything, deleteMany how many", async () => {
    const { double, cache } = setup()
    for (const key of ["a", "b", "c"]) await cache.set(key, "h\nv", hour)
    expect(await cache.delete("a")).toBe(true)
    expect(await cache.delete("a")).toBe(false)
    double.log.length = 0
    expect(await cache.deleteMany(["a", "b", "c", "b", "x"])).toBe(2)
    expect(double.log.filter((it) => !it.startsWith("delete"))).toEqual(["getMany 4"])
    expect(double.stored().size).toBe(0)
    expect(await cache.deleteMany([])).toBe(0)
  })

  test("delete is a read and a write, through a cache one read more", async () => {
    const { double, cache } = setup()
    await cache.delete("k")
    expect(double.log.splice(0)).toEqual(["get isocache:k", "delete isocache:k"])
    const whole = new CacheWrapper({ adapter: cache })
    await whole.set("k", 1)
    double.log.length = 0
    expect(await whole.delete("k")).toBe(1)
    expect(double.log).toEqual(["get isocache:k", "get isocache:k", "delete isocache:k"])
  })

  test("listings go through all pages", async () => {
    const { double, cache } = setup({ pageSize: 100 })
    const keys = Array.from({ length: 1050 }, (_, at) => `k${at}`)
    for (const key of keys) double.plant(`isocache:${key}`, "v", { h: "h" })
    double.plant("isocache:other", "v")
    expect(await all(cache.keys("k"))).toEqual([...keys].sort())
    expect(double.log).toEqual(Array(11).fill("list isocache:k"))
    await cache.clear("k")
    expect([...double.stored().keys()]).toEqual(["isocache:other"])
  })

  test("keys left early asks for no further page", async () => {
    const { double, cache } = setup({ pageSize: 2 })
    for (const key of ["a", "b", "c", "d"]) await cache.set(key, "h\nv", hour)
    double.log.length = 0
    for await (const _ of cache.keys("")) break
    expect(double.log).toEqual(["list isocache:"])
  })

  test("a copy of the adapter is another handle", async () => {
    const { cache } = setup()
    const copy: Adapter = { ...cache }
    await copy.set("k", "h\nv", hour)
    expect(await cache.get("k")).toBe("h\nv")
    expect(await copy.delete("k")).toBe(true)
  })
})

describe("a KV as it is in production", () => {
  test("another place sees a write late, and its own misses and hits for cacheTtl", async () => {
    const clock = fakeClock()
    const double = kvDouble({ lag: 5000, copies: true })
    const [here, there] = [
      kv({ binding: double.at("here") }),
      kv({ binding: double.at("there"), cacheTtl: 30_000 }),
    ]
    expect(await there.get("k")).toBeUndefined()
    await here.set("k", "h\n1", hour)
    expect(await here.get("k")).toBe("h\n1")
    await clock.advance(29_999)
    expect(await there.get("k")).toBeUndefined()
    await clock.advance(1)
    expect(await there.get("k")).toBe("h\n1")
    await here.delete("k")
    expect(await here.get("k")).toBeUndefined()
    await clock.advance(29_999)
    expect(await there.get("k")).toBe("h\n1")
    await clock.advance(1)
    expect(await there.get("k")).toBeUndefined()
  })

  test("a clock set back does not stretch what is remembered of a version token", async () => {
    const { clock, double, cache } = setup()
    await cache.set("#t", "one", Infinity)
    const [name = ""] = double.stored().keys()
    double.plant(name, "two")
    expect(await cache.get("#t")).toBe("one")
    clock.jump(clock.now() - hour)
    expect(await cache.get("#t")).toBe("two")
  })

  test("a stale copy is not served past the record's deadline", async () => {
    const { clock, cache } = setup({ copies: true })
    await cache.set("k", "h\n1", 10_000)
    expect(await cache.get("k")).toBe("h\n1")
    await clock.advance(10_000)
    expect(await cache.get("k")).toBeUndefined()
  })

  test("delete writes although a copied miss hides the record", async () => {
    const { double, cache } = setup({ copies: true, ownWrites: false })
    expect(await cache.get("k")).toBeUndefined()
    await cache.set("k", "h\n1", hour)
    expect(await cache.delete("k")).toBe(false)
    expect(double.stored().size).toBe(0)
  })

  test("a second write within a second is refused, and says why", async () => {
    const { clock, cache } = setup({ writeLimit: true })
    await cache.set("k", "h\nsecret", hour)
    const error = await failure(() => cache.set("k", "h\nsecret", hour))
    expect(error).toMatchObject({ code: "ADAPTER_UNAVAILABLE", key: "k" })
    expect(error.message).toContain("one write per second per key")
    expect(error.message).not.toContain("secret")
    expect(error.cause).toMatchObject({ message: "KV PUT failed: 429 Too Many Requests" })
    expect((await failure(() => cache.delete("k"))).message).toContain("one write per second per key")
    await cache.set("other", "h\nv", hour)
    await clock.advance(1000)
    await cache.set("k", "h\n2", hour)
    expect(await cache.get("k")).toBe("h\n2")
  })

  test("each failing operation rejects with ADAPTER_UNAVAILABLE and its cause", async () => {
    const broken = new Error("KV GET failed: 500 Internal Server Error")
    const { cache } = setup({
      fail() {
        throw broken
      },
    })
    const acts: (() => unknown)[] = [
      () => cache.get("k"),
      () => cache.set("k", "h\nv", hour),
      () => cache.set("k", "h\nv", 0),
      () => cache.delete("k"),
      () => cache.clear(""),
      () => cache.getMany(["a", "b"]),
      () => cache.setMany([["k", "h\nv", hour]]),
      () => cache.deleteMany(["a", "b"]),
      () => all(cache.keys("")),
    ]
    for (const act of acts) {
      const error = await failure(act)
      expect(error.code).toBe("ADAPTER_UNAVAILABLE")
      expect(error.cause).toBe(broken)
    }
  })

  test("reads that are refused do not blame the writes", async () => {
    const { cache } = setup({
      fail() {
        throw new Error("KV GET failed: 429 Too Many Requests")
      },
    })
    expect((await failure(() => cache.get("k"))).message).not.toContain("one write")
  })

  test("an error that is not KV's stays in the cause", async () => {
    const { cache } = setup({
      fail() {
        throw "the value was secret"
      },
    })
    const error = await failure(() => cache.set("k", "h\nv", hour))
    expect(error.message).not.toContain("secret")
    expect(error.cause).toBe("the value was secret")
  })
})

test("a bulk read is halved only where its answer is too large", async () => {
  for (const [reason, reads] of [
    ["413 Total size of request exceeds the limit of 25MB", 3],
    ["500", 1],
  ]) {
    const { double, cache } = setup({
      fail() {
        throw new Error(`KV GET_BULK failed: ${reason}`)
      },
    })
    expect((await failure(() => cache.getMany?.(["a", "b", "c", "d"]))).code).toBe("ADAPTER_UNAVAILABLE")
    expect(double.log.length, String(reason)).toBe(reads)
  }
})

describe("values that are too large", () => {
  const limit = 26_214_400

  test("25 MiB is taken, a byte more is VALUE_TOO_LARGE with the limit, before KV is asked", async () => {
    const { double, cache } = setup()
    await cache.set("k", `h\n${"v".repeat(limit)}`, hour)
    expect((await cache.get("k"))?.length).toBe(limit + 2)
    double.log.length = 0
    for (const record of [`h\n${"v".repeat(limit + 1)}`, `h\n${"ä".repeat(limit / 2)}v`]) {
      const error = await failure(() => cache.set("k", record, hour))
      expect(error).toMatchObject({ code: "VALUE_TOO_LARGE", key: "k" })
      expect(error.message).toContain("25 MiB")
    }
    expect(double.log).toEqual([])
  })

  test("a 413 of KV itself is reported the same way", async () => {
    const { cache } = setup({
      fail() {
        throw new Error(`KV PUT failed: 413 Value length of 1 exceeds limit of ${limit}.`)
      },
    })
    expect((await failure(() => cache.set("k", "h\nv", hour))).code).toBe("VALUE_TOO_LARGE")
  })
})

describe("options", () => {
  const binding = kvDouble().kv

  test.each([
    [{ bindings: "CACHE" }, "bindings"],
    [{ binding: 5 }, "binding"],
    [{ binding: null }, "binding"],
    [{ binding: "" }, "binding"],
    [{ cacheTtl: "30s" }, "cacheTtl"],
    [{ cacheTtl: Number.NaN }, "cacheTtl"],
    [{ cacheTtl: 29_999 }, "30000"],
    [null, "options"],
  ])("%j is refused by name", (options, word) => {
    try {
      kv(options as never)
    } catch (error) {
      expect(error).toMatchObject({ code: "ADAPTER_OPTIONS", message: expect.stringContaining(word) })
      return
    }
    throw new Error("expected a failure")
  })

  test("an explicit undefined is unset", () => {
    expect(kv({ binding: undefined, cacheTtl: undefined }).name).toBe("kv")
  })

  test.each([
    [30_000, 30],
    [30_001, 31],
    [Infinity, 2_147_483_647],
  ])("cacheTtl %d ms reaches every read as %d seconds", async (cacheTtl, seconds) => {
    using read = vi.spyOn(binding, "getWithMetadata")
    const cache = kv({ binding, cacheTtl })
    await cache.get("k")
    await cache.getMany(["a", "b"])
    expect(read.mock.calls.map(([, options]) => options)).toEqual(
      Array(2).fill({ type: "text", cacheTtl: seconds }),
    )
  })

  test("a name outside of a Worker is unavailable, and says what to do, on first use", async () => {
    const cache = kv()
    for (const act of [
      () => cache.open(),
      () => cache.get("k"),
      () => cache.set("k", "", 1),
      () => all(cache.keys("")),
    ]) {
      const error = await failure(act)
      expect(error.code).toBe("ADAPTER_UNAVAILABLE")
      expect(error.message).toContain('[[kv_namespaces]]\nbinding = "CACHE"')
      expect(error.message).toContain("kv({ binding: env.CACHE })")
    }
    expect((await failure(() => kv({ binding: "MY_KV" }).open())).message).toContain('binding = "MY_KV"')
  })

  test.each([
    ["an empty object", {}],
    ["a Map", new Map()],
    ["a bucket", { get() {}, put() {}, delete() {}, list() {}, head() {} }],
    ["a binding to a Worker, which has any method", new Proxy({}, { get: () => () => undefined })],
  ])("%s is no KV namespace", async (_, binding) => {
    const cache = kv({ binding: binding as KVLike })
    const error = await failure(() => cache.open())
    expect(error.code).toBe("ADAPTER_UNAVAILABLE")
    expect(error.message).toContain("[[kv_namespaces]]")
  })

  test("a record that is no text is refused", async () => {
    expect((await failure(() => kv({ binding }).set("k", { a: 1 }, hour))).code).toBe("VALUE_UNSUPPORTED")
  })
})

describe("the double itself", () => {
  beforeEach(() => {
    fakeClock()
  })
  const { kv: double } = kvDouble()
  const text = { type: "text" } as const

  // The same calls on local KV must fail, or not, with the same words.
  test.each<[string, (binding: KVLike) => Promise<unknown>]>([
    ["empty name", (it) => it.put("", "v")],
    ["dot", (it) => it.put(".", "v")],
    ["two dots", (it) => it.put("..", "v")],
    ["513 bytes", (it) => it.put("k".repeat(513), "v")],
    ["512 bytes", (it) => it.put("k".repeat(512), "v")],
    ["expirationTtl 59", (it) => it.put("k", "v", { expirationTtl: 59 })],
    ["expirationTtl 60.5", (it) => it.put("k", "v", { expirationTtl: 60.5 })],
    ["expirationTtl Infinity", (it) => it.put("k", "v", { expirationTtl: Infinity })],
    ["metadata of 1 025 bytes", (it) => it.put("k", "v", { metadata: "m".repeat(1023) })],
    ["metadata of 1 024 bytes", (it) => it.put("k", "v", { metadata: "m".repeat(1022) })],
    ["25 MiB and a byte", (it) => it.put("k", "v".repeat(26_214_401))],
    ["cacheTtl 29", (it) => it.getWithMetadata("k", { type: "text", cacheTtl: 29 })],
    ["cacheTtl 30", (it) => it.getWithMetadata("k", { type: "text", cacheTtl: 30 })],
    ["101 names", (it) => it.getWithMetadata(Array.from({ length: 101 }, String), text)],
    ["no names", (it) => it.getWithMetadata([], text)],
    ["a prefix of 513 bytes", (it) => it.list({ prefix: "p".repeat(513) })],
  ])("%s is taken or refused as by local KV", async (_, act) => {
    vi.useRealTimers()
    const outcome = (binding: KVLike) =>
      act(binding).then(
        () => "taken",
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
    expect(await outcome(double)).toBe(await outcome(await local()))
  })
})
