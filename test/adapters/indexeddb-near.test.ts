import { expect, test, vi } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { CacheWrapper } from "../../src/core.ts"
import { raise, settle, setup, times } from "../support/indexeddb-setup.ts"

test("all are notified when the database has been updated, and see what it has", async () => {
  const { adapter, clock, faults } = inBrowser("told")
  const other = indexeddb({ name: "another" })
  const heard: unknown[] = []
  const cache = new CacheWrapper({ adapter, near: true, ttl: "1h" })
  await cache.set("stays", 1)
  adapter.bus?.subscribe((message) => heard.push(message))
  other.bus?.subscribe((message) => heard.push(message))
  faults.transaction = () => raise("InvalidStateError")
  await cache.set("k", 1)
  await settle()
  expect(await cache.get("k")).toBe(1)
  heard.length = 0
  faults.transaction = () => undefined
  await clock.advance(30_000)
  await adapter.get("k")
  await settle()
  expect(heard).toMatchObject([{ isocache: 1, keys: [], prefixes: [""] }])
  expect([cache.peek("k"), await cache.get("k"), await cache.get("stays")]).toEqual([undefined, undefined, 1])
})

test.each(["deletes it", "loses its files"])(
  "who had a database that the browser %s writes what others can read",
  async (what) => {
    const { adapter, faults } = inBrowser(what)
    const cache = new CacheWrapper({ adapter, near: true, ttl: "1h" })
    await cache.set("k", "old")
    expect(await cache.get("k")).toBe("old")
    if (what === "loses its files") faults.kill(faults.handles[0])
    await erase(what)
    await settle()
    expect(cache.peek("k")).toBeUndefined()
    await cache.set("l", "new")
    const other = indexeddb({ name: what })
    expect(await new CacheWrapper({ adapter: other }).getMany(["k", "l"])).toEqual([undefined, "new"])
    await other.close?.()
  },
)

test("a database that is found gone is gone from memory, too, even without a message", async () => {
  const { adapter, faults, errors } = inBrowser("gone")
  const cache = new CacheWrapper({ adapter, near: true, ttl: "1h" })
  await cache.set("k", "old")
  expect(cache.peek("k")).toBe("old")
  // The browser aborts what was under way, and the connection is closed before its own event would come.
  faults.transaction = times(1, () => "UnknownError")
  faults.open = times(1, () => {
    indexedDB.deleteDatabase("gone")
    return undefined
  })
  await cache.set("l", "meanwhile")
  expect(faults.handles).toHaveLength(2)
  expect([cache.peek("k"), await cache.get("k")]).toEqual([undefined, undefined])
  await cache.set("l", "new")
  expect(await cache.get("l")).toBe("new")
  expect(errors()).toEqual([])
})

function erase(name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = resolve
    request.onerror = () => reject(request.error)
  })
}

/** An adapter that takes this realm for a page. */
function inBrowser(name: string) {
  const events = new EventTarget()
  vi.stubGlobal("document", { createElement() {} })
  vi.stubGlobal("addEventListener", events.addEventListener.bind(events))
  vi.stubGlobal("removeEventListener", events.removeEventListener.bind(events))
  vi.stubGlobal("process", undefined)
  return setup({ name })
}
