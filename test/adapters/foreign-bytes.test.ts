import { runInNewContext } from "node:vm"
import { describe, expect, test } from "vitest"
import { decodeRecord, encodeRecord } from "../../adapters/sqlite/text.ts"
import type { Adapter, Stored } from "../../src/adapter.ts"
import { closeText, openText } from "../../src/codec/frame.ts"
import { CacheWrapper } from "../../src/core.ts"
import type { CacheEvent } from "../../src/types.ts"

function over(
  map: Map<string, Stored>,
  medium: Adapter["medium"],
  seen: (record: Stored) => Stored,
): Adapter {
  return {
    name: "own",
    medium,
    get: async (key) => {
      const record = map.get(key)
      return record === undefined ? undefined : seen(record)
    },
    set: async (key, record) => void map.set(key, record),
    delete: async (key) => map.delete(key),
    clear: async () => map.clear(),
  }
}

test("records that come back as a Node Buffer, at any offset, are read", async () => {
  for (let offset = 0; offset < 8; offset++) {
    const buffered = (record: Stored) => {
      const bytes = record as Uint8Array // as the medium says
      const large = Buffer.alloc(bytes.length + 16)
      large.set(bytes, offset)
      return large.subarray(offset, offset + bytes.length)
    }
    const cache = new CacheWrapper({ adapter: over(new Map(), "bytes", buffered) })
    const errors: CacheEvent[] = []
    cache.on("error", (event) => errors.push(event))
    for (const value of [{ x: 1 }, "text", new Date(5), { m: new Map([[1, 2]]) }]) {
      await cache.set("k", value)
      expect(await cache.get("k")).toEqual(value)
    }
    expect(errors).toEqual([])
  }
})

describe("a record nested deeper than any value", () => {
  const deep = (depth: number) => [
    "[".repeat(depth) + "]".repeat(depth),
    `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
  ]
  const verbs: Record<string, (cache: CacheWrapper) => Promise<unknown>> = {
    get: (cache) => cache.get("k", { default: "missed" }),
    getMany: async (cache) => (await cache.getMany(["k", "k"], { default: "missed" }))[1],
    getOrSet: (cache) => cache.getOrSet("k", () => "missed"),
    getOrSetMany: async (cache) => (await cache.getOrSetMany(["k"], () => ["missed"]))[0],
    "getOrSet, looking at what is stale": (cache) =>
      cache.getOrSet("k", ({ stale }) => stale?.value ?? "missed", { maxAge: 0, grace: "1h" }),
    touch: async (cache) => ((await cache.touch("k")) ? "there" : "missed"),
  }
  test.each(Object.entries(verbs))("is corrupt: a miss to %s, and removed", async (_, ask) => {
    for (const payload of deep(100_000)) {
      const map = new Map<string, Stored>()
      const cache = new CacheWrapper({ adapter: over(map, "text", (record) => record), ttl: "1h" })
      const errors: CacheEvent[] = []
      cache.on("error", (event) => errors.push(event))
      await cache.set("k", [1])
      // Whoever may write to the storage may compute the checksum too.
      const line = openText(map.get("k"))?.line ?? ""
      const forged = closeText(line, payload)
      map.set("k", forged)
      expect(await ask(cache)).toBe("missed")
      expect(map.get("k")).not.toBe(forged)
      expect(errors).toMatchObject([{ key: "k" }])
    }
  })

  test("what is as deep as may be, and as wide, is none", async () => {
    const cache = new CacheWrapper({ adapter: over(new Map(), "text", (record) => record) })
    let value: unknown = "end"
    for (let i = 0; i < 999; i++) value = [value]
    const wide = Array.from({ length: 5000 }, (_, id) => ({ id }))
    await cache.setMany({ value, wide })
    expect(await cache.getMany(["value", "wide"])).toEqual([value, wide])
  })
})

const ofAnother: (bytes: Stored) => Stored = runInNewContext("(bytes) => Uint8Array.from(bytes)")

test.each([true, false])("bytes of another realm are read, near: %s", async (near) => {
  for (const options of [{}, { compress: { threshold: 1 } }]) {
    const cache = new CacheWrapper({ adapter: over(new Map(), "bytes", ofAnother), near, ...options })
    const errors: CacheEvent[] = []
    cache.on("error", (event) => errors.push(event))
    await cache.set("k", ["a text that is long enough", new Date(5)], { tags: ["t"] })
    if (near) await cache.adapter.forget?.(["k"])
    expect(await cache.get("k")).toEqual(["a text that is long enough", new Date(5)])
    expect(errors).toEqual([])
  }
})

test("records of SQLite are read where its bytes are of another realm", () => {
  for (const record of ["a\0b", "\ud800", new Uint8Array([1, 2])]) {
    expect(decodeRecord(ofAnother(encodeRecord(record)))).toEqual(
      typeof record === "string" ? record : ofAnother(record),
    )
  }
})
