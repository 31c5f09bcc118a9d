import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { run } from "../../tools/scripts/run.ts"
import { type Block, blocksOf, examplesOf, pages, sources } from "./blocks.ts"

const types = {
  extends: "../../tsconfig.json",
  compilerOptions: { types: ["node"] },
  include: ["./*.ts"],
  exclude: [],
}

/** What the compiler says of `blocks`, each complaint with the place where its block stands. */
async function complaints(blocks: readonly Block[]): Promise<string[]> {
  const folder = mkdtempSync(join(import.meta.dirname, "tmp-types-"))
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(types))
    for (const [at, { code }] of blocks.entries()) writeFileSync(join(folder, `block-${at}.ts`), code)
    const { output } = await run("tsc", ["-p", folder, "--pretty", "false"], { quiet: true })
    return output
      .split("\n")
      .filter((line) => line.includes("error TS"))
      .map((line) => {
        const { file, line: at } = blocks[Number(/block-(\d+)\.ts/.exec(line)?.[1])] ?? {}
        return `${file}:${at} ${line}`
      })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const written = [...pages.flatMap(blocksOf), ...sources.flatMap(examplesOf)]
const isCode = ({ language }: Block) => language === "ts" || language.startsWith("ts ")

test("every block of the guides and every example of the docstrings has the right types", async () => {
  const blocks = written.filter(isCode)
  expect(blocks.length).toBeGreaterThan(50)
  expect(await complaints(blocks)).toEqual([])
}, 60_000)

test("a block of a wrong type would fail", async () => {
  const code = 'import { cached } from "isocache"\nawait cached.set("k", 1, { ttl: "1 year" })\n'
  const [complaint, ...more] = await complaints([{ file: "none.md", line: 7, language: "ts", code }])
  expect(complaint).toMatch(/^none\.md:7 .*1 year/)
  expect(more).toEqual([])
}, 60_000)

test("no block is of a kind that nothing checks", () => {
  const checked = ["ts", "ts worker", "ts redis", "ts browser", "html", "toml", "sh", ""]
  for (const { file, line, language } of written) expect(checked, `${file}:${line}`).toContain(language)
})
