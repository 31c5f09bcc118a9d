// Runs the conformance suite on the built package in every runtime there is: node tools/scripts/runtimes.ts
import { existsSync } from "node:fs"
import { join } from "node:path"
import { build } from "esbuild"
import { add, type Count, describe, one } from "./count.ts"
import { install } from "./projects.ts"
import { root, run } from "./run.ts"

export interface Runtime {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const other = join(root, "tools/runtimes/node_modules")
const deno = ["run", "--allow-read", "--allow-write", "--allow-env", "--no-prompt", "--no-lock"]

/** The runtimes the built package is tried in, each by its path. */
export const runtimes: readonly Runtime[] = [
  { name: "node 20", command: join(other, "node20/bin/node"), args: [] },
  { name: "node 22", command: join(other, "node22/bin/node"), args: [] },
  { name: "node 24", command: join(other, "node24/bin/node"), args: [] },
  { name: "node 26", command: join(root, "node_modules/.bin/node"), args: [] },
  { name: "deno", command: join(other, ".bin/deno"), args: deno },
  { name: "bun", command: join(other, ".bin/bun"), args: ["run"] },
]

/** Bundles the runner, the package itself left out, so that what runs is the built one, found by its name. */
export async function runConformance(): Promise<Count> {
  const source = join(root, "test/conformance/run.ts")
  if (!existsSync(source)) {
    console.log("test/conformance/run.ts is missing")
    return one(false)
  }
  if (!(await install("runtimes")).ok) return one(false)
  const outfile = join(root, ".conformance/run.mjs")
  await build({
    entryPoints: [source],
    bundle: true,
    format: "esm",
    target: "es2022",
    packages: "external",
    tsconfigRaw: {}, // the tests' own would lead the name to the sources
    outfile,
    logLevel: "warning",
  })
  const counts: Count[] = []
  for (const { name, command, args } of runtimes) {
    const { ok, output } = await run(command, [...args, outfile], { timeout: 180_000 })
    const count = countOf(output)
    // A runner that dies, or that ran nothing, is a failure whatever it has counted.
    if ((!ok && count.failed === 0) || count.passed === 0) {
      console.log(`${name}: ended ${ok ? "without a test passed" : "badly"}`)
      count.failed++
    }
    counts.push(count)
  }
  return add(...counts)
}

/** Adds up lines such as "node 22.23.3 sqlite: 120 passed, 0 failed, 0 skipped". */
export function countOf(output: string): Count {
  const line = /^(?:node|deno|bun) [^\s:]+ [^:]+: (\d+) passed, (\d+) failed, (\d+) skipped\s*$/gm
  const counts = [...output.matchAll(line)].map(([, passed, failed, skipped]) => ({
    passed: Number(passed),
    failed: Number(failed),
    skipped: Number(skipped),
  }))
  return add(...counts)
}

if (import.meta.main) {
  const count = await runConformance()
  console.log(describe(count))
  process.exitCode = count.failed ? 1 : 0
}
