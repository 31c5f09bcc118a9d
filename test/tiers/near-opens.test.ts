import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { tiered } from "../../src/tiers.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { gate } from "../support/setup.ts"

const hour = 3_600_000

/** A near tier that opens as told, and counts what it is asked. */
function opening(open: () => Promise<void>, inner: Adapter = custom("text", "async")) {
  const calls: string[] = []
  const near: Adapter = {
    ...inner,
    open,
    get(key) {
      calls.push(key)
      return inner.get(key)
    },
  }
  return { near, calls }
}

const ways: Record<string, (near: Adapter) => CacheWrapper> = {
  "tiered()": (near) => new CacheWrapper({ adapter: tiered({ near, far: memory() }), storeTimeout: 500 }),
  "the option near": (near) => new CacheWrapper({ adapter: memory(), near, storeTimeout: 500 }),
}

describe.each(Object.entries(ways))("by %s", (_, over) => {
  test("a near tier that cannot open is not used", async () => {
    const { near, calls } = opening(() => Promise.reject(new Error("private mode")))
    const cache = over(near)
    await cache.ready()
    await cache.set("k", 1)
    expect(await cache.get("k")).toBe(1)
    expect(calls).toEqual([])
  })

  test("one that never opens keeps nobody waiting", async () => {
    const { near, calls } = opening(() => new Promise(() => {}))
    const cache = over(near)
    await cache.set("k", 1)
    expect(await cache.get("k")).toBe(1)
    expect(calls).toEqual([])
  })

  test("one that is open is asked first", async () => {
    const { near, calls } = opening(async () => {})
    const cache = over(near)
    await cache.ready()
    await cache.set("k", 1)
    expect(await cache.get("k")).toBe(1)
    expect(calls).toContain("k")
  })
})

test("a near tier that cannot open is reported", async () => {
  const { near } = opening(() => Promise.reject(new Error("private mode")))
  const told: unknown[] = []
  const tiers = tiered({ near, far: memory(), onTrouble: (error) => told.push(error) })
  await tiers.open?.()
  await tiers.set("k", "v", hour)
  expect(await tiers.get("k")).toBe("v")
  expect(told.map(String)).toEqual(["Error: private mode"])
})

test.for(["set", "delete", "clear"] as const)(
  "what a %s has ended while the near tier opened is not served by it afterwards",
  async (verb) => {
    const kept: Shelf = new Map()
    const far = custom("text", "async")
    await tiered({ near: custom("text", "async", kept), far }).set("k", "old", hour)
    const gated = gate<void>()
    const { near } = opening(() => gated.promise, custom("text", "async", kept))
    const tiers = tiered({ near, far, maxAge: hour })
    await tiers.open?.()
    if (verb === "set") await tiers.set("k", "new", hour)
    else await tiers[verb]("k")
    gated.pass()
    await new Promise((resolve) => setTimeout(resolve))
    expect(await tiers.get("k")).toBe(verb === "set" ? "new" : undefined)
    await tiers.set("l", 1, hour)
    await far.clear("")
    expect(await tiers.get("l")).toBe(1) // It is in use.
  },
)
