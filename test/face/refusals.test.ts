import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { gzip, superjsonSerializer } from "../../src/codecs.ts"
import { CacheWrapper as CoreWrapper } from "../../src/core.ts"
import { CacheError, CacheWrapper, memoized, registerAlias } from "../../src/index.ts"

const cache = new CacheWrapper({ adapter: memory() })
const half = { name: "half", stringify: JSON.stringify } as never
const bound = (near: object) => new CacheWrapper({ near: near as never })
const memo = (options: unknown) => cache.memoize(async function f(_: number) {}, options as never)
const memoMany = (options: unknown) =>
  cache.memoizeMany(async function f(..._: number[]) {} as never, options as never)
const decorate = (options: object) =>
  memoized({ name: "f", instance: "shared", ...options })(async function f() {}, {
    kind: "method",
    name: "f",
  } as never)

const misspelt = { maxEntrys: 1 }
const use = (options: unknown) => new CacheWrapper().use("memory", options as never)
const own = (name: string, storage: object) => new CacheWrapper({ adapter: memory() }).region(name, storage)

describe("what makes no sense is refused at once, naming the option", () => {
  test.each<[string, string, string, () => unknown]>([
    ["memoize(f, null)", "OPTION_INVALID", "ptions", () => memo(null)],
    ["memoize(f, 5)", "OPTION_INVALID", "ptions", () => memo(5)],
    ["memoize ttl", "TTL_INVALID", "ttl", () => memo({ ttl: "1 year" })],
    ["memoize key", "OPTION_INVALID", "key", () => memo({ key: 5 })],
    ["memoize bypass", "OPTION_INVALID", "bypass", () => memo({ bypass: true })],
    ["memoize onHit", "OPTION_INVALID", "onHit", () => memo({ onHit: {} })],
    ["memoize ignore", "OPTION_INVALID", "ignore", () => memo({ ignore: 5 })],
    ["memoize ignore: text", "OPTION_INVALID", "ignore", () => memo({ ignore: "0" })],
    ["memoize lease", "OPTION_INVALID", "lease", () => memo({ lease: "no" })],
    ["memoize unknown", "OPTION_INVALID", "bogus", () => memo({ bogus: 1 })],
    ["memoizeMany(f, null)", "OPTION_INVALID", "ptions", () => memoMany(null)],
    ["memoizeMany ttl", "TTL_INVALID", "ttl", () => memoMany({ ttl: -1 })],
    ["memoizeMany key", "OPTION_INVALID", "key", () => memoMany({ key: "id" })],
    ["memoizeMany unknown", "OPTION_INVALID", "bogus", () => memoMany({ bogus: 1 })],
    ["@memoized cache", "OPTION_INVALID", "cache", () => decorate({ cache: {} })],
    ["@memoized cache: null", "OPTION_INVALID", "cache", () => decorate({ cache: null })],
    ["@memoized unknown", "OPTION_INVALID", "bogus", () => decorate({ bogus: 1 })],
    ["new CacheWrapper(null)", "OPTION_INVALID", "ptions", () => new CacheWrapper(null as never)],
    ["serializer: 1", "OPTION_INVALID", "serializer", () => new CacheWrapper({ serializer: 1 as never })],
    ["serializer: {}", "OPTION_INVALID", "serializer", () => new CacheWrapper({ serializer: {} as never })],
    ["half a serializer", "OPTION_INVALID", "serializer", () => new CacheWrapper({ serializer: half })],
    [
      "use with a serializer: 1",
      "OPTION_INVALID",
      "serializer",
      () => cache.use("memory", { serializer: 1 as never }),
    ],
    ["a region's serializer", "OPTION_INVALID", "serializer", () => cache.region("s", { serializer: half })],
    ["use with null", "OPTION_INVALID", "options of use()", () => cache.use(memory(), null as never)],
    ["use with 5", "OPTION_INVALID", "options of use()", () => use(5)],
    ["use with true", "OPTION_INVALID", "options of use()", () => use(true)],
    ["use with an array", "OPTION_INVALID", "options of use()", () => use([])],
    ["use with a function", "OPTION_INVALID", "options of use()", () => use(() => 5)],
    ["use with an empty text", "OPTION_INVALID", "options of use()", () => use("")],
    [
      "arguments beside an adapter object",
      "ADAPTER_OPTIONS",
      "its factory takes them",
      () => new CacheWrapper({ adapter: memory(), arguments: { maxEntries: 1 } }),
    ],
    [
      "arguments beside an adapter object, without aliases",
      "ADAPTER_OPTIONS",
      "its factory takes them",
      () => new CoreWrapper({ adapter: memory(), arguments: { maxEntries: 1 } }),
    ],
    [
      "a region's arguments beside an adapter object",
      "ADAPTER_OPTIONS",
      "its factory takes them",
      () => own("a", { adapter: memory(), arguments: { maxEntries: 1 } }),
    ],
    [
      "a region's arguments beside the object it inherits",
      "ADAPTER_OPTIONS",
      "its factory takes them",
      () => own("b", { arguments: { maxEntries: 1 } }),
    ],
    [
      "a region's arguments that the alias it inherits has not",
      "ADAPTER_OPTIONS",
      "maxEntrys",
      () => new CacheWrapper().region("r", { arguments: misspelt }),
    ],
    [
      "arguments that the alias of the region around it has not",
      "ADAPTER_OPTIONS",
      "maxEntrys",
      () => own("s", { adapter: "memory" }).region("r", { arguments: misspelt }),
    ],
    [
      "arguments of a region among the options of its cache",
      "ADAPTER_OPTIONS",
      "maxEntrys",
      () => new CacheWrapper({ regions: { r: { arguments: misspelt } } }),
    ],
    ["gzip(null)", "OPTION_INVALID", "compress", () => gzip(null as never)],
    ["superjsonSerializer(null)", "OPTION_INVALID", "ptions", () => superjsonSerializer(null as never)],
    ["an alias that is a bigint", "ADAPTER_OPTIONS", "bigint", () => registerAlias(1n as never, memory)],
    ["compress: 1", "OPTION_INVALID", "compress", () => new CacheWrapper({ compress: 1 as never })],
    ["compress: null", "OPTION_INVALID", "compress", () => new CacheWrapper({ compress: null as never })],
    ["compress: []", "OPTION_INVALID", "compress", () => new CacheWrapper({ compress: [] as never })],
    ["encrypt: null", "OPTION_INVALID", "encrypt", () => new CacheWrapper({ encrypt: null as never })],
    ["encrypt: []", "OPTION_INVALID", "encrypt", () => new CacheWrapper({ encrypt: [] as never })],
    [
      "a region's encrypt: null",
      "OPTION_INVALID",
      "encrypt",
      () => cache.region("e", { encrypt: null as never }),
    ],
    [
      "use with encrypt: null",
      "OPTION_INVALID",
      "encrypt",
      () => cache.use(memory(), { encrypt: null as never }),
    ],
    ["encrypt: true", "OPTION_INVALID", "encrypt", () => new CacheWrapper({ encrypt: true as never })],
    ["near.maxEntries", "ADAPTER_OPTIONS", "maxEntries", () => bound({ maxEntries: -1 })],
    ["near.maxBytes", "ADAPTER_OPTIONS", "maxBytes", () => bound({ maxBytes: "1" })],
    ["near.policy", "ADAPTER_OPTIONS", "policy", () => bound({ policy: "fifo" })],
    ["near.copy", "ADAPTER_OPTIONS", "copy", () => bound({ copy: true })],
    ["regions: []", "OPTION_INVALID", "regions", () => new CacheWrapper({ regions: [] as never })],
    ["a region's options: null", "OPTION_INVALID", "ptions", () => cache.region("n", null as never)],
    ["on a symbol", "OPTION_INVALID", "symbol", () => cache.on(Symbol("hit") as never, () => {})],
    ["on an object", "OPTION_INVALID", "object", () => cache.on(Object.create(null) as never, () => {})],
    ["on undefined", "OPTION_INVALID", "undefined", () => cache.on(undefined as never, () => {})],
    [
      "on what has an odd text",
      "OPTION_INVALID",
      "object",
      () => cache.on({ toString: () => expect.unreachable() } as never, () => {}),
    ],
    ["on a typo", "OPTION_INVALID", "hitt", () => cache.on("hitt" as never, () => {})],
  ])("%s: %s", (_, code, word, way) => {
    let error: unknown
    try {
      way()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(CacheError)
    expect(error).toMatchObject({ code, message: expect.stringContaining(word) })
  })

  test("a batch of no function rejects", async () => {
    await expect(cache.batch(5 as never)).rejects.toMatchObject({ code: "OPTION_INVALID" })
  })

  test("while arguments may be empty, or those of the alias that a region inherits", () => {
    expect(() => new CacheWrapper({ adapter: memory(), arguments: {} })).not.toThrow()
    const place = new CacheWrapper({ adapter: memory() }).region("r", { adapter: "memory" })
    expect(() => place.region("s", { arguments: { maxEntries: 1 } })).not.toThrow()
  })

  test("while every kind of event may be heard", () => {
    for (const type of "hit stale miss load loaded failed coalesced set delete expire invalidate clear evict error *".split(
      " ",
    ))
      cache.on(type as "hit", () => {})()
  })

  test("a method with the option instance has no key without an instance, and the error says how to get one", async () => {
    const find = memoized({ name: "Users.find", instance: ({ id }: { id: number }) => id, cache })(
      async function find(this: { id: number }, id: number) {
        return [this.id, id]
      },
      { kind: "method", name: "find" } as never,
    )
    interface Attached {
      keyFor(id: number): string
      of(self: object): Attached
    }
    const attached = find as unknown as Attached // What memoize attaches.
    expect(() => attached.keyFor(5)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining(".of(") }),
    )
    expect(attached.of({ id: 1 }).keyFor(5)).toBe('~["Users.find()",1,5]')
    expect(await find.call({ id: 2 }, 5)).toEqual([2, 5])
    await expect((find as unknown as (id: number) => Promise<unknown>)(5)).rejects.toMatchObject({
      code: "OPTION_INVALID",
    })
  })
})
