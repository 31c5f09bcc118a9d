import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { CacheWrapper } from "../../src/index.ts"
import { root } from "../../tools/scripts/run.ts"

const page = readFileSync(join(root, "docs/events.md"), "utf8")
const source = readFileSync(join(root, "src/base/events.ts"), "utf8")

test("the page of events has every event with what it tells, and no other", () => {
  const [, union = ""] = /type CacheEvent =([\s\S]*?)\n\n/.exec(source) ?? []
  const kinds = union.split(/\| \(EventBase &/).slice(1)
  const known = kinds.map((kind) => {
    const [, type] = /type: "(\w+)"/.exec(kind) ?? []
    const fields = [...kind.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name)
    return [type, fields.filter((name) => name !== "type")]
  })
  const told = [...page.matchAll(/^\| `(\w+)` \|[^|]*\| ?(.*)\|$/gm)].map(([, type, besides = ""]) => [
    type,
    [...besides.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  ])
  expect(known.length).toBeGreaterThan(10)
  expect(told).toEqual(known)
})

test("the page of events has every reason and every metric", () => {
  const [, stale = ""] = /type StaleReason =([\s\S]*?)\n\n/.exec(source) ?? []
  const errors = readFileSync(join(root, "src/base/errors.ts"), "utf8")
  const [, miss = ""] = /type MissReason =([\s\S]*?)\n\n/.exec(errors) ?? []
  const metrics = new CacheWrapper().metrics()
  const names = [...`${stale}${miss}`.matchAll(/\| "(\w+)"/g)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(8)
  for (const name of [...names, ...Object.keys(metrics), ...Object.keys(metrics.loadTime)])
    expect(page).toContain(`\`${name}\``)
})
