import { expect, test } from "vitest"
import { none } from "../../adapters/none.ts"

test("none keeps nothing and answers at once", () => {
  const cache = none()
  cache.set("k", 1, Infinity)
  cache.setMany([["k", 1, Infinity]])
  expect(cache.add("k", 1, Infinity)).toBe(true)
  expect(cache.add("k", 1, Infinity)).toBe(true)
  expect(cache.get("k")).toBeUndefined()
  expect(cache.getMany(["k", "k"])).toEqual([undefined, undefined])
  expect(cache.delete("k")).toBe(false)
  expect(cache.deleteMany(["k"])).toBe(0)
  expect([...cache.keys("")]).toEqual([])
  expect(cache.prune(Infinity)).toBe(0)
  cache.clear("")
})

test("none takes no options", () => {
  // What JavaScript callers may hand over.
  expect(() => none({ maxEntries: 1 } as never)).toThrow(/"maxEntries".*Leave it out/)
})
