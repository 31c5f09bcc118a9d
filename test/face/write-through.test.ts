import { expect, onTestFinished, test } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import { custom } from "../support/adapters.ts"
import { gate } from "../support/setup.ts"

test("a value that cannot be stored while the next one is at its origin fails setMany, and nothing else", async () => {
  const unheard: unknown[] = []
  const hear = (error: unknown) => unheard.push(error)
  process.on("unhandledRejection", hear)
  onTestFinished(() => void process.off("unhandledRejection", hear))
  const base = custom("object", "async")
  const set = async (key: string, record: unknown, ttl: number) => {
    if (!key.startsWith("#")) throw new Error("disk full")
    await base.set(key, record, ttl)
  }
  const second = gate()
  const cache = new CacheWrapper({ adapter: { ...base, set } })
  const users = cache.region("users", {
    generate: (id: number) => String(id),
    writeThrough: (id) => (id === 2 ? second.promise : undefined),
  })
  const work = users.setMany([
    [1, "a"],
    [2, "b"],
  ])
  await new Promise((resolve) => setTimeout(resolve, 20))
  second.pass("done")
  await expect(work).rejects.toThrow("disk full")
  expect(unheard).toEqual([])
})
