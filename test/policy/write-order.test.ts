import { describe, expect, test } from "vitest"
import type { CacheWrapper } from "../../src/core.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

type Act = readonly [name: string, act: (cache: CacheWrapper) => Promise<unknown>]

const old: Act = ["set", (cache) => cache.set("k", "old", { grace: "1h" })]
const tagged: Act = ["a set with a new tag", (cache) => cache.set("k", "old", { grace: "1h", tags: ["new"] })]
const clear: Act = ["clear", (cache) => cache.clear()]

// What was called first, what was called next without waiting for it, and what is there when both are done.
const pairs: readonly (readonly [first: Act, second: Act, left: unknown])[] = [old, tagged].flatMap(
  (first) =>
    [
      [first, ["set", (cache: CacheWrapper) => cache.set("k", "new")], "new"],
      [first, ["setMany", (cache: CacheWrapper) => cache.setMany({ k: "new", l: 1 })], "new"],
      [
        first,
        ["a set with another tag", (cache: CacheWrapper) => cache.set("k", "new", { tags: ["other"] })],
        "new",
      ],
      [first, ["set of ttl 0", (cache: CacheWrapper) => cache.set("k", "new", { ttl: 0 })], undefined],
      [first, ["delete", (cache: CacheWrapper) => cache.delete("k")], undefined],
      [first, ["expire", (cache: CacheWrapper) => cache.expire("k")], undefined],
      [first, clear, undefined],
      [first, ["invalidate", (cache: CacheWrapper) => cache.invalidate()], undefined],
    ] as const,
)
const others: typeof pairs = [
  [tagged, ["invalidateTags", (cache) => cache.invalidateTags("new")], undefined],
  [clear, ["set", (cache) => cache.set("k", "new")], "new"],
  [clear, ["a set with a tag", (cache) => cache.set("k", "new", { tags: ["new"] })], "new"],
  [["invalidate", (cache) => cache.invalidate()], ["set", (cache) => cache.set("k", "new")], "new"],
  [["delete", (cache) => cache.delete("k")], ["set", (cache) => cache.set("k", "new")], "new"],
]

describe.each(kinds)("%s", (kind) => {
  describe.each(["a cache that is open", "a cache on its first use"])("%s", (state) => {
    const rows = [...pairs, ...others].map(
      ([[one, first], [other, second], left]) => [one, other, first, second, left] as const,
    )
    test.each(rows)("writes have the order of their calls: %s, %s", async (...row) => {
      const [, , first, second, left] = row
      const { cache, another, clock } = await setup(kind)
      const used = state === "a cache that is open" ? cache : another()
      if (used === cache) await cache.set("x", 1)
      const both = Promise.all([first(used), second(used)])
      await clock.advance(100)
      await both
      expect(await used.get("k")).toBe(left)
    })
  })

  test("touch gives its ttl to what was set before it, though nobody waited for that", async () => {
    const { cache, clock } = await setup(kind)
    const both = Promise.all([cache.set("k", 1, { ttl: "1m", tags: ["new"] }), cache.touch("k", "1h")])
    await clock.advance(100)
    expect(await both).toEqual([undefined, true])
    expect((await cache.getEntry("k"))?.freshUntil).toBeGreaterThan(Date.now() + 3_000_000)
  })

  test("a set with a new tag fences a load that began while its version was being created", async () => {
    const { cache, clock } = await setup(kind)
    const set = cache.set("k", "set", { tags: ["new"] })
    const load = cache.getOrSet("k", () => clock.after(20, "loaded"))
    await clock.advance(10)
    await set
    expect(await cache.getOrSet("k", () => "third")).toBe("set")
    await clock.advance(100)
    await load
    expect(await cache.get("k")).toBe("set")
  })

  test("writes of one key that wait for a storage that hangs wait no longer for one another", async () => {
    const { another, clock, storage } = await setup(kind)
    const hung = { ...storage.handle(), open: () => new Promise<void>(() => {}) }
    const cache = another({ adapter: hung, storeTimeout: 100 })
    const refused = Promise.allSettled(Array.from({ length: 50 }, (_, at) => cache.set("k", at)))
    await clock.advance(400)
    for (const one of await refused) expect(one).toMatchObject({ status: "rejected" })
  })
})

describe.each(lateKinds)("a storage that is slow, on %s", (kind) => {
  test.each([
    ["touch", "set"],
    ["touch", "delete"],
    ["set", "touch"],
    ["set", "expire"],
    ["delete", "set"],
    ["expire", "set"],
  ] as const)("a %s and a %s behind a write that hung keep their order", async (first, second) => {
    const { cache, clock, storage } = await setup(kind, { storeTimeout: 100, ttl: "1h", grace: "1h" })
    await cache.set("k", "old")
    let hangs = 1
    storage.fault = (verb, key) =>
      key !== "k" ? undefined : verb.startsWith("set") && hangs-- > 0 ? "hang" : 2
    const act = (verb: typeof first | typeof second) =>
      verb === "set" ? cache.set("k", "new") : cache[verb]("k")
    const lost = expect(cache.set("k", "lost")).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
    const done = Promise.all([act(first), act(second)])
    await clock.advance(400)
    await Promise.all([lost, done])
    storage.fault = () => undefined
    const expected = second === "delete" ? undefined : "new"
    expect(await cache.get("k", { stale: true })).toBe(expected)
    expect(await cache.get("k")).toBe(second === "expire" ? undefined : expected)
  })

  test("a write of many that is late removes nothing that was written since", async () => {
    const many: readonly ((cache: CacheWrapper) => Promise<unknown>)[] = [
      (cache) =>
        cache.setMany([
          ["k", 1],
          ["gone", 2, { ttl: 0 }],
        ]),
      (cache) => cache.expire("k", "gone"),
    ]
    for (const write of many) {
      const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
      await cache.setMany([
        ["k", 0, { grace: "1h" }],
        ["gone", 0],
      ])
      storage.fault = (verb, key) => (verb.startsWith("set") && key === "k" ? 300 : undefined)
      const late = expect(write(cache)).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
      await clock.advance(150)
      await late
      await cache.set("gone", "new")
      await clock.advance(1000)
      expect(await cache.get("gone")).toBe("new")
    }
  })

  test("keeps the order of writes however many wait, as long as none takes more than its storeTimeout", async () => {
    const { cache, clock, storage } = await setup(kind, { storeTimeout: 1000 })
    let at = 0
    storage.fault = (verb) => (/^(set|delete)/.test(verb) ? [300, 100, 200][at++ % 3] : undefined)
    const sets = Array.from({ length: 20 }, (_, i) => cache.set("k", i))
    const last = Promise.all([...sets, cache.delete("k")])
    await clock.advance(10_000)
    await last
    expect(await cache.get("k")).toBeUndefined()
  })
})

test.each(["reject", "throw"] as const)(
  "a write of many of which one fails (%s) ends with the last of them, and nothing lands upon the next",
  async (fault) => {
    const many: readonly ((cache: CacheWrapper) => Promise<unknown>)[] = [
      (cache) => expect(cache.setMany({ k: "old", fails: 1 })).rejects.toThrow(),
      (cache) => cache.getOrSetMany(["k", "fails"], (missing) => missing.map(() => "old")),
      (cache) => expect(cache.delete("k", "fails")).rejects.toThrow(),
    ]
    for (const write of many) {
      const { cache, clock, storage } = await setup("four methods")
      const faults = new Map<string, typeof fault | 50>([
        ["k", 50],
        ["fails", fault],
      ])
      storage.fault = (verb, key) => {
        const own = verb === "get" ? undefined : faults.get(key)
        if (own !== undefined) faults.delete(key)
        return own
      }
      const done = write(cache).then(() => cache.set("k", "new"))
      await clock.advance(100)
      await done
      expect(await cache.get("k")).toBe("new")
    }
  },
)
