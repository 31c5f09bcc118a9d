import { runInNewContext } from "node:vm"
import { expect, onTestFinished, test, vi } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { keysOf, settle, setup } from "../support/indexeddb-setup.ts"

const hour = 3_600_000

/** Tabs on one database, each of which has counted what is there while that was next to nothing. */
async function tabs(count: number, options: Parameters<typeof indexeddb>[0]) {
  setup()
  const all = Array.from({ length: count }, () => indexeddb(options))
  onTestFinished(async () => {
    await Promise.all(all.map((tab) => tab.close?.()))
  })
  for (const tab of all) await tab.set("first", 1, hour)
  return all
}

test("maxEntries holds for the database, however many tabs write", async () => {
  const all = await tabs(4, { maxEntries: 100 })
  for (let i = 0; i < 90; i++) {
    for (const [n, tab] of all.entries()) await tab.set(`${n}:${i}`, i, hour)
  }
  const [tab] = all
  const count = tab ? (await keysOf(tab)).length : 0
  expect(count).toBeLessThanOrEqual(100 + 4 * 5)
  expect(count).toBeGreaterThan(90)
})

test("so does maxBytes", async () => {
  const all = await tabs(4, { maxBytes: 100_000 })
  for (let i = 0; i < 90; i++) {
    for (const [n, tab] of all.entries()) await tab.set(`${n}:${i}`, "v".repeat(1_000), hour)
  }
  const [tab] = all
  const count = tab ? (await keysOf(tab)).length : 0
  expect(count).toBeLessThanOrEqual(150)
  expect(count).toBeGreaterThan(80)
})

test("what others write is counted now and then, not with every write", async () => {
  const counted = vi.spyOn(IDBObjectStore.prototype, "count")
  const [tab] = await tabs(1, { maxEntries: 2_000 })
  for (let i = 0; i < 1_000; i++) await tab?.set(`k${i}`, i, hour)
  expect(counted.mock.calls.length).toBeLessThanOrEqual(40)
  expect(counted.mock.calls.length).toBeGreaterThan(5)
})

/** Has the next count of what is there never end: the write transaction after the next one. */
function hangSweep(faults: ReturnType<typeof setup>["faults"]) {
  let writes = 0
  faults.transaction = (mode) => (mode === "readwrite" && ++writes === 2 ? "hang" : undefined)
}

test("at the quota a count of what is there that never ends is given up in time", async () => {
  const { adapter, clock, faults } = setup()
  await adapter.set("k", 1, hour)
  await settle()
  faults.put = (key) => (key === "big" ? { abort: "QuotaExceededError" } : undefined)
  hangSweep(faults)
  const big = expect(adapter.set("big", 1, hour)).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  await settle()
  await clock.advance(60_000)
  await big
  expect(await adapter.get("k")).toBe(1)
})

test("after a count that never ended the bound is kept all the same", async () => {
  const { adapter, clock, faults } = setup({ maxEntries: 20 })
  for (let i = 0; i < 20; i++) await adapter.set(`k${i}`, i, hour)
  await settle()
  hangSweep(faults)
  await adapter.set("one more", 1, hour)
  await settle()
  await clock.advance(60_000)
  for (let i = 0; i < 20; i++) await adapter.set(`l${i}`, i, hour)
  await settle()
  expect((await keysOf(adapter)).length).toBeLessThanOrEqual(20)
})

test("prune counts where structured clone gives arrays of another realm, as in Jest", async () => {
  const ofAnother: (page: object) => object = runInNewContext(`(page) => {
    const foreign = (list) => (list.BYTES_PER_ELEMENT === 8 ? Float64Array : Uint32Array).from(list)
    const own = ([name, member]) => [name, typeof member === "object" ? foreign(member) : member]
    return Object.fromEntries(Object.entries(page).map(own))
  }`)
  const { structuredClone } = globalThis
  vi.stubGlobal("structuredClone", (value: unknown) => {
    const copy: unknown = structuredClone(value)
    return copy instanceof Object && "n" in copy ? ofAnother(copy) : copy
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  const { adapter, clock } = setup()
  for (const key of ["a", "b", "c"]) await adapter.set(key, 1, 10)
  await adapter.set("stays", 1, hour)
  await clock.advance(20)
  expect(await adapter.prune?.(Date.now())).toBe(3)
  expect(await keysOf(adapter)).toEqual(["stays"])
})
