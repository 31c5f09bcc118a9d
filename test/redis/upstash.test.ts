import { Redis } from "@upstash/redis"
import { expect, test } from "vitest"
import { type UpstashAdapter, upstash } from "../../adapters/upstash.ts"
import { collect, failure, withRedis } from "./setup.ts"

const styles = ["url and token", "an injected client with its defaults"] as const

for (const style of styles) {
  withRedis(`upstash by ${style}`, (setup) => {
    const open = (): UpstashAdapter =>
      style === "url and token"
        ? setup.open()
        : upstash({ client: new Redis({ url: setup.front.url, token: setup.front.token }) })

    test("keeps any record under any key", async () => {
      const cache = open()
      const keys = ["", ".", "..", "/", ":", "a:b", "ü😀", "\ud800", "\udc00", "\ud83d", "�", "\\", "\\ud800"]
      keys.push(
        "\\\\",
        "*",
        "?",
        "[a]",
        "^-",
        "\0",
        "a\nb",
        "#token",
        "isocache:",
        "\\lease:x",
        "k".repeat(100_000),
      )
      keys.push(
        `${"k".repeat(100_000)}x`,
        "\ud800".repeat(9_000),
        "�".repeat(9_000),
        "constructor",
        "__proto__",
      )
      keys.push(`a\\#${"0".repeat(64)}`, `a#${"0".repeat(64)}`)
      await cache.setMany(keys.map((key, i) => [key, `header ${i}\n`, 60_000]))
      expect(await cache.getMany(keys)).toEqual(keys.map((_, i) => `header ${i}\n`))
      expect(await collect(cache.keys(""))).toEqual([...keys].sort())
      for (const [i, key] of keys.entries()) expect(await cache.get(key)).toBe(`header ${i}\n`)
      expect(await cache.deleteMany([...keys, ...keys])).toBe(keys.length)
      expect(await setup.redis("DBSIZE")).toBe(0)
    })

    test("keeps records that look like something else", async () => {
      const cache = open()
      const records = [
        "",
        "123",
        "null",
        "true",
        '{"a":1}',
        "1e3",
        '"text"',
        "[1]",
        "OK",
        "=",
        "~",
        "+1",
        "#1:a=",
      ]
      records.push("\ufeffbom", "\ud800", "\\ud800\ud800", "é\0", "😀", "12345678901234567890", "\n")
      for (const [i, record] of records.entries()) await cache.set(`k${i}`, record, 60_000)
      expect(await cache.getMany(records.map((_, i) => `k${i}`))).toEqual(records)
      for (const [i, record] of records.entries()) expect(await cache.add(`n${i}`, record, 60_000)).toBe(true)
      expect(await cache.getMany(records.map((_, i) => `n${i}`))).toEqual(records)
    })

    test("a get after a set of one turn sees it, and the last of two sets wins", async () => {
      const cache = open()
      const [, one, , two, gone, none] = await Promise.all([
        cache.set("k", "1", Infinity),
        cache.get("k"),
        cache.set("k", "2", Infinity),
        cache.get("k"),
        cache.delete("k"),
        cache.get("k"),
      ])
      expect([one, two, gone, none]).toEqual(["1", "2", true, undefined])
      expect(setup.front.stats.requests).toBe(1)
    })

    test("add sets what is absent only, even an equal record", async () => {
      const cache = open()
      expect(await Promise.all([cache.add("k", "a", 60_000), cache.add("k", "a", 60_000)])).toEqual([
        true,
        false,
      ])
      expect(await cache.add("k", "a", 60_000)).toBe(false)
      expect(await cache.get("k")).toBe("a")
      expect(await setup.redis("PTTL", "isocache:k")).toBeGreaterThan(50_000)
    })

    test("a lease excludes, is released by its owner only, and ends by itself", async () => {
      const [one, other] = [open(), open()]
      const lease = await one.lock("k", 60_000)
      expect(lease).toBeDefined()
      expect(await other.lock("k", 60_000)).toBeUndefined()
      expect(await collect(one.keys(""))).toEqual([])
      await lease?.release()
      const second = await other.lock("k", 60_000)
      expect(second).toBeDefined()
      await lease?.release()
      expect(await one.lock("k", 60_000)).toBeUndefined()
      await second?.release()
      const short = await one.lock("k", 30)
      await new Promise((resolve) => setTimeout(resolve, 60))
      const third = await other.lock("k", 60_000)
      expect(third).toBeDefined()
      await short?.release()
      expect(await one.lock("k", 60_000)).toBeUndefined()
    })

    test("what is wrong in Redis under our names is no crash", async () => {
      const cache = open()
      await setup.redis("SET", "isocache:foreign", "what is this")
      await setup.redis("SET", "isocache:number", "42")
      await setup.redis("RPUSH", "isocache:list", "a")
      await setup.redis("SET", "isocache:cut", "#99999:=a")
      await setup.redis("SET", "isocache:bytes", "\\ud8")
      await cache.set("good", "g", 60_000)
      const [foreign, number, list, cut] = await cache.getMany(["foreign", "number", "list", "cut"])
      expect([foreign, list]).toEqual(["what is this", undefined])
      expect(number).toBe(style === "url and token" ? "42" : "")
      expect([undefined, "#99999:=a"]).toContain(cut)
      expect(await collect(cache.keys("g"))).toEqual(["good"])
      await cache.set("list", "now ours", 60_000)
      expect(await cache.get("list")).toBe("now ours")
    })

    test("clear and keys stay under their prefix, and see no foreign key", async () => {
      const cache = open()
      const prefixes = [
        "a",
        "a*",
        "a?",
        "[a]",
        "a\\",
        "^a-",
        "\ud83d",
        "ü",
        "x".repeat(2_000),
        "x".repeat(40_000),
      ]
      await setup.redis("SET", "foreign", "1")
      await setup.redis("SET", "isocache", "1")
      for (const prefix of prefixes) {
        const all = [
          "a",
          "a*",
          "a*b",
          "aXb",
          "a?",
          "[a]b",
          "a\\b",
          "^a-b",
          "\ud83db",
          "😀",
          "üb",
          "u",
          "A",
          "x",
        ]
        all.push(
          "x".repeat(2_001),
          "x".repeat(1_999),
          "x".repeat(40_001),
          "x".repeat(39_999),
          `${"x".repeat(40_000)}y`,
        )
        await cache.setMany(all.map((key) => [key, key.slice(0, 9), 60_000]))
        expect(await collect(cache.keys(prefix))).toEqual(all.filter((key) => key.startsWith(prefix)).sort())
        await cache.clear(prefix)
        expect(await collect(cache.keys(""))).toEqual(all.filter((key) => !key.startsWith(prefix)).sort())
        await cache.clear("")
        expect(await setup.redis("DBSIZE")).toBe(2)
      }
    })
  })
}

withRedis("upstash", (setup) => {
  const long = (i: number) => `user:${i}`

  test("everything asked in one turn is one request", async () => {
    const cache = setup.open()
    await Promise.all(Array.from({ length: 100 }, (_, i) => cache.set(long(i), `r${i}`, 60_000)))
    expect(setup.front.stats.requests).toBe(1)
    const read = await Promise.all(Array.from({ length: 100 }, (_, i) => cache.get(long(i))))
    expect(read).toEqual(Array.from({ length: 100 }, (_, i) => `r${i}`))
    expect(setup.front.stats.requests).toBe(2)
    expect(setup.front.stats.log.at(-1)?.commands).toHaveLength(1)
  })

  test("callers that take longer paths to the same turn share its request", async () => {
    const cache = setup.open()
    const late = async (depth: number) => {
      for (let i = 0; i < depth; i++) await undefined
      return cache.get("k")
    }
    await Promise.all([0, 1, 2, 3, 4, 6, 8].map(late))
    expect(setup.front.stats.requests).toBe(1)
  })

  test("getMany, setMany and deleteMany of a thousand are one request each", async () => {
    const cache = setup.open()
    const keys = Array.from({ length: 1_000 }, (_, i) => long(i))
    await cache.setMany(keys.map((key) => [key, key, 60_000]))
    expect(setup.front.stats.requests).toBe(1)
    expect(await cache.getMany([...keys, "none", long(3)])).toEqual([...keys, undefined, long(3)])
    expect(setup.front.stats.requests).toBe(2)
    expect(await cache.deleteMany([...keys, "none"])).toBe(1_000)
    expect(setup.front.stats.requests).toBe(3)
  })

  test("a request tells nothing of the program, and asks not to be cached on its way", async () => {
    const cache = setup.open()
    await cache.set("k", "r", 60_000)
    await cache.lock("k", 60_000)
    await collect(cache.keys(""))
    const told = setup.front.stats.log.map(({ headers }) => headers)
    expect(told.length).toBeGreaterThan(2)
    for (const headers of told) {
      expect(headers.authorization).toBe(`Bearer ${setup.front.token}`)
      expect(Object.keys(headers).filter((name) => name.startsWith("upstash-telemetry"))).toEqual([])
      // What fetch makes of the cache mode no-store.
      expect(headers["cache-control"]).toBe("no-cache")
    }
  })

  test("no keys are no request", async () => {
    const cache = setup.open()
    expect(await cache.getMany([])).toEqual([])
    expect(await cache.deleteMany([])).toBe(0)
    await cache.setMany([])
    expect(setup.front.stats.requests).toBe(0)
  })

  test("over 1 000 commands or 10 MB are several requests, in order", async () => {
    const cache = setup.open()
    await cache.setMany(Array.from({ length: 2_500 }, (_, i) => ["same", `${i}`, 60_000] as const))
    expect(setup.front.stats.log.map(({ commands }) => commands.length)).toEqual([1_000, 1_000, 500])
    expect(await cache.get("same")).toBe("2499")
    setup.front.reset()
    const large = '"'.repeat(1_500_000) // two bytes each in JSON
    await cache.setMany(Array.from({ length: 7 }, (_, i) => [`k${i}`, large, 60_000] as const))
    expect(setup.front.stats.log.map(({ commands }) => commands.length)).toEqual([3, 3, 1])
    expect((await cache.getMany(["k0", "k6"])).every((record) => record === large)).toBe(true)
  })

  test("a record near the limit is kept, one over it is refused alone, with the limit", async () => {
    const cache = setup.open()
    const near = "v".repeat(9_990_000)
    await cache.set("near", near, 60_000)
    expect((await cache.get("near")) === near).toBe(true)
    setup.front.reset()
    const [refused, kept] = await Promise.all([
      failure(cache.set("over", "secret".repeat(2_000_000), 60_000)),
      cache.set("kept", "k", 60_000).then(() => cache.get("kept")),
    ])
    expect(refused).toMatchObject({ code: "VALUE_TOO_LARGE", key: "over" })
    expect(refused.message).toMatch(/12\.0 MB.* 10 MB/)
    expect(refused.message).not.toMatch(/secret/)
    expect(kept).toBe("k")
    expect(await cache.get("over")).toBeUndefined()
  })

  test("ttl is kept in whole milliseconds, never less than asked", async () => {
    const cache = setup.open()
    await cache.setMany([
      ["a", "r", 0.2],
      ["b", "r", 1_000.4],
      ["c", "r", Infinity],
      ["d", "r", Number.MAX_VALUE],
      ["e", "r", 60 * 86_400_000],
    ])
    const sent = setup.front.stats.log[0]?.commands.map((command) => command.slice(3))
    expect(sent).toEqual([["px", "1"], ["px", "1001"], [], ["px", "3153600000000"], ["px", "5184000000"]])
    expect(await setup.redis("PTTL", "isocache:c")).toBe(-1)
  })

  test("a ttl of nothing removes what was there", async () => {
    const cache = setup.open()
    await cache.set("k", "old", 60_000)
    await cache.set("k", "new", 0)
    expect(await cache.get("k")).toBeUndefined()
    expect(await cache.delete("k")).toBe(false)
  })

  test("a later write waits for an earlier one of its key, a read for both, and nobody else", async () => {
    const cache = setup.open()
    await cache.open()
    setup.front.fail({ kind: "latency", ms: 80 })
    const slow = cache.set("k", "first", 60_000)
    await new Promise((resolve) => setTimeout(resolve, 10))
    const fast = cache.set("k", "second", 60_000)
    const other = cache.get("other").then(() => "other")
    await new Promise((resolve) => setTimeout(resolve, 10))
    const read = cache.get("k")
    expect(await Promise.race([slow, read, other])).toBe("other")
    expect(await read).toBe("second")
    await Promise.all([slow, fast])
    expect(await cache.get("k")).toBe("second")
  })

  test("what waits for an earlier write is not overtaken by its own turn", async () => {
    const cache = setup.open()
    setup.front.fail({ kind: "latency", ms: 40 })
    const slow = cache.set("a", "1", 60_000)
    await new Promise((resolve) => setTimeout(resolve, 10))
    const both = cache.setMany([
      ["a", "2", 60_000],
      ["b", "2", 60_000],
    ])
    await Promise.all([slow, both, cache.set("b", "3", 60_000)])
    expect(await cache.getMany(["a", "b"])).toEqual(["2", "3"])
  })

  test("a prefix is no pattern", async () => {
    await setup.open().clear("a*?[x]^-\\")
    const [scan] = setup.front.stats.log.map(({ commands }) => commands[0])
    expect(scan).toEqual(["scan", "0", "match", "isocache:a\\*\\?\\[x\\]\\^\\-\\\\\\\\*", "count", "1000"])
  })

  test("clear removes what was written before it, and nothing that comes after", async () => {
    const cache = setup.open()
    const before = cache.set("p:before", "b", 60_000)
    const clear = cache.clear("p:")
    const after = cache.set("p:after", "a", 60_000)
    const read = cache.get("p:before")
    await Promise.all([before, clear, after])
    expect(await read).toBeUndefined()
    expect(await collect(cache.keys(""))).toEqual(["p:after"])
  })

  test("clear and keys go through ten thousand keys, each once", async () => {
    const cache = setup.open()
    const keys = Array.from({ length: 10_000 }, (_, i) => `p:${String(i).padStart(5, "0")}`)
    await cache.setMany(keys.map((key) => [key, "r", 60_000]))
    await cache.set("other", "o", 60_000)
    expect(await collect(cache.keys("p:"))).toEqual(keys)
    await cache.clear("p:")
    expect(await collect(cache.keys(""))).toEqual(["other"])
  })

  test("clear and keys pass many foreign keys in a few requests", async () => {
    const cache = setup.open()
    await setup.redis("EVAL", "for i = 1, 100000 do redis.call('set', 'session:' .. i, 'x') end", "0")
    await cache.setMany(["a", "b"].map((key) => [key, "r", 60_000]))
    for (const run of [() => collect(cache.keys("")), () => cache.clear("")]) {
      setup.front.reset()
      await run()
      expect(setup.front.stats.requests).toBeLessThan(16)
    }
    expect(await setup.redis("DBSIZE")).toBe(100_000)
  })

  test("however many keys are found, an answer stays small", async () => {
    const cache = setup.open()
    const keys = Array.from({ length: 8_000 }, (_, i) => `${i}`.padEnd(200, "."))
    await cache.setMany(keys.map((key) => [key, "r", 60_000]))
    setup.front.reset()
    expect(await collect(cache.keys(""))).toHaveLength(8_000)
    const counts = setup.front.stats.log.flatMap(({ commands }) => commands.map((command) => command.at(-1)))
    expect(new Set(counts)).toEqual(new Set(["1000"]))
  })

  test("two keys with the same hash are distinguished", async () => {
    const cache = setup.open()
    const key = "k".repeat(50_000)
    await cache.set(key, "mine", 60_000)
    const [at = ""] = (await setup.redis("KEYS", "isocache:*").then((found) => found as Uint8Array[])).map(
      String,
    )
    const name = Buffer.from(at.split(",").map(Number)).toString()
    const stored = String(await setup.redis("GET", name))
    await setup.redis("SET", name, stored.replace("kkk", "kkx"))
    expect(await cache.get(key)).toBeUndefined()
    // Junk that tells no key: the engine judges it.
    for (const junk of ["junk", "=junk", "#9:="]) {
      await setup.redis("SET", name, junk)
      expect(await cache.get(key)).toBe("")
    }
  })

  test("a copy of the adapter is another handle on the same storage", async () => {
    const cache = setup.open()
    const copy = { ...cache }
    await cache.set("k", "r", 60_000)
    expect(await copy.get("k")).toBe("r")
  })
})
