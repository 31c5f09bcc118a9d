import { expect, onTestFinished, test, vi } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { keysOf, setup } from "../support/indexeddb-setup.ts"

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
