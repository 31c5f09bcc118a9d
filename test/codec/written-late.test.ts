import { beforeEach, expect, test, vi } from "vitest"

// What is loaded lazily must not be there before.
beforeEach(() => vi.resetModules())

const values: readonly (readonly [name: string, part: () => unknown])[] = [
  ["a URL", () => new URL("http://x/")],
  ["an Error", () => new Error("e")],
  ["an own __proto__", () => JSON.parse('{"__proto__":1}')],
]

test.each(values)("the first value of a process with %s is copied when set is called", async (_, part) => {
  const { CacheWrapper } = await import("../../src/core.ts")
  const { memory } = await import("../../adapters/memory.ts")
  const cache = new CacheWrapper({ adapter: memory() })
  await cache.set("warm", 1)
  const value = { part: part(), n: 1 }
  const set = cache.set("k", value)
  value.n = 2
  await set
  expect(await cache.get("k")).toMatchObject({ n: 1 })
})

test.each(values)(
  "and so with %s when setMany is called, or where objects are not cloned",
  async (_, part) => {
    const { CacheWrapper } = await import("../../src/core.ts")
    const { memory } = await import("../../adapters/memory.ts")
    const { custom } = await import("../support/adapters.ts")
    for (const adapter of [memory(), custom("object")]) {
      const cache = new CacheWrapper({ adapter })
      await cache.set("warm", 1)
      const value = { part: part(), n: 1 }
      const set = cache.setMany([["k", value]])
      value.n = 2
      await set
      expect(await cache.get("k")).toMatchObject({ n: 1 })
    }
  },
)
