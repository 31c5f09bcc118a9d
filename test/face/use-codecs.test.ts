import { expect, test } from "vitest"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/index.ts"

const encrypt = { keys: [{ id: "1", key: new Uint8Array(32).fill(7) }] }

/** A storage that can be looked into. */
function open(): { adapter: Adapter; holds(text: string): boolean } {
  const records = new Map<string, unknown>()
  return {
    adapter: {
      name: "open",
      medium: "text",
      get: (key) => records.get(key),
      set: (key, record) => void records.set(key, record),
      delete: (key) => records.delete(key),
      clear: () => records.clear(),
    },
    holds: (text) => [...records.values()].some((record) => String(record).includes(text)),
  }
}

test("use keeps the encryption of the cache: nothing is stored in plain text after a swap", async () => {
  const [a, b] = [open(), open()]
  const cache = new CacheWrapper({ adapter: a.adapter, encrypt })
  cache.use(b.adapter, { encrypt: undefined })
  await cache.set("k", "TOPSECRET")
  expect(b.holds("TOPSECRET")).toBe(false)
  expect(await cache.get("k")).toBe("TOPSECRET")
})

test("an option of use wins over the cache's, and holds for the next swap", async () => {
  const [a, b, c] = [open(), open(), open()]
  const cache = new CacheWrapper({ adapter: a.adapter, encrypt })
  await cache.use(b.adapter, { encrypt: false }).set("k", "TOPSECRET")
  expect(b.holds("TOPSECRET")).toBe(true)
  await cache.use(c.adapter).set("k", "TOPSECRET")
  expect(c.holds("TOPSECRET")).toBe(true)
})

test("use keeps the compression and the serializer", async () => {
  const [a, b, c] = [open(), open(), open()]
  const serializer = { name: "mine", stringify: () => '"written by mine"', parse: () => "read by mine" }
  const cache = new CacheWrapper({ adapter: a.adapter, serializer })
  await cache.use(b.adapter).set("k", new Map())
  expect(b.holds("written by mine")).toBe(true)
  const small = new CacheWrapper({ adapter: a.adapter, compress: { threshold: 0 } })
  await small.use(c.adapter).set("k", "x".repeat(10_000))
  expect(c.holds("xxxx")).toBe(false)
})

test("a near tier belongs to the storage it was named with: use has none unless it says so", async () => {
  const cache = new CacheWrapper({ adapter: open().adapter, near: true })
  await cache.ready()
  const near = cache.adapter.peek
  cache.use(open().adapter)
  await cache.ready()
  expect(near).toBeDefined()
  expect(cache.adapter.peek).toBeUndefined()
})

test("a region with an adapter of its own has the encryption of its cache, unless it says otherwise", async () => {
  const [a, b, c] = [open(), open(), open()]
  const cache = new CacheWrapper({ adapter: a.adapter, encrypt })
  await cache.region("own", { adapter: b.adapter }).set("k", "TOPSECRET")
  await cache.region("plain", { adapter: c.adapter, encrypt: false }).set("k", "TOPSECRET")
  expect(b.holds("TOPSECRET")).toBe(false)
  expect(c.holds("TOPSECRET")).toBe(true)
})
