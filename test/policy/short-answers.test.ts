import { describe, expect, test } from "vitest"
import type { Adapter, Awaitable } from "../../src/adapter.ts"
import { retry, storeTimeout } from "../../src/proxies.ts"
import { custom } from "../support/adapters.ts"
import { setup } from "../support/setup.ts"

/** An adapter whose `getMany` answers as a broken one may. */
function answering(spoil: (records: readonly unknown[]) => readonly unknown[]): Adapter {
  const four = custom("object", "async")
  return {
    ...four,
    getMany: async (keys) => spoil(await Promise.all(keys.map((key) => four.get(key)))),
  }
}

async function listed(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all
}

describe.each([false, true])("with a tier in front: %s", (near) => {
  test("promises of another kind, which have nothing but a then, are answers as well", async () => {
    const { another } = await setup("memory")
    const four = custom("text", "async")
    const foreign = <T>(answer: Awaitable<T>): Promise<T> => {
      const bare = {
        then: (...on: Parameters<Promise<T>["then"]>) => void Promise.resolve(answer).then(...on),
      }
      return bare as unknown as Promise<T> // As an adapter written in JavaScript may answer.
    }
    const adapter: Adapter = {
      ...four,
      get: (key) => foreign(four.get(key)),
      set: (...entry) => foreign(four.set(...entry)),
      delete: (key) => foreign(four.delete(key)),
    }
    await another({ adapter, near }).set("k", 1, { tags: ["t"] })
    expect(await another({ adapter, near }).get("k")).toBe(1)
    const cache = another({ adapter, near })
    expect(await cache.getOrSet("k", () => 2)).toBe(1)
    await cache.invalidateTags("t")
    expect(await another({ adapter, near }).getMany(["k"])).toEqual([undefined])
  })

  test("too few or too many records for many keys are a miss and an error event", async () => {
    const { another } = await setup("memory")
    let spoil = (records: readonly unknown[]) => records
    const cache = another({ adapter: answering((records) => spoil(records)), near })
    const trace: string[] = []
    cache.on("*", ({ type }) => trace.push(type))
    await cache.setMany({ a: 1, b: 2 })
    const spoilt: (typeof spoil)[] = [
      (records) => records.slice(1),
      (records) => [undefined, ...records],
      () => [],
    ]
    for (const one of spoilt) {
      if (near) await cache.adapter.forget?.(["a", "b"])
      spoil = one
      trace.length = 0
      expect(await cache.getMany(["a", "b"])).toEqual([undefined, undefined])
      expect(trace).toEqual(["error", "miss", "miss"])
      expect(await cache.getOrSetMany(["a", "b"], () => [3, 4], { shouldCache: () => false })).toEqual([3, 4])
      await expect(cache.delete("a", "b")).rejects.toThrow(/getMany/)
      await expect(cache.batch((b) => b.expire("a", "b"))).rejects.toThrow(/getMany/)
      spoil = (records) => records
      expect(await cache.getMany(["a", "b"])).toEqual([1, 2])
    }
  })

  test("a promise of the keys, as of an async function that is no generator, is understood", async () => {
    const { another, storage } = await setup("memory")
    const four = storage.handle()
    const keys = (async (prefix: string) => [...((four.keys?.(prefix) ?? []) as Iterable<string>)]) as never
    for (const wrap of [
      (adapter: Adapter) => adapter,
      retry,
      (adapter: Adapter) => storeTimeout(adapter, 1000),
    ]) {
      const adapter = wrap({ ...four, keys })
      const cache = another({ adapter, near })
      await another({ adapter: four, prefix: "p" }).set("theirs", 1)
      await cache.setMany({ a: 1, b: 2 })
      expect((await listed(cache.keys())).sort()).toEqual(["a", "b"])
      await cache.batch(async (batch) => {
        await batch.delete("b")
        expect(await listed(batch.keys())).toEqual(["a"])
      })
      await cache.clear()
      expect(await listed(cache.keys())).toEqual([])
      expect(await another({ adapter: four, prefix: "p" }).get("theirs")).toBe(1)
    }
  })

  test("a listing that cannot begin rejects, without credentials", async () => {
    const { another } = await setup("memory")
    const boom = () => Promise.reject(new Error("boom at https://me:secret@host/")) as never
    const cache = another({ adapter: { ...custom("object"), keys: boom }, near })
    await expect(listed(cache.keys())).rejects.toThrow("boom at https://host/")
  })

  test.each([undefined, null, "many", Number.NaN, {}])(
    "a prune that answers %s has dropped 0",
    async (answer) => {
      const { another } = await setup("memory")
      for (const said of [answer, Promise.resolve(answer)]) {
        const cache = another({ adapter: { ...custom("object"), prune: () => said as never }, near })
        cache.region("r", { adapter: { ...custom("object"), prune: () => 2 } })
        expect(await cache.prune()).toBe(2)
      }
    },
  )

  test("what was expired by a soft invalidation stays so where its version is not answered", async () => {
    const { another } = await setup("memory")
    let isShort = false
    const adapter = answering((records) => (isShort ? records.slice(0, 1) : records))
    const cache = another({ adapter })
    await cache.set("k", "old", { grace: "1h" })
    await cache.invalidate({ mode: "soft" })
    isShort = true
    const other = another({ adapter, near })
    expect(await other.get("k")).toBeUndefined()
    expect(await other.getOrSet("k", () => "new", { grace: "1h" })).toBe("new")
  })

  test("a storage that finds one key and not many is asked a few times, and no more", async () => {
    const { another } = await setup("memory")
    const adapter = answering((records) => records.map(() => undefined))
    let asked = 0
    const get = (key: string) => {
      // Else this would go on for ever.
      if (++asked > 100) throw new Error("asked again and again")
      return adapter.get(key)
    }
    const cache = another({ adapter: { ...adapter, get }, near })
    await cache.invalidate()
    await cache.set("k", 1)
    await cache.set("l", 1, { tags: ["t"] })
    expect(await cache.getOrSet("m", () => 2)).toBe(2)
    expect(asked).toBeLessThan(30)
  })
})
