import "fake-indexeddb/auto"
import { expect, test } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"

test("smoke", async () => {
  const a = indexeddb({ maxEntries: 10 })
  a.observe?.((e) => console.log(e))
  for (let i = 0; i < 25; i++) await a.set(`k${i}`, { i }, 1000)
  const seen = []
  for await (const k of a.keys!("")) seen.push(k)
  console.log(seen)
  expect(await a.get("k24")).toEqual({ i: 24 })
  await a.close?.()
})
