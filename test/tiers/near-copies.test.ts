import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { memoryBus, tiered } from "../../src/tiers.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { gate } from "../support/setup.ts"

const hour = 3_600_000

/** A far tier with getMany that notes which keys it is asked for. */
function noted() {
  const base = custom("text", "async")
  const asked: string[] = []
  const get = async (key: string) => {
    asked.push(key)
    return base.get(key)
  }
  const far: Adapter = { ...base, get, getMany: async (keys) => Promise.all(keys.map(get)) }
  return { base, asked, tiers: tiered({ near: memory(), far }) }
}

test("a known version is not read again: written here, read alone or among many", async () => {
  const { base, asked, tiers } = noted()
  await tiers.set("#written", "v", Infinity)
  expect(await tiers.get("#written")).toBe("v")
  expect(asked).toEqual([])
  await base.set("#read", "v", Infinity)
  await tiers.get("#read")
  expect(await tiers.getMany?.(["#read", "#written", "a"])).toEqual(["v", "v", undefined])
  expect(asked).toEqual(["#read", "a"])
})

test("a version that is doubted is asked for once more, and known from then on", async () => {
  const { base, asked, tiers } = noted()
  await tiers.set("#h", "old", Infinity)
  await base.set("#h", "new", Infinity)
  await tiers.forget?.(["#h"])
  expect([await tiers.get("#h"), await tiers.get("#h")]).toEqual(["new", "new"])
  expect(asked).toEqual(["#h"])
})

test("a read of a version that is being read among many waits for that", async () => {
  const { base, asked, tiers } = noted()
  await base.set("#h", "v", Infinity)
  expect(await Promise.all([tiers.getMany?.(["a", "#h"]), tiers.get("#h")])).toEqual([[undefined, "v"], "v"])
  expect(asked).toEqual(["a", "#h"])
})

test("a copy of what was read that arrives near after a write has come across is dropped", async () => {
  const base = custom("object", "async")
  const arrival = gate()
  let isSlow = true
  const near: Adapter = {
    ...base,
    async set(key, record, ttl) {
      if (isSlow) await arrival.promise
      await base.set(key, record, ttl)
    },
  }
  const far = custom("text", "async")
  await tiered({ near: memory(), far }).set("k", "old", hour)
  const tiers = tiered({ near, far })
  expect(await tiers.get("k")).toBe("old")
  isSlow = false
  await tiers.set("k", "new", hour)
  arrival.pass("")
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await tiers.get("k")).toBe("new")
})

test.each(["throws", "rejects"])("a near tier whose clear %s serves no copy from then on", async (how) => {
  const near = memory()
  const down = () => {
    if (how === "rejects") return Promise.reject(new Error("down"))
    throw new Error("down")
  }
  const tiers = tiered({ near: { ...near, clear: down }, far: custom("text", "async") })
  await tiers.set("k", 1, hour)
  expect(tiers.peek?.("k")).toBe(1)
  await tiers.clear("")
  expect(tiers.peek?.("k")).toBeUndefined()
  expect(await tiers.get("k")).toBeUndefined()
})

test("a version that is deleted or cleared is known no more, and what comes after a clear is kept", async () => {
  const { tiers } = noted()
  for (const end of [() => tiers.delete("#h"), () => tiers.clear("")]) {
    await tiers.set("#h", "v", Infinity)
    await end()
    expect(await tiers.get("#h")).toBeUndefined()
  }
  await tiers.set("k", 1, hour)
  expect(tiers.peek?.("k")).toBe(1)
})

test("a clear that was presumed dead and ends after all leaves no copy of what it removes", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  const [cleared, found] = [gate(), gate()]
  const far: Adapter = {
    ...base,
    clear: async () => void (await cleared.promise),
    async get(key) {
      const record = await base.get(key)
      await found.promise
      return record
    },
  }
  await tiered({ near: memory(), far: base }).set("k", "old", hour)
  const tiers = tiered({ near: memory(), far })
  const clear = tiers.clear("")
  await clock.advance(10_000)
  const read = tiers.get("k")
  await clock.advance(1)
  await base.clear("")
  cleared.pass("")
  await clear
  found.pass("")
  expect(await read).toBe("old")
  expect(tiers.peek?.("k")).toBeUndefined()
})

test("a tier that is opened again is notified again, and has forgotten what it knew", async () => {
  const bus = memoryBus()
  const shelf: Shelf = new Map()
  const open = () => tiered({ near: memory(), far: custom("text", "async", shelf), bus })
  const [one, other] = [open(), open()]
  await one.set("k", "old", hour)
  await one.set("#h", "old", Infinity)
  await one.close?.()
  await other.set("k", "new", hour)
  await other.set("#h", "new", Infinity)
  await one.open?.()
  expect([await one.get("k"), await one.get("#h")]).toEqual(["new", "new"])
  await other.set("k", "newer", hour)
  expect(await one.get("k")).toBe("newer")
})

test("a key that another has written is kept again, and a delete that finds nothing is announced all the same", async () => {
  const bus = memoryBus()
  const shelf: Shelf = new Map()
  const open = () => tiered({ near: memory(), far: custom("text", "sync", shelf), bus })
  const [one, other] = [open(), open()]
  await other.set("k", 1, hour)
  expect(await one.get("k")).toBe(1)
  bus.publish({ isocache: 1, origin: "another", keys: ["k"], prefixes: [] })
  expect(await one.get("k")).toBe(1)
  shelf.clear()
  expect(await one.get("k")).toBe(1)
  expect(await other.delete("k")).toBe(false)
  await Promise.resolve()
  expect(await one.get("k")).toBeUndefined()
})
