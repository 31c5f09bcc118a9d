import { expect, test } from "vitest"
import { raise, settle, setup, times } from "../support/indexeddb-setup.ts"

/** So many reads that they need ten transactions. */
const keys = Array.from({ length: 640 }, (_, i) => `k${i}`)

test("all callers that find the connection lost share one new one, even if the first attempt fails", async () => {
  const { adapter, faults, errors } = setup()
  await adapter.set("k1", 1, 600_000)
  faults.kill(faults.handles[0])
  await settle()
  let opened = 0
  const fault = times(1, () => raise("UnknownError"))
  faults.open = () => {
    opened++
    return fault()
  }
  const found = await Promise.all(keys.map((key) => adapter.get(key)))
  expect(found[1]).toBe(1)
  expect(opened).toBe(2)
  expect(faults.handles).toHaveLength(2)
  expect(errors()).toEqual([])
  await adapter.close?.()
  expect(() => faults.handles[1]?.transaction("entries")).toThrow(/closing|InvalidState/)
})

test("an opening that the browser aborts, as while it deletes a site's data, is asked for once more", async () => {
  const { adapter, faults, errors } = setup()
  faults.open = times(1, () => raise("AbortError"))
  await adapter.set("k1", 1, 600_000)
  faults.kill(faults.handles[0])
  faults.open = times(1, () => raise("AbortError"))
  expect(await adapter.get("k1")).toBe(1)
  expect(faults.handles).toHaveLength(2)
  expect(errors()).toEqual([])
})
