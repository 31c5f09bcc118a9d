import { expect, test, vi } from "vitest"
import { keysOf, raise, settle, setup, times } from "../support/indexeddb-setup.ts"

const unavailable = { name: "CacheError", code: "ADAPTER_UNAVAILABLE" }

test("without IndexedDB every call rejects with the cure", async () => {
  const { adapter } = setup()
  Reflect.deleteProperty(globalThis, "indexedDB")
  Reflect.set(globalThis, "indexedDB", undefined)
  for (const call of [adapter.open?.(), adapter.get("k"), adapter.set("k", 1, 1_000), adapter.clear("")]) {
    await expect(call).rejects.toMatchObject(unavailable)
    await expect(call).rejects.toThrow(/no IndexedDB.*"memory"/s)
  }
})

test.each([
  ["SecurityError", /may not use storage.*allow-same-origin/],
  ["InvalidStateError", /private window/],
  ["QuotaExceededError", /no room/],
])(
  "a database that never opened for %s rejects with the cure, and memory does not stand in",
  async (name, cure) => {
    const { adapter, faults, errors } = setup()
    faults.open = () => raise(name)
    for (const call of [adapter.open?.(), adapter.set("k", 1, 1_000), adapter.get("k")]) {
      await expect(call).rejects.toMatchObject({ ...unavailable, cause: { name } })
      await expect(call).rejects.toThrow(cure)
    }
    expect(errors()).toEqual([])
    faults.open = () => undefined
    await adapter.set("k", 2, 1_000)
    expect(await adapter.get("k")).toBe(2)
  },
)

test("a database of a newer version is left alone", async () => {
  const { adapter } = setup()
  await upgrade("isocache", 2)
  await expect(adapter.open?.()).rejects.toThrow(/newer version.*`name`/)
})

test("a database that holds something else is left alone", async () => {
  const { adapter } = setup({ name: "taken" })
  const db = await upgrade("taken", 1)
  await expect(adapter.get("k")).rejects.toThrow(/holds no cache.*`name`/)
  expect([...db.objectStoreNames]).toEqual(["theirs"])
})

test("an empty database is told of as what it is, with the cure", async () => {
  const { adapter } = setup({ name: "bare" })
  const db = await upgrade("bare", 1, () => {})
  await expect(adapter.open?.()).rejects.toMatchObject(unavailable)
  await expect(adapter.open?.()).rejects.toThrow(/"bare".*it holds no cache\. Delete it/)
  db.close()
  await new Promise((resolve) => Object.assign(indexedDB.deleteDatabase("bare"), { onsuccess: resolve }))
  await adapter.set("k", 1, 1_000)
  expect(await adapter.get("k")).toBe(1)
})

test("a database whose entries have their keys within is another library's, and left alone", async () => {
  const { adapter } = setup({ name: "journal" })
  const db = await upgrade("journal", 1, (fresh) =>
    fresh.createObjectStore("entries", { keyPath: "id" }).put({ id: "1", text: "theirs" }),
  )
  const refusal = /holds no cache.*`name`/
  await expect(adapter.open?.()).rejects.toThrow(refusal)
  await expect(adapter.set("k", 1, 1_000)).rejects.toThrow(refusal)
  await expect(adapter.clear("")).rejects.toThrow(refusal)
  const count = db.transaction("entries").objectStore("entries").count()
  await vi.waitFor(() => expect(count.result).toBe(1))
})

test("an open that hangs is given up after 3 s, then at once for 30 s, and its late handle is closed", async () => {
  const { adapter, clock, faults } = setup()
  let opened = 0
  faults.open = () => {
    opened++
    return "hang"
  }
  const first = adapter.get("k")
  first instanceof Promise && first.catch(() => {})
  await settle()
  await clock.advance(2_999)
  await settle()
  await clock.advance(1)
  await expect(first).rejects.toThrow(/took too long/)
  await expect(adapter.get("k")).rejects.toMatchObject(unavailable)
  expect(opened).toBe(1)

  faults.release()
  await settle()
  expect(() => faults.handles[0]?.transaction("entries")).toThrow(/closing|InvalidState/)

  faults.open = () => undefined
  await clock.advance(30_000)
  expect(await adapter.get("k")).toBeUndefined()
})

test("a connection that died is opened again, and what was asked is done", async () => {
  const { adapter, faults, errors } = setup()
  await adapter.set("k", 1, 60_000)
  faults.transaction = times(1, () => raise("InvalidStateError"))
  expect(await adapter.get("k")).toBe(1)
  faults.transaction = times(1, () => raise("InvalidStateError"))
  await Promise.all([adapter.set("k", 2, 60_000), adapter.set("l", 2, 60_000)])
  expect(await adapter.get("k")).toBe(2)
  expect(faults.handles).toHaveLength(3)
  expect(errors()).toEqual([])
})

test.each(["", "UnknownError", "AbortError"])(
  "a transaction that aborts with %j is repeated",
  async (name) => {
    const { adapter, faults, errors } = setup()
    await adapter.open?.()
    faults.transaction = times(1, () => name)
    await Promise.all([
      adapter.set("a", 1, 60_000),
      adapter.add?.("b", 1, 60_000),
      adapter.set("c", 1, 60_000),
    ])
    faults.transaction = times(1, () => name)
    expect(await adapter.getMany?.(["a", "b", "c"])).toEqual([1, 1, 1])
    expect(errors()).toEqual([])
  },
)

test("a write of the next turn never overtakes one that is repeated", async () => {
  const { adapter, faults } = setup()
  await adapter.open?.()
  faults.transaction = times(1, () => "UnknownError")
  const first = adapter.set("k", "first", 60_000)
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([first, adapter.set("k", "second", 60_000)])
  expect(await adapter.get("k")).toBe("second")
})

test("a handle closed by force is noticed", async () => {
  const { adapter, faults, errors } = setup()
  await adapter.set("k", 1, 60_000)
  faults.kill(faults.handles[0])
  expect(await adapter.get("k")).toBe(1)
  expect(errors()).toEqual([])
})

test("one bad request fails its own operation and none beside it", async () => {
  const { adapter, faults, errors } = setup()
  faults.put = (key) => (key === "bad" ? { request: "DataError" } : undefined)
  const results = await Promise.allSettled(["a", "bad", "c"].map((key) => adapter.set(key, key, 60_000)))
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
  faults.get = (key) => (key === "c" ? { request: "NotReadableError" } : undefined)
  const reads = await Promise.allSettled(["a", "bad", "c"].map((key) => adapter.get(key)))
  expect(reads.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"])
  expect(await adapter.get("a")).toBe("a")
  expect(errors()).toEqual([])
})

test("a request that fails as if the connection were lost is repeated once, and then fails alone", async () => {
  const { adapter, faults, errors } = setup()
  faults.put = (key) => (key === "bad" ? { request: "UnknownError" } : undefined)
  const results = await Promise.allSettled(["a", "bad"].map((key) => adapter.set(key, key, 60_000)))
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
  expect(await adapter.get("a")).toBe("a")
  expect(errors()).toEqual([])
})

test("a transaction that never ends is given up after 20 s", async () => {
  const { adapter, clock, faults, errors } = setup()
  await adapter.open?.()
  faults.transaction = times(1, () => "hang")
  const done = adapter.set("k", 1, 600_000)
  await settle()
  await clock.advance(20_000)
  await done
  expect(await adapter.get("k")).toBe(1)
  expect(errors()).toEqual([])
})

test.each(["readwrite", "readonly"])(
  "a %s transaction that the browser forgot with the database it took is given up at once",
  async (mode) => {
    const { adapter, clock, faults, errors } = setup()
    await adapter.set("k", 1, 600_000)
    faults.transaction = times(1, () => "hang")
    let isDone = false
    const asked = mode === "readonly" ? adapter.get("k") : adapter.set("k", 2, 600_000)
    const done = Promise.resolve(asked).then(() => {
      isDone = true
    })
    await settle()
    faults.take(faults.handles[0])
    await settle()
    const wasDone = isDone
    await clock.advance(20_000)
    await done
    expect(wasDone).toBe(true)
    expect(await adapter.get("k")).toBe(mode === "readonly" ? 1 : 2)
    expect(faults.handles).toHaveLength(2)
    expect(errors()).toEqual([])
  },
)

test("a clear has longer: a million entries take an engine more than 20 s", async () => {
  const { adapter, clock, faults } = setup()
  await adapter.set("k", 1, 600_000)
  faults.transaction = times(1, () => "hang")
  let cleared = false
  const done = Promise.resolve(adapter.clear("")).then(() => {
    cleared = true
  })
  await settle()
  await clock.advance(59_999)
  await settle()
  expect(cleared).toBe(false)
  await clock.advance(1)
  await done
  expect(await adapter.get("k")).toBeUndefined()
})

test("a prune drops what is past its life though nothing can be written any more", async () => {
  const { adapter, clock, faults } = setup()
  await adapter.setMany?.([
    ["short", 1, 1_000],
    ["long", 2, 2_000],
    ["ever", 3, Infinity],
  ])
  await clock.advance(1_000)
  faults.put = () => ({ request: "QuotaExceededError" })
  expect(await adapter.prune?.(clock.now())).toBe(1)
  await clock.advance(1_000)
  expect(await adapter.prune?.(clock.now())).toBe(1)
  expect(await adapter.getMany?.(["short", "long", "ever"])).toEqual([undefined, undefined, 3])
})

test("at the quota what has expired and the least recently used tenth make room", async () => {
  const { adapter, clock, faults, events } = setup()
  await adapter.set("expired", 1, 1_000)
  for (let i = 0; i < 20; i++) await adapter.set(`k${i}`, i, 600_000)
  await adapter.get("k0")
  await clock.advance(1_000)
  faults.put = times(1, () => ({ abort: "QuotaExceededError" }))
  await adapter.set("new", 1, 600_000)
  expect(await adapter.get("new")).toBe(1)
  expect(await keysOf(adapter)).toHaveLength(19)
  expect(events).toEqual([
    { type: "evict", key: "k1" },
    { type: "evict", key: "k2" },
  ])
})

test("what does not fit even then rejects, alone, with one event", async () => {
  const { adapter, faults, errors } = setup()
  await adapter.set("k", 1, 600_000)
  faults.put = (key) => (key === "big" ? { abort: "QuotaExceededError" } : undefined)
  const names = ["a", "b", "big", "c", "d"]
  const results = await Promise.allSettled(names.map((key) => adapter.set(key, key, 600_000)))
  expect(results.map(({ status }) => status === "fulfilled")).toEqual([true, true, false, true, true])
  expect(results[2]).toMatchObject({
    reason: { ...unavailable, key: "big", cause: { name: "QuotaExceededError" } },
  })
  expect(await adapter.getMany?.(names)).toEqual(["a", "b", undefined, "c", "d"])
  expect(errors()).toMatchObject([{ error: unavailable }])
})

test("another tab may delete the database while it is open here", async () => {
  const { adapter, errors } = setup()
  await adapter.set("k", 1, 600_000)
  const blocked = await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("isocache")
    request.onblocked = () => resolve(true)
    request.onsuccess = () => resolve(false)
    request.onerror = () => reject(request.error)
  })
  expect(blocked).toBe(false)
  expect(await adapter.get("k")).toBeUndefined()
  await adapter.set("k", 2, 600_000)
  expect(await adapter.get("k")).toBe(2)
  expect(errors()).toEqual([])
})

test("another tab may upgrade the database while it is open here: memory stands in", async () => {
  const { adapter, errors } = setup()
  await adapter.set("k", 1, 600_000)
  await upgrade("isocache", 2)
  await adapter.set("k", 2, 600_000)
  expect(await adapter.get("k")).toBe(2)
  expect(errors()).toMatchObject([{ error: unavailable }])
})

test("an open that waits for another tab to close is given up in time", async () => {
  const { adapter, clock } = setup()
  const theirs = await upgrade("isocache", 1)
  indexedDB.deleteDatabase("isocache")
  const open = adapter.open?.()
  open instanceof Promise && open.catch(() => {})
  await settle()
  await clock.advance(3_000)
  await expect(open).rejects.toMatchObject(unavailable)
  theirs.close()
  await settle()
})

/** Opens `name` as another program would, and ignores who wants it closed. */
function upgrade(
  name: string,
  version: number,
  fill = (db: IDBDatabase): unknown => db.createObjectStore("theirs"),
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = () => fill(request.result)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
