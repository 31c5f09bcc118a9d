import { expect, test } from "vitest"
import { keysOf, raise, settle, setup } from "../support/indexeddb-setup.ts"

const unavailable = { name: "CacheError", code: "ADAPTER_UNAVAILABLE" }

test("a database lost twice is replaced by memory, with one event, and tried again 30 s later", async () => {
  const { adapter, clock, faults, errors } = setup()
  await adapter.set("stays", 1, 600_000)
  await adapter.set("goes", 1, 600_000)
  await adapter.set("p:1", 1, 600_000)
  faults.open = () => raise("UnknownError")
  faults.transaction = () => raise("InvalidStateError")

  const record = { n: 1 }
  await adapter.set("new", record, 600_000)
  record.n = 2
  expect(errors()).toMatchObject([{ error: unavailable }])
  expect(await adapter.get("new")).toEqual({ n: 1 })
  expect(await adapter.get("stays")).toBeUndefined()
  expect(await adapter.add?.("new", 3, 1_000)).toBe(false)
  expect(await adapter.delete("goes")).toBe(false)
  await adapter.clear("p:")
  expect(await keysOf(adapter)).toEqual(["new"])
  expect(await adapter.prune?.(Date.now())).toBe(0)
  expect(errors()).toHaveLength(1)

  await clock.advance(30_000)
  expect(await adapter.get("new")).toEqual({ n: 1 })
  await settle()
  expect(errors()).toHaveLength(1)

  faults.open = () => undefined
  faults.transaction = () => undefined
  await clock.advance(30_000)
  await adapter.get("new")
  await settle()
  expect(await keysOf(adapter)).toEqual(["stays"])
  expect(await adapter.get("stays")).toBe(1)
  expect(errors()).toHaveLength(1)
})

test("the memory that stands in for a database lists what is under a prefix, each key once, in order", async () => {
  const { adapter, faults } = setup()
  await adapter.set("lost", 1, 600_000)
  faults.transaction = () => raise("InvalidStateError")
  const keys = Array.from({ length: 600 }, (_, at) => `p:${String(at).padStart(3, "0")}`)
  await adapter.setMany?.([...keys.toReversed(), "o", "q:1"].map((key) => [key, 1, 600_000]))
  expect(await keysOf(adapter, "p:")).toEqual(keys)
  expect(await keysOf(adapter, "q:")).toEqual(["q:1"])
  expect(await keysOf(adapter)).toEqual(["o", ...keys, "q:1"])
})

test("an entry set and lost in memory does not come back from the database", async () => {
  const { adapter, clock, faults } = setup()
  await adapter.set("k0", "old", 600_000)
  faults.transaction = () => raise("InvalidStateError")
  for (let i = 0; i <= 1_000; i++) await adapter.set(`k${i}`, "new", 600_000)
  expect(await adapter.get("k0")).toBeUndefined()
  faults.transaction = () => undefined
  await clock.advance(30_000)
  await adapter.get("k0")
  await settle()
  await settle()
  expect(await keysOf(adapter)).toEqual([])
})

test("marks without end are none: the database is cleared instead", async () => {
  const { adapter, clock, faults } = setup()
  await adapter.setMany?.(["a", "b", "p:1"].map((key) => [key, "old", 600_000]))
  faults.transaction = () => raise("InvalidStateError")
  await adapter.delete("a")
  for (let i = 0; i < 10_000; i++) adapter.clear(`${i}:`)
  await adapter.clear("p:")
  faults.transaction = () => undefined
  await clock.advance(30_000)
  await adapter.get("a")
  await settle()
  expect(await keysOf(adapter)).toEqual([])
})

/** Writes `k` and `#token` while the database is away, and then lets it come back. */
async function afterOutage({ adapter, clock, faults }: ReturnType<typeof setup>, comeBack: () => void) {
  await adapter.setMany?.(["k", "beside", "#token", "#made"].map((key) => [key, "old", Infinity]))
  faults.transaction = () => raise("InvalidStateError")
  await adapter.set("k", "new", 600_000)
  await adapter.set("#token", "new", Infinity)
  await adapter.add?.("#made", "new", Infinity)
  expect(await adapter.getMany?.(["k", "beside", "#token", "#made"])).toEqual([
    "new",
    undefined,
    "new",
    "new",
  ])
  faults.transaction = () => undefined
  comeBack()
  await clock.advance(30_000)
  await adapter.get("k")
  await settle()
  faults.put = faults.get = () => undefined
}

test("what was written in the meantime is gone everywhere, and a renewed token has changed once more", async () => {
  const all = setup()
  await afterOutage(all, () => {})
  expect(await keysOf(all.adapter)).toEqual(["#made", "#token", "beside"])
  expect(await all.adapter.get("#made")).toBe("old")
  expect(["old", "new", undefined]).not.toContain(await all.adapter.get("#token"))
})

test.each(["DataError", "UnknownError", "QuotaExceededError"])(
  "a database that refuses (%s) what it missed is cleared, for an older value must not come back",
  async (name) => {
    const all = setup()
    await afterOutage(all, () => {
      all.faults.put = (key) => (key === "#token" ? { request: name } : undefined)
    })
    expect(await keysOf(all.adapter)).toEqual([])
    await all.adapter.set("k", 1, 600_000)
    expect(await all.adapter.get("k")).toBe(1)
    expect(all.errors()).toHaveLength(1)
  },
)

test.each(["request", "abort"])(
  "a full database makes room when it comes back (%s), and gets all it missed",
  async (what) => {
    const all = setup()
    const { adapter, faults, errors, events } = all
    for (let i = 0; i < 20; i++) await adapter.set(`k${i}`, i, 600_000)
    await afterOutage(all, () => {
      const evicted = () => events.some(({ type }) => type === "evict")
      const full = what === "abort" ? { abort: "QuotaExceededError" } : { request: "QuotaExceededError" }
      faults.put = (key) => (key === "#token" && !evicted() ? full : undefined)
    })
    expect(await adapter.getMany?.(["k", "k0", "k19", "#made"])).toEqual([undefined, undefined, 19, "old"])
    expect(await adapter.get("#token")).not.toBe("old")
    expect(errors()).toHaveLength(1)
  },
)

test("while a database cannot even be cleared, memory stands in", async () => {
  const all = setup()
  const { adapter, clock, faults, errors } = all
  await afterOutage(all, () => {
    faults.put = () => ({ request: "DataError" })
    const transactions = faults.transactions.length
    faults.transaction = () => (faults.transactions.length - transactions >= 2 ? "UnknownError" : undefined)
  })
  expect(await adapter.get("k")).toBe("new")
  faults.transaction = () => undefined
  await clock.advance(30_000)
  await adapter.get("k")
  await settle()
  expect(await keysOf(adapter)).toEqual(["#made", "#token", "beside"])
  expect(errors()).toHaveLength(1)
})
