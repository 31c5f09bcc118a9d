import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { gate, settled, setup } from "../support/setup.ts"

describe.each(kinds)("%s", (kind) => {
  test("a fallback of many that asks for any of its keys gets REENTRANT, at whatever place it stands", async () => {
    const { cache } = await setup(kind)
    await cache.set("hit", 0)
    for (const own of ["a", "b", "c"]) {
      for (const keys of [
        ["a", "b", "c"],
        ["a", "b", "c", "hit"],
        ["hit", "a", "b", "c"],
      ]) {
        const load = async (missing: unknown[]) => {
          await cache.getOrSet(own, () => 1)
          return missing.map(() => 2)
        }
        await expect(cache.getOrSetMany(keys, load)).rejects.toMatchObject({ code: "REENTRANT", key: own })
      }
    }
  })

  test("a fallback of many that asks for many of its own gets REENTRANT", async () => {
    const { cache } = await setup(kind)
    const load = () => cache.getOrSetMany(["x", "a"], (missing) => missing.map(() => 1))
    await expect(cache.getOrSetMany(["a", "b"], load)).rejects.toMatchObject({ code: "REENTRANT", key: "a" })
  })

  test("it may ask for other keys, and for its own once it is over", async () => {
    const { cache } = await setup(kind)
    const load = async (missing: unknown[]) => {
      const other = await cache.getOrSet("other", () => 1)
      return missing.map(() => other + 1)
    }
    expect(await cache.getOrSetMany(["a", "b"], load)).toEqual([2, 2])
    expect(await cache.getOrSet("a", () => 3)).toBe(2)
  })

  test("its signal aborts when nobody waits for any of its keys, and not before", async () => {
    for (const wanted of ["a", "b"]) {
      const { cache, clock } = await setup(kind)
      const bulk = gate<number[]>()
      const ours = new AbortController()
      const its = new AbortController()
      let signal: AbortSignal | undefined
      const load = (_: unknown, context: { signal: AbortSignal }) => {
        signal = context.signal
        return bulk.promise
      }
      const many = cache.getOrSetMany(["a", "b"], load, { signal: ours.signal })
      await settled(clock)
      const other = cache.getOrSet(wanted, () => -1, { signal: its.signal })
      await settled(clock)
      ours.abort(new Error("ours"))
      await expect(many).rejects.toThrow("ours")
      await settled(clock)
      expect(signal?.aborted).toBe(false)
      its.abort(new Error("its"))
      await expect(other).rejects.toThrow("its")
      expect(signal?.aborted).toBe(true)
      bulk.pass([1, 2])
    }
  })

  test("a caller that still waits for one of the keys gets its value, and it is stored", async () => {
    const { cache, clock } = await setup(kind)
    const bulk = gate<number[]>()
    const ours = new AbortController()
    const many = cache.getOrSetMany(["a", "b"], () => bulk.promise, { signal: ours.signal })
    await settled(clock)
    const other = cache.getOrSet("b", () => -1)
    await settled(clock)
    ours.abort(new Error("ours"))
    await expect(many).rejects.toThrow("ours")
    bulk.pass([1, 2])
    expect(await other).toBe(2)
    expect(await cache.getMany(["a", "b"])).toEqual([undefined, 2])
  })

  test("the signal of one key aborts as that of a lone load", async () => {
    const { cache, clock } = await setup(kind)
    const ours = new AbortController()
    let signal: AbortSignal | undefined
    const load = (_: unknown, context: { signal: AbortSignal }) => {
      signal = context.signal
      return gate<number[]>().promise
    }
    const many = cache.getOrSetMany(["a"], load, { signal: ours.signal })
    await settled(clock)
    ours.abort(new Error("ours"))
    await expect(many).rejects.toThrow("ours")
    expect(signal?.aborted).toBe(true)
  })

  test("what is no list of keys or no fallback rejects with OPTION_INVALID", async () => {
    const { cache } = await setup(kind)
    for (const keys of [undefined, null, 5, {}] as never[]) {
      await expect(cache.getOrSetMany(keys, () => [])).rejects.toMatchObject({ code: "OPTION_INVALID" })
      await expect(cache.getMany(keys)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    }
    for (const fallback of [undefined, null, [1, 2], "text"] as never[]) {
      await expect(cache.getOrSetMany(["a", "b"], fallback)).rejects.toMatchObject({ code: "OPTION_INVALID" })
      await expect(cache.getOrSetMany([], fallback)).rejects.toMatchObject({ code: "OPTION_INVALID" })
    }
  })

  test("after close it rejects with CLOSED, for no keys too", async () => {
    const { cache } = await setup(kind)
    await cache.close()
    await expect(cache.getOrSetMany([], () => [])).rejects.toMatchObject({ code: "CLOSED" })
    await expect(cache.getMany([])).rejects.toMatchObject({ code: "CLOSED" })
    const squares = cache.region("squares", { generate: (n: number) => n * n })
    await expect(squares.getMany([])).rejects.toMatchObject({ code: "CLOSED" })
  })
})

test("a fallback of many holds its keys for leaseTtl from when it is called, whichever of them was late", async () => {
  const { cache, clock, storage } = await setup("all abilities", { leaseTtl: 100 })
  storage.fault = (verb, key) => (verb === "lock" && key === "b" ? 60 : undefined)
  const calls: number[] = []
  const since = clock.now()
  const many = cache.getOrSetMany(["a", "b"], () => {
    calls.push(clock.now() - since)
    return new Promise<string[]>(() => {})
  })
  await clock.advance(10)
  const other = cache.getOrSet("a", () => {
    calls.push(clock.now() - since)
    return "other's"
  })
  await clock.advance(200)
  expect(calls).toEqual([60, 160])
  expect(await other).toBe("other's")
  void many
})
