import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { CacheWrapper as Core } from "../../src/core.ts"
import { CacheWrapper } from "../../src/index.ts"
import { Region } from "../../src/region.ts"
import { root } from "../../tools/scripts/run.ts"
import { examplesOf, sources } from "./blocks.ts"

const { exports }: { exports: Record<string, string> } = JSON.parse(
  readFileSync(join(root, "jsr.json"), "utf8"),
)
/** Not part of the face: internal, or for those who extend the class. */
const hidden = [
  "constructor",
  "bare",
  "entryOf",
  "serve",
  "serveMany",
  "claims",
  "standard",
  "check",
  "outlasts",
  "load",
]
const examples = sources.flatMap(examplesOf)

/** What a cache can be asked: the methods of its classes that are not marked as internal. */
const verbs = [Region, Core, CacheWrapper].flatMap(({ prototype }) =>
  Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === "function" && !hidden.includes(name))
    .map(([name]) => name),
)

test.each(Object.entries(exports))(
  "every function and object of entry %s has an example",
  async (_, file) => {
    const entry: object = await import(join(root, file))
    expect(Object.keys(entry).length).toBeGreaterThan(0)
    for (const name of Object.keys(entry)) expect(examples.map((example) => example.of)).toContain(name)
  },
)

test.each([...new Set(verbs)])("the verb %s has an example", (verb) => {
  const faces = ["src/region.ts", "src/wrapper.ts", "src/cached.ts"]
  expect(examples.filter(({ file }) => faces.includes(file)).map((example) => example.of)).toContain(verb)
})
