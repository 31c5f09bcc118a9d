import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { forgeOver } from "../../src/conformance/cache.ts"
import { law } from "../../src/conformance/law.ts"
import { difference } from "../../src/conformance/same.ts"

test("shared references differ from equal ones, on whichever side they are", () => {
  const one = () => {
    const shared = { n: 1 }
    return { a: shared, b: shared }
  }
  const two = () => ({ a: { n: 1 }, b: { n: 1 } })
  expect([difference(one(), one()), difference(two(), two())]).toEqual([undefined, undefined])
  expect(difference(one(), two())).toContain("another reference")
  expect(difference(two(), one())).toContain("another reference")
  const same = { n: 1 }
  expect(difference([same, same], [same, { n: 1 }])).toContain("another reference")
})

test("a law tells its own failure first, and closes all it has opened whatever fails", async () => {
  const closed: string[] = []
  const opened = () => {
    const name = `adapter ${closed.length}`
    return {
      ...memory(),
      close() {
        closed.push(name)
        throw new Error("close failed")
      },
    }
  }
  const failing = law("it fails", {}, async ({ another }) => {
    await another()
    throw new Error("its own failure")
  })
  await expect(failing.run(opened)).rejects.toThrow("its own failure")
  expect(closed).toHaveLength(2)
  const holding = law("it holds", {}, async () => {})
  await expect(holding.run(opened)).rejects.toThrow("close failed")
})

test("a forge sees through promises of whatever kind", async () => {
  const base = memory()
  const late = (value: unknown): Promise<unknown> => {
    const promise = Promise.resolve(value)
    // As another realm's, or a library's.
    return { then: promise.then.bind(promise), catch: promise.catch.bind(promise) } as Promise<unknown>
  }
  const forge = forgeOver({ ...base, get: (key) => late(base.get(key)) })
  await forge.adapter.set("k", 1, 1000)
  forge.forge = (record) => ({ was: record })
  expect(await forge.adapter.get("k")).toEqual({ was: 1 })
})
