import { expect, onTestFinished, test, vi } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { CacheWrapper } from "../../src/core.ts"
import { CacheWrapper as WithAliases } from "../../src/index.ts"
import { retry } from "../../src/proxies.ts"

/** Two caches over one database, each with a near tier of its own, as two tabs have them. */
function tabs(): readonly [CacheWrapper, CacheWrapper] {
  const name = `bus ${Math.random()}`
  const open = (): CacheWrapper => new CacheWrapper({ adapter: indexeddb({ name }), near: true })
  return [open(), open()]
}

/** How many ms it takes until `is` holds. */
async function until(is: () => Promise<boolean>): Promise<number> {
  const start = performance.now()
  while (!(await is())) {
    if (performance.now() - start > 5000) throw new Error("not within five seconds")
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now() - start
}

test("what one tab sets, deletes and invalidates, the other sees within 100 ms", async () => {
  const [one, two] = tabs()
  const changes = async () => {
    await one.set("k", 1, { tags: ["t"] })
    await until(async () => (await two.get("k")) === 1)
    expect(two.peek("k")).toBe(1)
    const waits: number[] = []
    await one.set("k", 2, { tags: ["t"] })
    waits.push(await until(async () => (await two.get("k")) === 2))
    await one.invalidateTags("t")
    waits.push(await until(async () => (await two.get("k")) === undefined))
    await one.set("k", 3)
    waits.push(await until(async () => (await two.get("k")) === 3))
    await one.delete("k")
    waits.push(await until(async () => (await two.get("k")) === undefined))
    return Math.max(...waits)
  }
  // A busy machine may take its time now and then, not each time.
  let slowest = await changes()
  for (let round = 2; round <= 10 && slowest >= 100; round++) slowest = await changes()
  expect(slowest).toBeLessThan(100)
  await Promise.all([one.close(), two.close()])
})

test.each([
  ["an adapter object", (name: string) => new CacheWrapper({ adapter: indexeddb({ name }) })],
  ["an alias", (name: string) => new WithAliases({ adapter: "indexeddb", arguments: { name } })],
  ["a proxy", (name: string) => new CacheWrapper({ adapter: retry(indexeddb({ name })) })],
])("what a cache without memory in front changes through %s, a tab with it sees at once", async (_, open) => {
  const name = `bus ${Math.random()}`
  const page = new CacheWrapper({ adapter: indexeddb({ name }), near: true, ttl: "1d" })
  const writer = open(name)
  onTestFinished(async () => {
    await Promise.all([page.close(), writer.close()])
    vi.restoreAllMocks()
  })
  await page.set("k", 1, { tags: ["t"] })
  expect(await page.get("k")).toBe(1)
  // Without a message the copy would be served for a day.
  const later = Date.now() + 3_600_000
  vi.spyOn(Date, "now").mockReturnValue(later)
  await writer.set("k", 2, { tags: ["t"], ttl: "1d" })
  await until(async () => (await page.get("k")) === 2)
  await writer.invalidateTags("t")
  await until(async () => (await page.get("k")) === undefined)
  await writer.setMany([["k", 3]])
  await until(async () => (await page.get("k")) === 3)
  await writer.clear()
  await until(async () => (await page.get("k")) === undefined)
})

test("a cache without memory in front listens to nothing: its channel goes with it", async () => {
  const listened = vi.spyOn(BroadcastChannel.prototype, "addEventListener")
  onTestFinished(() => void vi.restoreAllMocks())
  const cache = new CacheWrapper({ adapter: indexeddb({ name: `bus ${Math.random()}` }) })
  // It makes its database, and says so.
  await cache.ready()
  const posted = vi.spyOn(BroadcastChannel.prototype, "postMessage")
  await cache.get("k")
  await cache.getMany(["k", "l"])
  expect(posted).not.toHaveBeenCalled()
  await cache.set("k", 1)
  await until(async () => posted.mock.calls.length > 0)
  expect(listened).not.toHaveBeenCalled()
  await cache.close()
})

test("a page that comes back from the browser's cache drops what it had", async () => {
  const name = `bus ${Math.random()}`
  const cache = new CacheWrapper({ adapter: indexeddb({ name }), near: true })
  await cache.set("k", 1)
  expect(await cache.get("k")).toBe(1)
  expect(cache.peek("k")).toBe(1)
  globalThis.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))
  expect(cache.peek("k")).toBeUndefined()
  expect(await cache.get("k")).toBe(1)
  await cache.close()
})
