import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { install } from "../../tools/scripts/projects.ts"
import { root, run } from "../../tools/scripts/run.ts"
import { runtimes } from "../../tools/scripts/runtimes.ts"
import { manifest } from "./entries.ts"

const jsr = JSON.parse(readFileSync(join(root, "jsr.json"), "utf8"))
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

beforeAll(() => install("runtimes"))

test("JSR gets the version and the entries that npm gets, as sources", () => {
  expect(jsr.version).toBe(version)
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json")
  expect(Object.keys(jsr.exports)).toEqual(entries)
  for (const [entry, file] of Object.entries<string>(jsr.exports)) {
    const { default: built = "" } = Object(manifest.exports[entry])
    // ./dist/tiers.js is made of ./src/tiers.ts, ./dist/adapters/kv.js of ./adapters/kv.ts.
    expect(file.replace("./src/", "./").replace(/\.ts$/, ".js")).toBe(built.replace("./dist/", "./"))
    expect(existsSync(join(root, file)), file).toBe(true)
  }
})

test("JSR takes the package: its types are explicit, and it holds sources and papers only", async () => {
  const deno = runtimes.find(({ name }) => name === "deno")?.command ?? ""
  // Slow types, those that would have to be inferred, are errors of this command.
  const { ok, output } = await run(deno, ["publish", "--dry-run", "--allow-dirty"], {
    quiet: true,
    env: { NO_COLOR: "1" },
  })
  expect(output).toContain("Dry run complete")
  expect(ok).toBe(true)
  const files = [...output.matchAll(/^ +file:\/\/(\S+) \(/gm)].map(([, file = ""]) =>
    file.slice(root.length + 1),
  )
  expect(files.length).toBeGreaterThan(100)
  const allowed = /^((src|adapters)\/.+\.ts|(jsr|package)\.json|README\.md|CHANGELOG\.md|LICENSE)$/
  expect(files.filter((file) => !allowed.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "src/index.ts", "adapters/kv.ts"]))
  expect(files).not.toContain("src/base/workers.workerd.ts") // `cloudflare:workers` is found by a condition of npm's
})
