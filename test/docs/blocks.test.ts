import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { type Block, blocksOf, examplesOf, pages, sources } from "./blocks.ts"
import { checked, countSaid, isSaid, type Said, written } from "./said.ts"

const folder = mkdtempSync(join(import.meta.dirname, "tmp-blocks-"))
const store = mkdtempSync(join(tmpdir(), "isocache-blocks-"))
const said: Said[] = []

beforeAll(() => {
  vi.stubEnv("ISOCACHE_DIR", store)
  vi.stubGlobal("__say", (value: unknown, comment: string) => said.push([written(value), comment]))
  for (const method of ["log", "debug", "warn"] as const)
    vi.spyOn(console, method).mockImplementation(() => {})
})
afterAll(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  for (const gone of [folder, store]) rmSync(gone, { recursive: true, force: true })
})

/** Runs a block as a module; each comment that tells a value must be true, and nothing may be complained of. */
async function run({ file, line, code }: Block): Promise<void> {
  const errors = vi.spyOn(console, "error").mockImplementation(() => {})
  const module = join(folder, `${file.replaceAll(/\W/g, "-")}-${line}.js`)
  writeFileSync(module, await checked(code))
  said.length = 0
  await import(module)
  for (const one of said) expect(isSaid(one), `${one[1]} is ${one[0]}`).toBe(true)
  expect(said.length).toBe(countSaid(code))
  expect(errors.mock.calls).toEqual([])
}

const inNode = pages.map((page) => ({
  page,
  blocks: blocksOf(page).filter(({ language }) => language === "ts"),
}))

describe.each(inNode.filter(({ blocks }) => blocks.length > 0))("$page", ({ blocks }) => {
  test.each(blocks)("TypeScript at line $line runs, and its comments are true", run, 30_000)
})

describe("the examples of docstrings", () => {
  // The inspector needs a page: test/playground opens it in one.
  const examples = sources.flatMap(examplesOf).filter(({ file }) => file !== "src/inspector.ts")
  test.each(examples)("of $of in $file run, and their comments are true", run, 30_000)
})

test("a comment that is not true would fail", async () => {
  const block = { file: "none.md", language: "ts", line: 1, code: "await Promise.resolve(1) // 2\n" }
  await expect(run(block)).rejects.toThrow("2 is 1")
})
