import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { situations } from "../../bench/situations.ts"
import { CacheWrapper } from "../../src/index.ts"
import { root } from "../../tools/scripts/run.ts"
import { budgets } from "../../tools/scripts/size.ts"

const read = (file: string) => readFileSync(join(root, file), "utf8")
const readme = read("README.md")

test("the README's sizes are the budgets that the size step keeps", () => {
  const stated = [...readme.matchAll(/^\| `(isocache[\w/]*)` .*\| ([\d.]+) kB \|$/gm)]
  const kept = budgets().filter(([name]) => name.startsWith("isocache"))
  expect(stated.map(([, name, kB]) => [name, Number(kB) * 1000])).toEqual(
    expect.arrayContaining(kept.map(([name, { limit }]) => [name, limit])),
  )
  expect(stated).toHaveLength(kept.length)
})

test("the README's counts are those of the tests that it speaks of", () => {
  expect(readme).toContain("10 000 random schedules")
  expect(read("test/schedules/schedules.test.ts")).toContain("search(10_000)")
  expect(readme).toContain("5 000 more in which requests of a Worker die")
  expect(read("test/schedules/requests.test.ts")).toContain("search(5_000, withDeaths)")
  expect(readme).toContain("10 000 callers")
  expect(read("test/policy/lease-processes.test.ts")).toMatch(/10 000 (concurrent )?callers/)
  expect(read("test/tabs/lease.test.ts")).toContain("10 000 concurrent callers")
  const { runtimes } = JSON.parse(read("docs/matrix.json"))
  expect(readme).toContain(`runs in ${Object.keys(runtimes).length} runtimes`)
})

test("what the README says of other libraries is what the bench has printed", () => {
  const table = readme.slice(readme.indexOf("| in memory |")).split("\n\n")[0] ?? ""
  expect(table).toContain("100 callers at once")
  expect(read("bench/RESULTS.md").includes(table), "bench/RESULTS.md has the README's table").toBe(true)
})

test.each(Object.entries(situations))("of isocache the table is right: %s", async (title, situation) => {
  const holds = await situation(async (ttl = 60_000, stale) => {
    const cache = new CacheWrapper({ ttl, ...(stale && { grace: stale, softTimeout: 0 }) })
    return {
      getOrSet: (key, load) => cache.getOrSet(key, load),
      delete: (key) => cache.delete(key),
      setTagged: (key, value) => cache.set(key, value, { tags: ["t"] }),
      endTag: () => cache.invalidateTags("t"),
    }
  })
  expect(holds).toBe(true)
  expect(readme).toContain(`\n| ${title} | yes |`)
})
