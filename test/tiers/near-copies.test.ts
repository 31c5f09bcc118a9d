import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { tiered } from "../../src/tiers.ts"
import { custom } from "../support/adapters.ts"
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

test("a version is not asked for by who knows it: written here, read alone or among many", async () => {
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

test("who asks for a version that is being read among many waits for that", async () => {
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
  arrival.pass(undefined)
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
