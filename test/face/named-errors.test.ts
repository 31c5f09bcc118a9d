import { describe, expect, test } from "vitest"
import type { Adapter, Stored } from "../../src/adapter.ts"
import { type CacheError, CacheWrapper } from "../../src/core.ts"
import type { CacheEvent } from "../../src/types.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

async function failure(act: Promise<unknown>): Promise<CacheError> {
  return act.then(
    () => expect.unreachable(),
    (error) => error,
  )
}

const keys = ["k", "#k", "a::b", ":a::b", "@x::y", "\\k", ""]

describe.each(kinds)("an error names the key as it was given, on %s", (kind) => {
  test.each([
    ["a cache", (cache: CacheWrapper) => cache, undefined],
    ["a cache with a prefix", (cache: CacheWrapper) => cache, "shop:1"],
    ["a region", (cache: CacheWrapper) => cache.region("a:b").region("c"), undefined],
    ["a region of a cache with a prefix", (cache: CacheWrapper) => cache.region("users"), "shop"],
  ] as const)("of %s", async (_, place, prefix) => {
    const { another } = await setup(kind)
    const cache = another(prefix === undefined ? {} : { prefix })
    const events: CacheEvent[] = []
    cache.on("error", (event) => events.push(event))
    const region = place(cache)
    for (const key of keys) {
      const refused = await failure(region.set(key, () => 1))
      expect(refused).toMatchObject({ code: "VALUE_UNSUPPORTED", key })
      expect(refused.message).toContain(`for ${JSON.stringify(key)} cannot`)
      expect(await failure(region.setMany([[key, Symbol()]]))).toMatchObject({ key })
      await region.getOrSet(key, () => () => 1)
      expect(events.splice(0)).toMatchObject([{ key, error: { code: "VALUE_UNSUPPORTED", key } }])
    }
  })
})

test("so do a storage that is late and a record that cannot be read", async () => {
  const map = new Map<string, Stored>()
  let isSlow = false
  const adapter: Adapter = {
    name: "own",
    medium: "text",
    get: async (key) => (isSlow && !key.startsWith("#") ? new Promise(() => {}) : map.get(key)),
    set: async (key, record) => void map.set(key, record),
    delete: async (key) => map.delete(key),
    clear: async () => map.clear(),
  }
  const keysOf = (fill: number) => ({ keys: [{ id: "a", key: new Uint8Array(32).fill(fill) }] })
  const options = { adapter, prefix: "shop", storeTimeout: 300 }
  await new CacheWrapper({ ...options, encrypt: keysOf(1) }).set("k", 1)
  const cache = new CacheWrapper({ ...options, encrypt: keysOf(2) })
  const events: CacheEvent[] = []
  cache.on("error", (event) => events.push(event))
  expect(await cache.get("k")).toBeUndefined()
  expect(events.map(({ key }) => key)).toEqual(["k", "k"])
  isSlow = true
  const late = await failure(cache.delete("k"))
  expect(late).toMatchObject({ code: "STORE_TIMEOUT", key: "k" })
  expect(late.message).toContain('for "k"')
})
