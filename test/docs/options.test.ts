import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/index.ts"
import { circuitBreaker, retry } from "../../src/proxies.ts"
import { root } from "../../tools/scripts/run.ts"

const page = readFileSync(join(root, "docs/options.md"), "utf8")

/** The words of the code in its tables. */
const told = (page.match(/^\|.*$/gm) ?? [])
  .flatMap((line) => line.match(/`[^`]+`/g) ?? [])
  .flatMap((code) => code.match(/\w+/g) ?? [])

/** Options with a name that there is not: whoever takes them lists the names there are. */
const misspelt: object = { nosuch: 1 }
const of = (adapter: string) => () => new CacheWrapper({ adapter, arguments: misspelt })

test.each<[string, () => unknown]>([
  ["a cache", () => new CacheWrapper({ ...misspelt })],
  ["a region", () => new CacheWrapper().region("r", { ...misspelt })],
  ["near", () => new CacheWrapper({ near: { ...misspelt } })],
  ["memory", of("memory")],
  ["indexeddb", of("indexeddb")],
  ["kv", of("kv")],
  ["upstash", of("upstash")],
  ["sqlite", of("sqlite")],
  ["retry", () => retry(memory(), { ...misspelt })],
  ["circuitBreaker", () => circuitBreaker(memory(), { ...misspelt })],
])("the page of options has every option of %s", (_, make) => {
  let message = ""
  try {
    make()
  } catch (error) {
    message = String(error)
  }
  const [, known = ""] = /Known: (.+)\.$/.exec(message) ?? []
  expect(known).not.toBe("")
  for (const name of known.split(", ")) expect(told).toContain(name)
})
