import { expect, onTestFinished, test, vi } from "vitest"
import { sizeOf } from "../../adapters/indexeddb/size.ts"
import { type IndexedDBOptions, indexeddb } from "../../adapters/indexeddb.ts"
import type { Adapter, AdapterEvent } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"
import { faultyIndexedDB } from "../support/indexeddb-faults.ts"

// As many tokens as entries: the real bound is too large to be met in a test.
vi.mock("../../src/adapter.ts", async (original) => ({
  ...(await original<object>()),
  maxTokensOf: (maxEntries: number) => maxEntries,
}))

const hour = 3_600_000

function setup(options: IndexedDBOptions = {}) {
  const clock = fakeClock()
  const faults = faultyIndexedDB()
  const open = (more: IndexedDBOptions = {}) => {
    const adapter = indexeddb({ ...options, ...more })
    adapter.observe?.((event) => events.push(event))
    onTestFinished(() => adapter.close?.())
    return adapter
  }
  const events: AdapterEvent[] = []
  const evicted = () => events.map((event) => event.type === "evict" && event.key)
  return { clock, faults, events, evicted, open, adapter: open() }
}

async function keysOf(adapter: Adapter, prefix = ""): Promise<string[]> {
  const keys: string[] = []
  for await (const key of adapter.keys?.(prefix) ?? []) keys.push(key)
  return keys
}

test.each([
  [{ path: "x" }, /no option "path".*name, maxEntries, maxBytes/],
  [{ name: 5 }, /name of indexeddb\(\) must be a text/],
  [{ maxEntries: 0 }, /maxEntries of indexeddb\(\) must be a whole number/],
  [{ maxEntries: "10" }, /maxEntries/],
  [{ maxBytes: Number.NaN }, /maxBytes/],
  ["isocache", /indexeddb\(\) must be an object.*name, maxEntries, maxBytes/],
])("options %j are refused, by name and with the known ones", (options, message) => {
  // What a caller without types may pass.
  const make = () => indexeddb(options as IndexedDBOptions)
  expect(make).toThrow(
    expect.objectContaining({ code: "ADAPTER_OPTIONS", message: expect.stringMatching(message) }),
  )
})

test("an explicit undefined is the default", () => {
  expect(() => indexeddb({ name: undefined, maxEntries: undefined, maxBytes: undefined })).not.toThrow()
})

test("what a caller may change is copied before the transaction begins, an entry of a cache only by the transaction", async () => {
  const { adapter } = setup()
  const cache = new CacheWrapper({ adapter })
  const given = { n: 1 }
  const written = [adapter.set("given", given, hour), cache.set("entry", given)]
  given.n = 2
  await Promise.all(written)
  expect([await adapter.get("given"), await cache.get("entry")]).toEqual([{ n: 1 }, { n: 1 }])

  const entry = await adapter.get("entry")
  const clone = vi.spyOn(globalThis, "structuredClone")
  const again = [adapter.set("entry", entry, hour), adapter.set("given", given, hour)]
  expect(clone.mock.calls).toEqual([[given]])
  await Promise.all(again)
})

test("making an adapter opens nothing", () => {
  const open = vi.spyOn(faultyIndexedDB(), "open")
  indexeddb()
  expect(open).not.toHaveBeenCalled()
})

test("what is asked in one turn goes into one transaction for reads and one for writes", async () => {
  const { adapter, faults } = setup()
  await adapter.set("first", 1, hour)
  await adapter.get("first")
  faults.transactions.length = 0
  await Promise.all([
    adapter.set("a", 1, hour),
    adapter.get("first"),
    adapter.delete("first"),
    Promise.resolve().then(() => adapter.set("b", 2, hour)),
    adapter.get("other"),
    adapter.add?.("c", 3, hour),
  ])
  expect(faults.transactions).toEqual(["readonly", "readwrite"])
})

test("what is asked while a write runs goes together into the next", async () => {
  const { adapter, faults } = setup()
  await adapter.set("first", 1, hour)
  await adapter.get("first")
  faults.transactions.length = 0
  const running = adapter.set("a", 1, hour)
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([running, adapter.set("b", 1, hour), adapter.set("c", 1, hour), adapter.get("b")])
  expect(faults.transactions).toEqual(["readwrite", "readwrite"])
})

test("in one turn a read sees the writes of its key that were asked before it, and no later ones", async () => {
  const { adapter } = setup()
  await adapter.set("k", "old", hour)
  const answers = await Promise.all([
    adapter.get("k"),
    adapter.set("k", "new", hour),
    adapter.get("k"),
    adapter.delete("k"),
    adapter.get("k"),
    adapter.add?.("k", "added", hour),
    adapter.add?.("k", "added twice", hour),
    adapter.get("k"),
    adapter.clear(""),
    adapter.get("k"),
    keysOf(adapter),
    adapter.set("k", "last", hour),
  ])
  const added = [true, false, "added"]
  expect(answers).toEqual([
    "old",
    undefined,
    "new",
    true,
    undefined,
    ...added,
    undefined,
    undefined,
    [],
    undefined,
  ])
  expect(await adapter.get("k")).toBe("last")
})

test("in one turn a listing sees the writes that were asked before it", async () => {
  const { adapter } = setup()
  const written = adapter.set("a", 1, hour)
  expect(await keysOf(adapter)).toEqual(["a"])
  await written
  const removed = adapter.delete("a")
  expect(await keysOf(adapter)).toEqual([])
  await removed
})

test("pruning takes nothing that is set in the same turn", async () => {
  const { adapter, clock } = setup()
  await adapter.set("k", "old", 1_000)
  await clock.advance(1_000)
  await Promise.all([adapter.prune?.(clock.now()), adapter.set("k", "new", hour)])
  expect(await adapter.get("k")).toBe("new")
})

test("changing a record after it was handed over, or after it was read, changes nothing", async () => {
  const { adapter } = setup()
  const record = { list: [1] }
  const done = adapter.set("k", record, hour)
  record.list.push(2)
  await done
  const read = await adapter.getMany?.(["k", "k"])
  expect(read).toEqual([{ list: [1] }, { list: [1] }])
  expect(read?.[0]).not.toBe(read?.[1])
})

test("a record that cannot be cloned rejects alone, and its text goes nowhere", async () => {
  const { adapter } = setup()
  const results = await Promise.allSettled([
    adapter.set("a", 1, hour),
    adapter.set("bad", { password: () => "hunter2" }, hour),
    adapter.set("worse", Symbol("hunter2"), hour),
    adapter.add?.("bad", () => "hunter2", hour),
    adapter.set("b", 2, hour),
  ])
  expect(results.map(({ status }) => status === "fulfilled")).toEqual([true, false, false, false, true])
  for (const result of results) {
    if (result.status === "fulfilled") continue
    expect(result.reason).toMatchObject({ code: "VALUE_UNSUPPORTED" })
    expect(result.reason.cause).toBeUndefined()
    expect(result.reason.message).not.toMatch(/hunter2|password/)
  }
  expect(await adapter.getMany?.(["a", "bad", "b"])).toEqual([1, undefined, 2])
})

test("past its life a record counts as absent, and can be read until prune drops it and nothing else", async () => {
  const { adapter, clock } = setup()
  await adapter.setMany?.([
    ["short", 1, 1_000],
    ["long", 2, 2_000],
    ["ever", 3, Infinity],
    ["at once", 4, 0],
  ])
  expect(await keysOf(adapter)).toEqual(["ever", "long", "short"])
  await clock.advance(999)
  expect(await adapter.get("short")).toBe(1)
  await clock.advance(1)
  expect(await adapter.get("short")).toBe(1)
  expect(await adapter.add?.("short", 5, 500)).toBe(true)
  await clock.advance(1_000)
  expect(await adapter.deleteMany?.(["short", "ever"])).toBe(1)
  expect(await adapter.prune?.(clock.now())).toBe(1)
  expect(await adapter.get("long")).toBeUndefined()
  expect(await keysOf(adapter)).toEqual([])
})

test("keys and prune go through more than one page", async () => {
  const { adapter, clock } = setup()
  const names = Array.from({ length: 1_300 }, (_, i) => `k${String(i).padStart(4, "0")}`)
  await adapter.setMany?.(names.map((name) => [name, name, 1_000]))
  expect(await keysOf(adapter, "k")).toEqual(names)
  expect(await keysOf(adapter, "k12")).toEqual(names.slice(1_200))
  await clock.advance(1_000)
  expect(await adapter.prune?.(clock.now())).toBe(1_300)
})

test("a prune looks at what may have ended, not at all there is", async () => {
  const { adapter, clock } = setup({ maxEntries: Infinity })
  const many = (prefix: string, ttl: number) =>
    Array.from({ length: 3_000 }, (_, i) => [`${prefix}${i}`, i, ttl] as const)
  await adapter.setMany?.(many("long", hour))
  await adapter.setMany?.([...many("short", 1_000), ["ever", 1, Infinity]])
  await adapter.setMany?.(many("mixed", 1_000).map(([key, i], at) => [key, i, at % 2 ? hour : 1_000]))
  await clock.advance(1_000)
  await adapter.set("short7", "written anew", hour)
  expect(await adapter.prune?.(clock.now())).toBe(2_999 + 1_500)
  expect(await adapter.getMany?.(["short6", "short7", "mixed0", "mixed1"])).toEqual([
    undefined,
    "written anew",
    undefined,
    1,
  ])

  const spies = (["getAll", "getAllKeys", "get"] as const).map((read) =>
    vi.spyOn(IDBObjectStore.prototype, read),
  )
  for (const spy of spies) spy.mockClear()
  expect(await adapter.prune?.(clock.now())).toBe(0)
  const answers = spies.flatMap(({ mock }) => mock.results.map(({ value }) => value.result))
  expect(answers).toEqual([[]])
  await clock.advance(hour)
  expect(await adapter.prune?.(clock.now())).toBe(3_000 + 1 + 1_500)
  expect(await keysOf(adapter)).toEqual(["ever"])
  // It has not lost the line of what lives on.
  expect(await inStore((store) => store.getAllKeys(IDBKeyRange.lowerBound([])))).toHaveLength(1)
})

test("a use that is listed before the write it follows, by the order of pages, loses nothing", async () => {
  const { adapter, clock, evicted } = setup({ maxEntries: 10 })
  await adapter.setMany?.(Array.from({ length: 10 }, (_, i) => [`k${i}`, i, 2 * hour]))
  await clock.advance(120_000)
  await adapter.get("k0")
  // Its page ends before the one of what was read.
  await adapter.set("short", 1, 1_000)
  expect(await keysOf(adapter)).not.toContain("k1")
  await clock.advance(1_000)
  await adapter.set("k10", 10, hour)
  await adapter.set("k11", 11, hour)
  await keysOf(adapter)
  expect(evicted()).toEqual(["k1", "k2"])
  await clock.advance(2 * hour)
  expect(await adapter.prune?.(clock.now())).toBe(10)
})

test("a prefix ends where its last code unit does", async () => {
  const { adapter } = setup()
  const names = [
    "",
    "a",
    "a\uffff",
    "a\uffff\uffff",
    "a\uffffb",
    "b",
    "\uffff",
    "\uffff\uffff",
    "\ud800",
    "\ud83d\ude00",
  ]
  await adapter.setMany?.(names.map((name) => [name, name, hour]))
  for (const prefix of ["", "a", "a\uffff", "\uffff", "\ud83d", "\ud800", "c"]) {
    const expected = names.filter((name) => name.startsWith(prefix)).sort()
    expect((await keysOf(adapter, prefix)).sort()).toEqual(expected)
  }
  await adapter.clear("a\uffff")
  expect(await keysOf(adapter)).toHaveLength(names.length - 3)
})

test("junk in the store is no record, and disturbs nothing", async () => {
  const { adapter } = setup()
  await adapter.set("k", 1, hour)
  await inStore((store) => {
    for (const [i, junk] of [null, 5, "text", [], { w: 1 }, new Date(Number.NaN)].entries())
      store.put(junk, `junk${i}`)
    store.put({ v: 2, e: "soon" }, "odd")
    store.put({ k: ["k"], a: "none" }, [1, 2])
    store.put(7, [1, 3])
    return store.put("theirs", 42)
  })
  expect(await adapter.getMany?.(["junk0", "junk1", "junk2", "junk3", "junk4", "junk5", "odd"])).toEqual([
    ...Array(6).fill(undefined),
    2,
  ])
  await adapter.set("l", 2, hour)
  expect((await keysOf(adapter)).filter((key) => !key.startsWith("junk"))).toEqual(["k", "l", "odd"])
})

test("above maxEntries the least recently used are evicted, and reported", async () => {
  const { adapter, evicted } = setup({ maxEntries: 3 })
  for (const key of ["a", "b", "c"]) await adapter.set(key, key, hour)
  await adapter.get("a")
  await adapter.set("d", "d", hour)
  expect(await keysOf(adapter)).toEqual(["a", "c", "d"])
  await adapter.set("c", "again", hour)
  await adapter.set("e", "e", hour)
  expect(await keysOf(adapter)).toEqual(["c", "d", "e"])
  expect(evicted()).toEqual(["b", "a"])
})

test("overwriting counts once", async () => {
  const { adapter, events } = setup({ maxEntries: 2 })
  await adapter.set("a", 1, hour)
  for (let i = 0; i < 10; i++) await adapter.set("b", i, hour)
  expect(await adapter.get("a")).toBe(1)
  expect(events).toEqual([])
})

test("what is past its life goes before what is alive", async () => {
  const { adapter, clock, events } = setup({ maxEntries: 2 })
  await adapter.set("old", 1, hour)
  await adapter.set("short", 1, 1_000)
  await clock.advance(1_000)
  await adapter.set("new", 1, hour)
  expect(await keysOf(adapter)).toEqual(["new", "old"])
  expect(events).toEqual([])
})

test("the order of use survives the page, and holds across two handles", async () => {
  const { adapter, open, clock } = setup({ maxEntries: 3 })
  await adapter.setMany?.(["a", "b", "c"].map((key) => [key, key, hour]))
  await adapter.close?.()
  const second = open()
  await second.get("a")
  await clock.advance(60_000)
  await second.get("a")
  await second.set("b", "again", hour)
  await second.close?.()
  const third = open()
  await third.set("d", "d", hour)
  expect(await keysOf(third)).toEqual(["a", "b", "d"])
})

test("version tokens count apart and are not pushed out by entries", async () => {
  const { adapter, evicted } = setup({ maxEntries: 2 })
  await adapter.set("#t1", "1", Infinity)
  await adapter.set("#t2", "2", Infinity)
  for (const key of ["a", "b", "c"]) await adapter.set(key, key, hour)
  expect(await keysOf(adapter)).toEqual(["#t1", "#t2", "b", "c"])
  await adapter.add?.("#t3", "3", Infinity)
  expect(await keysOf(adapter)).toEqual(["#t2", "#t3", "b", "c"])
  expect(evicted()).toEqual(["a"])
})

test("above maxBytes the least recently used go, and what alone is larger is not kept", async () => {
  const { adapter, evicted } = setup({ maxBytes: 5_000 })
  for (const key of ["a", "b", "c", "d", "e", "f"]) await adapter.set(key, key.repeat(1_000), hour)
  expect(await keysOf(adapter)).toEqual(["c", "d", "e", "f"])
  await adapter.set("d", new Uint8Array(6_000), hour)
  expect(await keysOf(adapter)).toEqual(["c", "e", "f"])
  expect(evicted()).toEqual(["a", "b", "d"])
})

test("what many short visits wrote is counted on the next", async () => {
  const { adapter, open } = setup({ maxEntries: Infinity })
  await adapter.setMany?.(Array.from({ length: 20 }, (_, i) => [`k${i}`, i, hour]))
  await adapter.close?.()
  const bounded = open({ maxEntries: 10 })
  await bounded.set("k20", 20, hour)
  expect(await keysOf(bounded)).toHaveLength(10)
  expect(await bounded.get("k0")).toBeUndefined()
})

test("the ledger does not grow without end", async () => {
  const { adapter, clock } = setup()
  for (let i = 0; i < 20; i++) {
    await adapter.setMany?.(Array.from({ length: 400 }, (_, n) => [`k${n}`, i, hour]))
    await clock.advance(1)
  }
  const pages = await inStore((store) => store.getAll(IDBKeyRange.lowerBound([])))
  const lines = pages.reduce((sum: number, page: { n: Uint32Array }) => sum + page.n.length, 0)
  expect(lines).toBeLessThan(6_000)
  expect(lines).toBeGreaterThanOrEqual(400)
})

test("a copy of the adapter is another handle on the same storage", async () => {
  const { adapter } = setup()
  const copy = { ...adapter }
  await copy.set("k", 1, hour)
  expect(await adapter.get("k")).toBe(1)
})

test("close waits for what was asked, and a closed adapter opens again", async () => {
  const { adapter, faults } = setup()
  const done = adapter.set("k", 1, hour)
  await adapter.close?.()
  await done
  expect(faults.handles).toHaveLength(1)
  expect(await adapter.get("k")).toBe(1)
  expect(faults.handles).toHaveLength(2)
})

test("a listener that throws disturbs nobody", async () => {
  const { adapter, evicted } = setup({ maxEntries: 1 })
  adapter.observe?.(() => {
    throw new Error("listener")
  })
  await adapter.set("a", 1, hour)
  await adapter.set("b", 1, hour)
  expect(await keysOf(adapter)).toEqual(["b"])
  expect(evicted()).toEqual(["a"])
})

test("where there are no Web Locks there is no lock", () => {
  vi.stubGlobal("navigator", {})
  onTestFinished(() => void vi.unstubAllGlobals())
  expect("lock" in indexeddb()).toBe(false)
  expect("lock" in { ...indexeddb() }).toBe(false)
})

test("a lease excludes others until it is released or its time is over", async () => {
  const { adapter, open, clock } = setup()
  const other = open()
  const long = "k".repeat(5_000)
  for (const key of ["k", long, "\ud800"]) {
    const lease = await adapter.lock?.(key, 1_000)
    expect(lease).toBeDefined()
    expect(await other.lock?.(key, 1_000)).toBeUndefined()
    await lease?.release()
    const second = await other.lock?.(key, 1_000)
    expect(second).toBeDefined()
    await lease?.release()
    expect(await adapter.lock?.(key, 1_000)).toBeUndefined()
    await clock.advance(1_000)
    const third = await adapter.lock?.(key, 1_000)
    expect(third).toBeDefined()
    await third?.release()
  }
  const elsewhere = open({ name: "other" })
  const here = await adapter.lock?.("k", 1_000)
  const there = await elsewhere.lock?.("k", 1_000)
  expect(there).toBeDefined()
  await Promise.all([here?.release(), there?.release()])
})

test.each<[unknown, number, number]>([
  ["x".repeat(1_000), 1_000, 1_000],
  [new Uint8Array(500), 500, 500],
  [new ArrayBuffer(500), 500, 500],
  [{ name: "x".repeat(100), at: new Date(0) }, 100, 200],
  [Array.from({ length: 10_000 }, () => "x".repeat(10)), 90_000, 110_000],
  [new Map([["k", "x".repeat(100)]]), 100, 200],
  [new Set(["x".repeat(100)]), 100, 200],
  [
    Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`key${i}`, "x".repeat(100)])),
    90_000,
    120_000,
  ],
  [null, 1, 16],
])("the size of a value is estimated from what it holds (%#)", (value, least, most) => {
  expect(sizeOf(value)).toBeGreaterThanOrEqual(least)
  expect(sizeOf(value)).toBeLessThanOrEqual(most)
})

test("a cyclic value has a size too", () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  expect(sizeOf(cycle)).toBeLessThan(1_000)
})

test("what is met again costs no time and no bytes", () => {
  const knot: Record<string, unknown> = {}
  for (const name of "abcdef") knot[name] = knot
  expect(sizeOf(knot)).toBeLessThan(1_000)
  const parent: Record<string, unknown> = { name: "parent" }
  parent.children = Array.from({ length: 64 }, (_, i) => ({ name: `child ${i}`, parent }))
  expect(sizeOf(parent)).toBeLessThan(10_000)
  const text = { text: "x".repeat(1_000) }
  expect(sizeOf([text, new Map([[text, text]])])).toBeLessThan(2_000)
})

/** Does `work` behind the adapter's back. */
async function inStore<T>(work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("isocache")
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const transaction = db.transaction("entries", "readwrite")
  const request = work(transaction.objectStore("entries"))
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve
    transaction.onabort = reject
  })
  db.close()
  return request.result
}
