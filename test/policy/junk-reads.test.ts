import { expect, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type CacheError, CacheWrapper } from "../../src/core.ts"
import { fake, lateKinds } from "../support/fake.ts"
import { settled, setup } from "../support/setup.ts"

const fail = () => {
  throw new Error("looked at")
}

/** What somebody else may have put where entries lie, as far as the marks of a good entry. */
// biome-ignore format: a table
const junk: readonly (readonly [what: string, make: (marks: unknown) => unknown])[] = [
  ["marks that throw", () => ({ format: 1, get marks() { return fail() } })],
  ["a deadline that throws", (marks) => ({ format: 1, marks, get freshUntil() { return fail() } })],
  ["a deadline that is none", (marks) => ({ format: 1, marks, freshUntil: "later" })],
  ["a proxy that throws", () => new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail })],
  ["a promise that rejects", () => Promise.reject(new Error("late"))],
  ["a then that answers nothing", () => ({ then() {} })],
  ["a then that throws", () => ({ then: fail })],
  ["a then that throws when it is looked at", () => ({ get then() { return fail() } })],
  ["null", () => null],
  ["a number", () => 0],
  ["a symbol", () => Symbol("s")],
  ["a function", () => fail],
]

test.each(junk)("after hits too, junk is a miss and an error event: %s", async (_, make) => {
  const adapter = memory()
  const cache = new CacheWrapper({ adapter, storeTimeout: 50 })
  const errors = vi.fn()
  cache.on("error", errors)
  const verbs = [
    () => cache.get("k"),
    () => cache.has("k").then((is) => is || undefined),
    () => cache.getEntry("k"),
    () => cache.getMany(["k"]).then(([value]) => value),
    () => cache.getOrSet("k", () => "loaded").then((value) => (value === "loaded" ? undefined : value)),
  ]
  for (const ask of verbs) {
    for (const tags of [[], ["t"]]) {
      await cache.set("good", 1, { tags })
      for (let i = 0; i < 3; i++) expect(await cache.get("good")).toBe(1)
    }
    const { marks }: { marks?: unknown } = Object(adapter.get("good"))
    adapter.set("k", make(marks), 60_000)
    errors.mockClear()
    expect(await ask()).toBeUndefined()
    expect(errors).toHaveBeenCalled()
    expect(await cache.getOrSet("k", () => "again")).toMatch(/loaded|again/)
  }
})

test("all that is junk of many keys is removed", async () => {
  const storage = fake("all abilities")
  const cache = new CacheWrapper({ adapter: storage.handle() })
  await cache.setMany({ a: 1, b: 2, c: 3 })
  for (const kept of storage.shelf.values()) if (typeof kept.record === "object") kept.record = "junk"
  expect(await cache.getMany(["a", "b", "c"])).toEqual([undefined, undefined, undefined])
  expect(["a", "b", "c"].filter((key) => storage.shelf.has(key))).toEqual([])
})

test.each(lateKinds)("junk whose removal hangs is removed by the next read: %s", async (kind) => {
  const { cache, clock, storage } = await setup(kind, { storeTimeout: 100 })
  await cache.setMany({ k: 1, l: 2 })
  const kept = storage.shelf.get("k")
  if (kept) kept.record = "junk"
  storage.fault = (verb) => (verb.startsWith("delete") ? "hang" : undefined)
  const found = cache.getMany(["k", "l"])
  await clock.advance(100)
  await found
  storage.fault = () => undefined
  const reason = cache.get("k", { required: true }).catch((error: CacheError) => error.reason)
  await settled(clock)
  expect(await Promise.race([reason, "waiting"])).toBe("corrupt")
  expect(storage.shelf.has("k")).toBe(false)
  expect(await cache.getMany(["k", "l"])).toEqual([undefined, 2])
})

test("a promise that is a function, as those of Workers' RPC are, is waited for", async () => {
  const inner = memory()
  const called = <T>(value: T) => {
    const promise = Promise.resolve(value)
    return Object.assign(() => {}, { then: promise.then.bind(promise) }) as unknown as Promise<T>
  }
  const cache = new CacheWrapper({
    adapter: {
      name: "rpc",
      medium: "object",
      get: (key) => called(inner.get(key)),
      set: (key, record, ttl) => called(inner.set(key, record, ttl)),
      delete: (key) => called(inner.delete(key)),
      clear: (prefix) => called(inner.clear(prefix)),
    },
  })
  expect(await cache.getOrSet("k", () => 1)).toBe(1)
  expect(await cache.getOrSet("k", () => 2)).toBe(1)
  expect(await cache.delete("k")).toBe(1)
})
