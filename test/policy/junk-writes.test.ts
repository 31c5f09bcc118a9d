import { expect, test } from "vitest"
import type { Adapter } from "../../src/adapter.ts"
import { lateKinds } from "../support/fake.ts"
import { setup, unheard } from "../support/setup.ts"

test.each(lateKinds)(
  "expire, touch and delete of what is junk in the storage remove it at once: %s",
  async (kind) => {
    const { cache, storage } = await setup(kind)
    for (const verb of ["expire", "touch", "delete"] as const) {
      await cache.set("k", 1)
      const kept = storage.shelf.get("k")
      if (kept) storage.shelf.set("k", { ...kept, record: "junk" })
      expect(Number(await cache[verb]("k")), verb).toBe(0)
      expect(storage.shelf.has("k"), verb).toBe(false)
    }
  },
)

test("a storage's own kind of promise, whose `then` throws, rejects a write and nothing else", async () => {
  const { cache, clock, storage } = await setup("memory", { storeTimeout: 100 })
  const broken = {
    then() {
      throw new Error("down")
    },
  }
  const adapter = storage.handle()
  // Not of the type, as what comes from another realm may be.
  const set = (...[key, record, ttl]: Parameters<Adapter["set"]>) =>
    key === "k" ? (broken as unknown as Promise<void>) : adapter.set(key, record, ttl)
  cache.use({ ...adapter, set })
  const rejections = unheard()
  await expect(cache.set("k", 1)).rejects.toThrow("down")
  await clock.advance(1000)
  expect(await rejections()).toEqual([])
})
