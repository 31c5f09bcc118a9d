import { expect, test, vi } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { keysOf, raise, settle, setup } from "../support/indexeddb-setup.ts"

const unavailable = { name: "CacheError", code: "ADAPTER_UNAVAILABLE" }

test("a database lost twice is replaced by memory, with one event, and gets what it missed 30 s later", async () => {
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
  expect(await keysOf(adapter)).toEqual(["new", "stays"])
  expect(await adapter.get("stays")).toBe(1)
  expect(errors()).toHaveLength(1)
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
  expect(await adapter.get("k0")).toBeUndefined()
  expect(await adapter.get("k1000")).toBe("new")
})

/** Writes `k` while the database is away, and then lets it come back. */
async function afterOutage({ adapter, clock, faults }: ReturnType<typeof setup>, comeBack: () => void) {
  faults.transaction = () => raise("InvalidStateError")
  await adapter.set("k", "new", 600_000)
  await adapter.set("beside", "new", 600_000)
  expect(await adapter.get("k")).toBe("new")
  faults.transaction = () => undefined
  comeBack()
  await clock.advance(30_000)
  await adapter.get("k")
  await settle()
}

test.each(["DataError", "UnknownError", "QuotaExceededError"])(
  "what the database refuses (%s) when it comes back is gone, with one event, and no older value takes its place",
  async (name) => {
    const all = setup()
    const { adapter, faults, errors } = all
    await adapter.set("k", "old", 600_000)
    await afterOutage(all, () => {
      faults.put = (key) => (key === "k" ? { request: name } : undefined)
    })
    faults.put = () => undefined
    expect(await adapter.get("k")).toBeUndefined()
    expect(await adapter.get("beside")).toBe("new")
    expect(await keysOf(adapter)).toEqual(["beside"])
    expect(errors()).toMatchObject([{ error: unavailable }, { key: "k", error: unavailable }])
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
      faults.put = (key) => (key === "k" && !evicted() ? full : undefined)
    })
    expect(await adapter.getMany?.(["k", "beside", "k0"])).toEqual(["new", "new", undefined])
    expect(errors()).toHaveLength(1)
  },
)

test("of what a full database misses when it comes back only what has no room is gone", async () => {
  const all = setup()
  const { adapter, faults, errors } = all
  await adapter.set("k", "old", 600_000)
  await adapter.set("beside", "old", 600_000)
  await afterOutage(all, () => {
    faults.put = (key) => (key === "k" ? { abort: "QuotaExceededError" } : undefined)
  })
  expect(await adapter.getMany?.(["k", "beside"])).toEqual([undefined, "new"])
  expect(errors()).toMatchObject([{ error: unavailable }, { key: "k", error: unavailable }])
})

test("while what it refused cannot be removed either, memory stands in", async () => {
  const all = setup()
  const { adapter, clock, faults, errors } = all
  await adapter.set("k", "old", 600_000)
  await afterOutage(all, () => {
    faults.put = (key) => (key === "k" ? { request: "DataError" } : undefined)
    faults.get = (key) => (key === "k" ? { request: "DataError" } : undefined)
  })
  expect(await adapter.get("k")).toBe("new")
  faults.put = faults.get = () => undefined
  await clock.advance(30_000)
  await adapter.get("k")
  await settle()
  expect(await adapter.get("k")).toBe("new")
  expect(errors()).toHaveLength(1)
})

test("in a browser the others are told when the database has what it missed", async () => {
  asBrowser()
  const all = setup({ name: "told" })
  const other = indexeddb({ name: "another" })
  const heard: unknown[] = []
  all.adapter.bus?.subscribe((message) => heard.push(message))
  other.bus?.subscribe((message) => heard.push(message))
  await all.adapter.open?.()
  await afterOutage(all, () => {})
  vi.unstubAllGlobals()
  expect(heard).toMatchObject([{ isocache: 1, keys: [], prefixes: [""] }])
})

/** What this realm has of a page. */
function asBrowser(): void {
  const events = new EventTarget()
  vi.stubGlobal("document", { createElement() {} })
  vi.stubGlobal("addEventListener", events.addEventListener.bind(events))
  vi.stubGlobal("removeEventListener", events.removeEventListener.bind(events))
  vi.stubGlobal("process", undefined)
}
