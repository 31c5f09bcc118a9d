import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { held } from "../support/garbage.ts"

test("a fallback that arranges the next load keeps none of those before it", async () => {
  const cache = new CacheWrapper({ adapter: memory(), ttl: 1 })
  const seen: WeakRef<object>[] = []
  const all = 50
  let pending: NodeJS.Timeout | undefined
  await new Promise<void>((resolve, reject) => {
    const load = (): object => {
      const value = { big: new Uint8Array(1000) }
      seen.push(new WeakRef(value))
      // In the context of this very load, as a timer that it sets is.
      if (seen.length === all) {
        pending = setInterval(() => {}, 60_000)
        resolve()
      } else setTimeout(() => cache.getOrSet("k", load, { fresh: true }).catch(reject), 0)
      return value
    }
    cache.getOrSet("k", load, { fresh: true }).catch(reject)
  })
  const kept = await held(seen)
  clearInterval(pending)
  expect(kept).toBeLessThan(5)
})

test("a fallback that begins the next load while it runs keeps none of those before it", async () => {
  const cache = new CacheWrapper({ adapter: memory({ maxEntries: 1 }) })
  const seen: WeakRef<object>[] = []
  let pending: NodeJS.Timeout | undefined
  await new Promise<void>((resolve, reject) => {
    const load = async (page: number): Promise<object> => {
      const value = { big: new Uint8Array(1000) }
      seen.push(new WeakRef(value))
      await new Promise((soon) => setImmediate(soon))
      if (page === 50) {
        pending = setInterval(() => {}, 60_000)
        resolve()
      } else cache.getOrSet(`page ${page + 1}`, () => load(page + 1)).catch(reject)
      return value
    }
    cache.getOrSet("page 1", () => load(1)).catch(reject)
  })
  const kept = await held(seen)
  clearInterval(pending)
  expect(kept).toBeLessThan(5)
})

test("what a fallback leaves behind in its context keeps no value", async () => {
  const cache = new CacheWrapper({ adapter: memory({ maxEntries: 1 }) })
  const seen: WeakRef<object>[] = []
  const left: NodeJS.Timeout[] = []
  const idle = () => {}
  for (let i = 0; i < 20; i++) {
    await cache.getOrSet(`k${i}`, () => {
      left.push(setInterval(idle, 60_000))
      const value = { big: new Uint8Array(1000) }
      seen.push(new WeakRef(value))
      return value
    })
  }
  const kept = await held(seen)
  for (const timer of left) clearInterval(timer)
  expect(kept).toBeLessThan(5)
})
