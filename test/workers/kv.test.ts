import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { type KVLike, kv } from "../../adapters/kv.ts"
import { detectRuntime } from "../../src/base/runtime.ts"
import { workers } from "../../src/base/workers.ts"

// The binding of wrangler.toml, typed by hand: the tests' Worker has no generated types.
const { CACHE } = env as unknown as { CACHE: KVNamespace }

// At the global scope, as a module-level cache does it.
const cache = kv()

test("the runtime is workerd, with its bindings and waitUntil", () => {
  expect(detectRuntime()).toBe("workerd")
  expect(workers.env?.()?.["CACHE"]).toBe(CACHE)
  expect(typeof workers.waitUntil).toBe("function")
})

test("the real namespace is a KVLike, by type and by use", async () => {
  const binding: KVLike = CACHE
  await kv({ binding }).set("k", "h\nv", 1000)
  expect(await cache.get("k")).toBe("h\nv")
  expect(await CACHE.get("isocache:k")).toBe("v")
})

test("a binding that is missing says what to put into wrangler.toml", async () => {
  await expect(kv({ binding: "MISSING" }).open()).rejects.toMatchObject({
    code: "ADAPTER_UNAVAILABLE",
    message: expect.stringMatching(/"MISSING" is missing[\s\S]*\[\[kv_namespaces\]\]\nbinding = "MISSING"/),
  })
})

test("hundreds of keys come in order, in one read per hundred", async () => {
  const keys = Array.from({ length: 230 }, (_, at) => `k${at}`)
  await cache.setMany(keys.map((key) => [key, `h\n${key}`, 60_000]))
  const asked = [...keys, "missing", "k3", "k1"]
  expect(await cache.getMany(asked)).toEqual(
    asked.map((key) => (key === "missing" ? undefined : `h\n${key}`)),
  )
})

test("listings go on past the first thousand", async () => {
  await cache.clear("")
  await Promise.all(Array.from({ length: 1005 }, (_, at) => CACHE.put(`isocache:p${at}`, "v")))
  let count = 0
  for await (const key of cache.keys("p")) count += key.startsWith("p") ? 1 : 0
  expect(count).toBe(1005)
  await cache.clear("")
  expect((await CACHE.list({ prefix: "isocache:" })).keys).toEqual([])
})

test("a value over 25 MiB is refused with the limit", async () => {
  await expect(cache.set("k", "v".repeat(26_214_401), 1000)).rejects.toMatchObject({
    code: "VALUE_TOO_LARGE",
  })
})
