import { expect, onTestFinished, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { after, sleep } from "../../src/base/clock.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"

test("where there are no timers, as at the global scope of a Worker, what does no I/O is done", async () => {
  vi.stubGlobal("setTimeout", () => {
    throw new Error("Disallowed operation called within global scope.")
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  const cache = new CacheWrapper({ adapter: memory() })
  await cache.set("k", 1, { tags: ["t"] })
  expect(await cache.getOrSet("l", () => 2, { tags: ["u"] })).toBe(2)
  expect(await cache.getMany(["k", "l"])).toEqual([1, 2])
  await cache.clear()
  expect(await cache.get("k")).toBeUndefined()
  // What only waits is told that it cannot.
  await expect(sleep(5)).rejects.toThrow("Disallowed")
})

test("a long wait ends in its time although the clock stands still", async () => {
  const clock = fakeClock()
  let isOver = false
  after(180_000, () => {
    isOver = true
  })
  for (let i = 0; i < 4; i++) {
    const time = clock.now()
    await clock.advance(60_000)
    clock.jump(time)
  }
  expect(isOver).toBe(true)
  const slept = sleep(90_000).then(() => "slept")
  await clock.advance(90_000)
  expect(await slept).toBe("slept")
})
