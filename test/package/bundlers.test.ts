import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { consumer } from "../../tools/scripts/consumer.ts"
import { type Bundled, bundlers } from "./bundlers.ts"
import { entries, lineFor, printed } from "./entries.ts"

/** The names each entry has in plain Node, unbundled. */
const names = new Map<string, string>()

/** Writes a module into the consumer's project; each has a folder of its own, so that nothing is shared. */
function write(name: string, code: string): string {
  const folder = join(consumer, "src", name.replaceAll("/", "-"))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "main.mjs"), code)
  return folder
}

beforeAll(async () => {
  for (const entry of entries) names.set(entry, await printed(join(write(entry, lineFor(entry)), "main.mjs")))
})

const useOfIt = `
import { cached, CacheError } from "isocache"
import { CacheError as same } from "isocache/core"
cached.use("memory")
await cached.set("a", new Map([[1, 2n]]))
const value = await cached.get("a")
console.log(value.get(1) === 2n, CacheError === same, await cached.getOrSet("b", () => "made"))
`

for (const [bundler, bundle] of Object.entries(bundlers)) {
  describe(bundler, () => {
    const check = async (folder: string, expected: string): Promise<void> => {
      const result: Bundled = await bundle(folder)
      expect(result.warnings).toEqual([])
      if (result.run) expect(await result.run()).toBe(expected)
    }
    test.each(entries)("bundles %s without a warning, and the bundle has its names", async (entry) => {
      const folder = write(`${bundler}-${entry}`, lineFor(entry))
      const expected = names.get(entry) ?? ""
      expect(expected).not.toBe("")
      await check(folder, expected)
    })
    test("a program that uses the cache, its lazy parts included, works when bundled", async () => {
      await check(write(`${bundler}-use`, useOfIt), "true true made")
    })
  })
}
