import { expect, test, vi } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import { settle, setup } from "../support/indexeddb-setup.ts"

test("a page that is prerendered gets no lock before it is shown, and loads without", async () => {
  const page = { prerendering: true }
  vi.stubGlobal("document", page)
  // As Chromium has it: answered once the page is shown.
  const request = vi.fn(() => new Promise(() => {}))
  vi.stubGlobal("navigator", { locks: { request } })
  const { adapter } = setup()
  const cache = new CacheWrapper({ adapter })
  const errors: unknown[] = []
  cache.on("error", ({ error }) => errors.push(error))
  const loading = cache.getOrSet("k", () => "loaded")
  await settle()
  expect(request).not.toHaveBeenCalled()
  expect([await loading, await cache.get("k"), errors]).toEqual(["loaded", "loaded", []])

  page.prerendering = false
  adapter.lock?.("k", 1_000)
  await settle()
  expect(request).toHaveBeenCalledOnce()
})
