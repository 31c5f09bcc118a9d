import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { run } from "../../tools/scripts/run.ts"
import { installed, manifest } from "./entries.ts"

let files: string[] = []

beforeAll(async () => {
  const { output } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { quiet: true })
  const text = output.slice(output.search(/^[[{]/m))
  const answer: unknown = JSON.parse(text.slice(0, text.lastIndexOf(text.startsWith("[") ? "]" : "}") + 1))
  const [pack] = Array.isArray(answer) ? answer : Object.values(answer as object)
  files = pack.files.map(({ path }: { path: string }) => path)
})

test("the package holds the build, its papers, and nothing else", () => {
  const allowed = /^(dist\/.+\.(js|d\.ts)|docs\/[\w-]+\.md|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/
  expect(files.filter((file) => !allowed.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(["package.json", "README.md", "CHANGELOG.md", "LICENSE"]))
  expect(files.filter((file) => /test|bench|playground|tools/.test(file.replace("testing", "")))).toEqual([])
})

test("the guides that the README leads to are in the package", () => {
  const [, guides = ""] =
    /^## Guides\n\n(.+)$/m.exec(readFileSync(join(installed, "README.md"), "utf8")) ?? []
  const wanted = [...guides.matchAll(/\]\((docs\/[\w-]+\.md)\)/g)].map(([, file]) => file)
  expect(wanted.length).toBeGreaterThan(10)
  expect(files).toEqual(expect.arrayContaining(wanted))
})

test("every file that package.json names is in the package", () => {
  const targets = [...Object.values(manifest.exports), ...Object.values(manifest.imports)].flatMap(
    (target) => (typeof target === "string" ? [target] : Object.values(target)),
  )
  expect(targets.length).toBeGreaterThan(20)
  expect(targets.filter((target) => !files.includes(target.slice(2)))).toEqual([])
})

test("no file names a source map or a path of the machine that built it", () => {
  for (const file of files) {
    const text = readFileSync(join(installed, file), "utf8")
    expect(text, file).not.toContain("sourceMappingURL")
    expect(text, file).not.toMatch(/\/(work|home|root|tmp|Users)\/\w+\//)
  }
})

test("every relative import leads to a file of the package", () => {
  for (const file of files.filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(join(installed, file), "utf8")
    for (const [, to = ""] of text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      expect(existsSync(join(installed, dirname(file), to)), `${file} imports ${to}`).toBe(true)
    }
  }
})

test("an import of an entry loads eight files at most, for each takes its time", () => {
  const counts = Object.values(manifest.exports).flatMap((target) => {
    if (typeof target === "string" || !target["default"]) return []
    const loaded = new Set([join(installed, target["default"])])
    for (const file of loaded) {
      const imports = readFileSync(file, "utf8").matchAll(/^(?:import|export|\}) .*?from "(\.[^"]+)";$/gm)
      for (const [, to = ""] of imports) loaded.add(join(dirname(file), to))
    }
    return loaded.size
  })
  expect(counts.length).toBeGreaterThan(10)
  expect(Math.max(...counts)).toBeGreaterThan(1)
  expect(Math.max(...counts)).toBeLessThanOrEqual(8)
})
