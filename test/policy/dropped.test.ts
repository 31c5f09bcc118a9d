import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { AdapterEvent } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { laneOf } from "../../src/policy/lane.ts"
import { type Bus, memoryBus } from "../../src/tiers.ts"
import { fake, kinds } from "../support/fake.ts"
import { held } from "../support/garbage.ts"
import { settled, setup } from "../support/setup.ts"

test("caches that are dropped over one adapter are kept by nobody, and heard no more", async () => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  const listeners = new Set<(event: AdapterEvent) => void>()
  const adapter = {
    ...fake("memory").handle(),
    observe(listener: (event: AdapterEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  for (let i = 0; i < 100; i++) await new CacheWrapper({ adapter }).set("k", i)
  expect(listeners.size).toBe(100)
  for (let i = 0; i < 10 && listeners.size > 1; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
    for (const listener of listeners) listener({ type: "evict", key: "k" })
  }
  // The last one may be in a register yet.
  expect(listeners.size).toBeLessThan(5)
})

test("caches that are dropped over one adapter leave nobody there to hear it, though it reports nothing", async () => {
  let listening = 0
  const adapter = {
    ...fake("memory").handle(),
    observe() {
      listening++
      return () => void listening--
    },
  }
  const caches: WeakRef<object>[] = []
  for (let i = 0; i < 20; i++) {
    const cache = new CacheWrapper({ adapter })
    caches.push(new WeakRef(cache))
    await cache.set("k", i)
  }
  expect(listening).toBe(20)
  await held(caches)
  await expect.poll(() => listening).toBeLessThan(5)
})

test("caches that are dropped over one adapter take the tiers in front of it along", async () => {
  const adapter = memory()
  const tiers: WeakRef<object>[] = []
  for (let i = 0; i < 20; i++) {
    const near = memory()
    tiers.push(new WeakRef(near))
    await new CacheWrapper({ adapter, near }).set("k", i)
  }
  expect(await held(tiers)).toBeLessThan(5)
})

test("nor does the bus of the adapter keep them, or go on telling them", async () => {
  const heard = memoryBus()
  let listening = 0
  const subscribe: Bus["subscribe"] = (listener) => {
    const stop = heard.subscribe(listener)
    listening++
    return () => {
      stop()
      listening--
    }
  }
  const adapter = { ...memory(), bus: { ...heard, subscribe } }
  const tiers: WeakRef<object>[] = []
  for (let i = 0; i < 20; i++) {
    const near = memory()
    tiers.push(new WeakRef(near))
    await new CacheWrapper({ adapter, near }).set("k", i)
  }
  expect(listening).toBe(20)
  expect(await held(tiers)).toBeLessThan(5)
  await expect.poll(() => listening).toBeLessThan(5)
})

test.each(kinds)("of loads and writes that are over nothing is kept, on %s", async (kind) => {
  const { cache, clock } = await setup(kind)
  const { adapter } = cache
  const left = new AbortController()
  const all: Promise<unknown>[] = []
  for (let i = 0; i < 5; i++) {
    const key = `k${i}`
    all.push(cache.getOrSet(key, () => clock.after(10, i)))
    all.push(cache.getOrSet(key, () => clock.after(10, i), { fresh: true }))
    all.push(cache.getOrSet(`left ${key}`, () => clock.after(10, i), { signal: left.signal }))
    all.push(cache.set(`set ${key}`, i), cache.delete(key), cache.invalidateTags("t"))
  }
  const over = Promise.allSettled(all)
  await clock.advance(5)
  left.abort(new Error("gone"))
  await clock.advance(1000)
  await over
  await settled(clock)
  const { flights, writes, barrier } = laneOf(adapter)
  expect([flights.size, writes.size, barrier]).toEqual([0, 0, undefined])
})
