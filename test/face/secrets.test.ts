import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { scrub } from "../../src/base/scrub.ts"
import { CacheError, CacheWrapper } from "../../src/index.ts"

const secret = "s3cret"

function failing(error: unknown): Adapter {
  const fail = () => {
    throw error
  }
  return { name: "bad", medium: "text", get: fail, set: fail, delete: fail, clear: fail }
}

describe("urls lose their credentials", () => {
  test.each([
    ["GET https://bob:s3cret@host/x failed", "GET https://host/x failed"],
    ["redis://u:p@s3cret@host x", "redis://host x"],
    ["redis://u:p/s3cret@host", "redis://host"],
    ["redis://u:1234/s3cret@host", "redis://host"],
    ["redis://:s3cret@host", "redis://host"],
    ["https://s3cret@host", "https://host"],
    ["redis://u:p?s3cret#s3cret@host/0", "redis://host/0"],
    ["https://s3cret@host.com/a@b", "https://b"],
    ["at https://host/x?a=1&token=s3cret&b=2", "at https://host/x?a=1&token=&b=2"],
    [
      '{"api":"https://api.host.com/v1","redis":"redis://u:s3cret@db:6379"}',
      '{"api":"https://api.host.com/v1","redis":"redis://db:6379"}',
    ],
    ["https://a.host.com/,https://u:s3cret@b/", "https://a.host.com/,https://b/"],
    ["https://proxy/?url=https://u:s3cret@b/", "https://proxy/?url=https://b/"],
    [
      "https://host/x?sig=s3cret&b=2 and https://host/#access_token=s3cret",
      "https://host/x?sig=&b=2 and https://host/#access_token=",
    ],
    ["Cannot find file:///app/node_modules/@upstash/redis", undefined],
    ["https://esm.sh/@upstash/redis and https://unpkg.com/react@18", undefined],
    ["mail bob@host, // no url @here", undefined],
  ])("%s", (message, expected = message) => {
    expect(scrub(message)).toBe(expected)
    expect((scrub(new Error(message)) as Error).message).toBe(expected)
  })

  test("in every error of the chain, which keeps its classes, codes and members", () => {
    class Refused extends TypeError {
      readonly code = "ECONNREFUSED"
      readonly input = `https://u:${secret}@host`
    }
    const root = new Refused(`redis://u:${secret}@host refused`)
    const all = new AggregateError([root, new Error("plain")], "all failed")
    const error = new CacheError("ADAPTER_UNAVAILABLE", "outer", { key: "k", cause: all })
    const clean = scrub(error)
    expect(inspect(clean, { depth: 9 })).not.toContain(secret)
    expect(clean).toBeInstanceOf(CacheError)
    expect(clean).toMatchObject({ code: "ADAPTER_UNAVAILABLE", key: "k", message: "outer" })
    const inner = (clean as { cause: AggregateError }).cause
    expect(inner).toBeInstanceOf(AggregateError)
    expect(inner.errors[0]).toBeInstanceOf(Refused)
    expect(inner.errors[0]).toMatchObject({ code: "ECONNREFUSED", message: "redis://host refused" })
    expect(root.message).toContain(secret)
  })

  test("in a chain that bites its tail, in one too long, and in what cannot be read", () => {
    const circle = new Error(`redis://u:${secret}@host`)
    circle.cause = new Error("inner", { cause: circle })
    expect(inspect(scrub(circle), { depth: 99 })).not.toContain(secret)
    let long = new Error(`redis://u:${secret}@host`)
    for (let i = 0; i < 10_000; i++) long = new Error("outer", { cause: long })
    expect(inspect(scrub(long), { depth: 99 })).not.toContain(secret)
    const hostile = new Error("x")
    Object.defineProperty(hostile, "cause", {
      get: () => {
        throw new Error(secret)
      },
    })
    expect(inspect(scrub(hostile))).not.toContain(secret)
    const platform = scrub(new DOMException(`https://u:${secret}@host`, "AbortError"))
    expect(platform).toMatchObject({ name: "AbortError", message: "https://host" })
  })

  test("while an error without any is the very one", () => {
    const error = new Error("plain", { cause: new TypeError("also plain") })
    expect(scrub(error)).toBe(error)
    expect(scrub(undefined)).toBeUndefined()
    expect(scrub(42)).toBe(42)
  })

  test("of a long message in time that grows with its length alone", () => {
    const start = performance.now()
    scrub(`${"/".repeat(200_000)} ${"?token".repeat(50_000)} ${"//a:".repeat(50_000)}`)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

test("the failed event has no credentials, while the waiters get the very error", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const told: unknown[] = []
  cache.on("failed", ({ error }) => told.push(error))
  const error = new Error(`GET https://bob:${secret}@host/x`)
  await expect(cache.getOrSet("k", () => Promise.reject(error))).rejects.toBe(error)
  expect(error.message).toContain(secret)
  expect(inspect(told)).not.toContain(secret)
  expect(told).toMatchObject([{ message: "GET https://host/x" }])
})

test("what explicit writes, ready, keys and prune reject with has no credentials, and is of its class", async () => {
  const bad: Adapter = {
    ...failing(new TypeError(`redis://u:${secret}@host`)),
    keys: () => {
      throw new TypeError(`redis://u:${secret}@host`)
    },
    prune: () => Promise.reject(new TypeError(`redis://u:${secret}@host`)),
  }
  const cache = new CacheWrapper({ adapter: bad })
  const late = new CacheWrapper({
    adapter: { ...bad, get: async () => undefined, set: async () => bad.set("", "", 0), delete: () => false },
  })
  const ways: (() => Promise<unknown>)[] = [
    () => cache.ready(),
    () => cache.set("k", 1),
    () => late.set("k", 1),
    () => cache.setMany({ k: 1 }),
    () => cache.clear(),
    () => cache.invalidate(),
    () => cache.invalidateTags("t"),
    () => cache.expire("k"),
    () => cache.touch("k"),
    () => cache.prune(),
    () => cache.keys().next(),
    () => cache.delete("k"),
    () => cache.batch((b) => b.set("k", 1)),
  ]
  for (const way of ways) {
    const error: unknown = await way().then(
      () => "nothing",
      (reason: unknown) => reason,
    )
    expect(error, String(way)).toBeInstanceOf(TypeError)
    expect(inspect(error), String(way)).not.toContain(secret)
  }
})

test("neither JSON nor a deep look at what is made of options shows the secrets in them", () => {
  const cache = new CacheWrapper({
    adapter: "upstash",
    arguments: { url: `https://bob:${secret}@host`, token: secret },
    encrypt: { keys: [{ id: "a", key: { passphrase: secret, salt: "saltsalt" } }] },
  })
  const region = cache.region("r", {
    encrypt: { keys: [{ id: "b", key: { passphrase: secret, salt: "saltsalt" } }] },
  })
  const bound = cache.bind({ waitUntil() {} })
  const memoize = cache.memoize(async (id: number) => id, { name: "one" })
  const many = cache.memoizeMany(async (...ids: number[]) => ids, { name: "many" })
  for (const one of [cache, region, bound, bound.region("r"), memoize, many]) {
    expect(String(JSON.stringify(one))).not.toContain(secret)
    expect(inspect(one, { depth: 20 })).not.toContain(secret)
  }
})

test("nor do the view of a batch and the regions in it", async () => {
  const cache = new CacheWrapper({
    encrypt: { keys: [{ id: "a", key: { passphrase: secret, salt: "saltsalt" } }] },
  })
  cache.region("r")
  // Nothing is written: no key is derived.
  const seen = await cache.region("s", { encrypt: false }).batch((batch) => [batch, batch.region("t")])
  for (const one of seen) {
    expect(String(JSON.stringify(one))).not.toContain(secret)
    expect(inspect(one, { depth: 20 })).not.toContain(secret)
  }
  await cache.close()
})
