import { expect, test } from "vitest"
import { inEachBrowser } from "./browsers.ts"

inEachBrowser((tabs) => {
  test("in a page auto is IndexedDB with memory in front, and a second tab has its entries", {
    timeout: 120_000,
  }, async () => {
    const both = await tabs(2)
    for (const tab of both) {
      expect(await tab.run("auto")).toEqual({ adapter: "indexeddb", peeked: "kept", errors: [] })
    }
  })

  test("in a sandboxed frame auto falls back to memory, with one error event and nothing uncaught", {
    timeout: 120_000,
  }, async () => {
    const [one] = await tabs(2)
    const told = {
      adapter: "memory",
      values: ["loaded", "loaded", "set", "loaded", "gone"],
      errors: ["ADAPTER_UNAVAILABLE"],
      uncaught: [],
    }
    expect(await one.run("sandboxed")).toEqual([told, told])
  })

  test("a service worker works on the same database, respects leases, and is heard by a tab with memory in front", {
    timeout: 120_000,
  }, async () => {
    const [page] = await tabs(2)
    const name = `service worker ${Math.random()}`
    const worker = (verb: "set" | "invalidateTags" | "read" | "lock", key: string, value?: number) =>
      page.run("serviceWorker", { name, verb, key, ...(value !== undefined && { value }) })
    await page.run("open", { name, near: true })
    await page.run("write", "set", "k", 1)
    expect(await page.run("read", "k")).toBe(1)
    expect(await worker("read", "k")).toBe(1)

    // Without a message the page would go on by its copy.
    expect(await worker("set", "k", 2)).toBe("ServiceWorkerGlobalScope")
    await expect.poll(() => page.run("read", "k")).toBe(2)
    await worker("invalidateTags", "tag")
    await expect.poll(() => page.run("read", "k")).toBeNull()

    await page.run("ask", 1)
    await expect.poll(async () => (await page.run("tally")).loads).toBe(1)
    expect(await worker("lock", "the one key")).toBe(false)
    await page.run("end")
    await expect.poll(async () => (await page.run("tally")).answered).toBe(1)
    await expect.poll(() => worker("lock", "the one key")).toBe(true)
    expect(await page.run("tally")).toMatchObject({ errors: [], failures: [] })
  })
})
