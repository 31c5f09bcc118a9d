import { expect, test } from "vitest"
import { raise, settle, setup } from "../support/indexeddb-setup.ts"

test("a clock that is set back keeps nobody off the database", async () => {
  const { adapter, clock, faults } = setup()
  await adapter.set("stays", 1, Infinity)
  faults.transaction = () => raise("InvalidStateError")
  expect(await adapter.get("stays")).toBeUndefined()
  faults.transaction = () => undefined
  clock.jump(clock.now() - 86_400_000)
  await adapter.get("stays")
  await settle()
  expect(await adapter.get("stays")).toBe(1)
})

test("a clock that is set back makes no hanging database hang for longer", async () => {
  const { adapter, clock, faults } = setup()
  faults.open = () => "hang"
  const first = adapter.get("k")
  first instanceof Promise && first.catch(() => {})
  await settle()
  await clock.advance(3_000)
  await expect(first).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  faults.open = () => undefined
  clock.jump(clock.now() - 86_400_000)
  expect(await adapter.get("k")).toBeUndefined()
})
