import { describe, expect, test } from "vitest"
import { CacheWrapper } from "../../src/index.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

class Account {
  #balance = 7
  balance(): number {
    return this.#balance
  }
}

describe.each(kinds)("a value in place of a fallback, on %s", (kind) => {
  test("a promise stands for the value it resolves to", async () => {
    const { cache } = await setup(kind)
    expect(await cache.getOrSet("k", Promise.resolve("late"))).toBe("late")
    expect(await cache.get("k")).toBe("late")
    const failed = Promise.reject(new Error("no"))
    failed.catch(() => {})
    await expect(cache.getOrSet("l", failed)).rejects.toThrow("no")
  })

  test("what cannot be kept is returned as it is, and reported", async () => {
    const { cache, events } = await setup(kind)
    const account = new Account()
    const nested = { list: [account], later: Promise.resolve(1) }
    const headers = new Headers({ a: "1" })
    expect(((await cache.getOrSet("a", account)) as Account).balance()).toBe(7)
    expect(await cache.getOrSet<unknown>("b", nested)).toBe(nested)
    expect(((await cache.getOrSet("c", headers)) as Headers).get("a")).toBe("1")
    expect(events.filter(({ type }) => type === "error")).toMatchObject(
      ["a", "b", "c"].map((key) => ({ key, error: { code: "VALUE_UNSUPPORTED" } })),
    )
    expect(await cache.getMany(["a", "b", "c"])).toEqual([undefined, undefined, undefined])
  })

  test("plain data is kept as it was when it was given", async () => {
    const { cache } = await setup(kind)
    const list = [1]
    const asked = cache.getOrSet("k", list)
    list.push(2)
    expect(await asked).toEqual([1])
    expect(await cache.get("k")).toEqual([1])
  })
})

test.each([
  ["set", (cache, value) => cache.set("k", value)],
  ["setMany", (cache, value) => cache.setMany({ k: value })],
  ["set after clear", (cache, value) => Promise.all([cache.clear(), cache.set("k", value)])],
  ["getOrSet", (cache, value) => cache.getOrSet("k", value)],
] satisfies [string, (cache: CacheWrapper, value: object) => Promise<unknown>][])(
  "a storage that copies nothing has the very value it was given, also by the call that opens it: %s",
  async (_, write) => {
    for (const value of [{ a: 1 }, new Account()]) {
      const cache = new CacheWrapper({ adapter: "memory", arguments: { copy: "none" } })
      await write(cache, value)
      expect(await cache.get("k")).toBe(value)
    }
  },
)
