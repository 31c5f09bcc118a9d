import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type CacheEvent, CacheWrapper, registerAlias } from "../../src/index.ts"

test("a storage that cannot be closed when it is swapped out is an error event, and close() does not try again", async () => {
  let closes = 0
  const close = () => {
    closes++
    return Promise.reject(new Error("boom at https://me:secret@host/"))
  }
  registerAlias("clinging", () => ({ ...memory(), close }))
  const cache = new CacheWrapper().use("clinging")
  const events: CacheEvent[] = []
  cache.on("error", (event) => events.push(event))
  await cache.set("k", 1)
  cache.use("memory")
  await expect.poll(() => events).toMatchObject([{ key: "", error: { message: "boom at https://host/" } }])
  await cache.close()
  expect(closes).toBe(1)
})
