// Everything there is to check, on a bare machine: npm test
// One step after another; a failing one is remembered and the others still run. The last line adds all up.
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join, relative } from "node:path"
import { findEngines } from "../../test/browser/installed.ts"
import { add, type Count, describe, one } from "./count.ts"
import { prepareMachine } from "./machine.ts"
import { runMatrix } from "./matrix.ts"
import { install } from "./projects.ts"
import { root, run } from "./run.ts"
import { runConformance } from "./runtimes.ts"
import { runSizes } from "./size.ts"
import { runTypeTests } from "./types.ts"

const words = process.argv.slice(2)

type Step = readonly [name: string, run: () => Promise<Count>]

const locked = [".", "tools/runtimes", "tools/types", "tools/docs", "bench", "docs/examples/vite-react"]

const steps: readonly Step[] = [
  ["machine", prepareMachine],
  [
    "other runtimes and compilers",
    async () => one((await install("runtimes")).ok && (await install("types")).ok),
  ],
  ["lockfiles", () => command("node", "tools/lockcheck.cjs", ...locked)],
  ["biome", () => command("biome", "check", ".", "--error-on-warnings")],
  ["knip", () => command("knip")],
  ["types", () => command("npm", "run", "--silent", "typecheck")],
  ["build", () => command("npm", "run", "--silent", "build")],
  ["publint", () => command("publint", "--strict")],
  ["are the types wrong", () => command("attw", "--pack", ".", "--profile", "esm-only")],
  ["package", () => vitest("package")],
  ["type tests", runTypeTests],
  ["reference", reference],
  ["node", () => vitest("node")],
  ["workerd", () => vitest("workerd")],
  ["browsers", browsers],
  ["runtimes", runConformance],
  ["size", runSizes],
  ["matrix", () => runMatrix({ write: words.includes("--write") })],
]

async function command(name: string, ...args: readonly string[]): Promise<Count> {
  return one((await run(name, args)).ok)
}

/** Builds the API reference: a public name without a docstring, or a link that leads nowhere, fails it. */
async function reference(): Promise<Count> {
  if (!(await install("docs")).ok) return one(false)
  return command("npx", "--prefix", "tools/docs", "typedoc", "--options", "tools/docs/typedoc.json")
}

/** What vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** The tests that failed, for the end of the log, where a reader looks first. */
const failures: string[] = []

/** Runs one project of vitest.config.ts and reads its report. */
async function vitest(project: string): Promise<Count> {
  const report = join(root, `reports/vitest-${project}.json`)
  rmSync(report, { force: true })
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`]
  // Many minutes on a quiet machine, and a busy one is no reason to fail.
  const { ok } = await run("vitest", ["run", "--project", project, ...reporters], { timeout: 3_000_000 })
  if (!existsSync(report)) return one(false)
  const told: Report = JSON.parse(readFileSync(report, "utf8"))
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = told
  for (const { name, status, assertionResults } of told.testResults) {
    const lost = assertionResults.filter((test) => test.status === "failed")
    const file = relative(root, name)
    if (status === "failed" && lost.length === 0) failures.push(`${project}: ${file}`)
    for (const { fullName } of lost) failures.push(`${project}: ${file}: ${fullName}`)
  }
  const failed = numFailedTests || (ok ? 0 : 1) // a file that cannot be loaded has no test that fails
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests }
}

/** Where there is no browser at all the project does not exist; the step "machine" has said so. */
async function browsers(): Promise<Count> {
  return Object.values(findEngines()).some(Boolean) ? vitest("browser") : { passed: 0, failed: 0, skipped: 0 }
}

// Words on the command line choose steps: npm test -- biome node. With --write the step "matrix" writes its table.
const wanted = words.filter((word) => word !== "--write")
const chosen = wanted.length ? steps.filter(([name]) => wanted.includes(name)) : steps
const unknown = wanted.filter((name) => !steps.some(([known]) => known === name))
if (unknown.length) {
  console.log(`no such step: ${unknown.join(", ")}. Known: ${steps.map(([name]) => name).join(", ")}`)
  process.exit(1)
}

const results: [name: string, count: Count, seconds: number][] = []
for (const [name, step] of chosen) {
  console.log(`\n== ${name}`)
  const start = performance.now()
  const count = await step().catch((error: unknown) => {
    console.log(error)
    return one(false)
  })
  const seconds = (performance.now() - start) / 1000
  results.push([name, count, seconds])
  console.log(`-- ${name}: ${describe(count)} (${seconds.toFixed(1)} s)`)
}

console.log("\n== summary")
for (const [name, count, seconds] of results) {
  const mark = count.failed ? "FAILED" : "ok    "
  console.log(`${mark} ${name.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s   ${describe(count)}`)
}
for (const failure of failures) console.log(`failed: ${failure}`)
const sum = add(...results.map(([, count]) => count))
console.log(describe(sum))
process.exitCode = sum.failed ? 1 : 0
