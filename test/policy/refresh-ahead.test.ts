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
