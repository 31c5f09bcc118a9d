import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../tools/scripts/run.ts"
import { examplesOf, sources } from "./blocks.ts"

const { exports }: { exports: Record<string, string> } = JSON.parse(
  readFileSync(join(root, "jsr.json"), "utf8"),
)
const examples = sources.flatMap(examplesOf)

/** The verbs a newcomer meets first. */
const verbs = [
  "get",
  "set",
  "getOrSet",
  "getOrSetMany",
  "invalidateTags",
  "batch",
  "region",
  "memoize",
  "use",
  "on",
  "bind",
]

test.each(Object.entries(exports))(
  "every function and object of entry %s has an example",
  async (_, file) => {
    const entry: object = await import(join(root, file))
    expect(Object.keys(entry).length).toBeGreaterThan(0)
    for (const name of Object.keys(entry)) expect(examples.map((example) => example.of)).toContain(name)
  },
)

test.each(verbs)("the verb %s has an example", (verb) => {
  const faces = ["src/region.ts", "src/wrapper.ts", "src/cached.ts"]
  expect(examples.filter(({ file }) => faces.includes(file)).map((example) => example.of)).toContain(verb)
})
