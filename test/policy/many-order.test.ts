import { describe, expect, test } from "vitest"
import type { KeyLike } from "../../src/types.ts"
import { kinds } from "../support/fake.ts"
import { settled, setup } from "../support/setup.ts"

describe.each(kinds)("many on %s", (kind) => {
  test("are missing in the order of the keys", async () => {
    const { cache } = await setup(kind, { grace: "1h" })
    await cache.setMany({ a: 1, c: 3, e: 5 }, { tags: ["t"] })
    await cache.expire("a", "c")
    const asked: KeyLike[][] = []
    const load = (missing: KeyLike[]) => {
      asked.push([...missing])
      return missing
    }
    await cache.getOrSetMany(["d", "a", "b", "c", "e", "d"], load)
    await cache.getOrSetMany(["d", "a", "x", "c", "y"], load, { fresh: true })
    expect(asked).toEqual([
      ["d", "a", "b", "c"],
      ["d", "a", "x", "c", "y"],
    ])
  })

  test("that are stale and served at once are refreshed in one call", async () => {
    const { cache, clock } = await setup(kind, { grace: "1h" })
    await cache.setMany({ a: 1, b: 2, c: 3 })
    const asked: KeyLike[][] = []
    const load = (missing: KeyLike[]) => {
      asked.push([...missing])
      return missing.map(() => 9)
    }
    await cache.expire("a", "b", "c")
    expect(await cache.getOrSetMany(["a", "b", "c"], load, { softTimeout: 0 })).toEqual([1, 2, 3])
    await settled(clock)
    expect(asked).toEqual([["a", "b", "c"]])
    await cache.expire("a", "b")
    expect(await cache.getOrSetMany(["a", "b", "c", "d"], load, { softTimeout: 0 })).toEqual([9, 9, 9, 9])
    await settled(clock)
    expect(asked).toEqual([
      ["a", "b", "c"],
      ["a", "b", "d"],
    ])
  })
})

test("a stale one whose lease another has holds back none of the others", async () => {
  const { cache, clock, storage } = await setup("all abilities", { grace: "1h" })
  await cache.setMany({ a: 1, b: 2 })
  await cache.expire("a", "b")
  await storage.handle().lock?.("a", 10_000)
  const asked: KeyLike[][] = []
  const load = (missing: KeyLike[]) => {
    asked.push([...missing])
    return missing.map(() => 9)
  }
  expect(await cache.getOrSetMany(["a", "b"], load, { softTimeout: 0 })).toEqual([1, 2])
  await settled(clock)
  expect(asked).toEqual([["b"]])
})
