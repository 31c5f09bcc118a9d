// Compiles test/types against the packed package on several TypeScript versions: node tools/scripts/types.ts
import { cpSync, existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { consumer, makeConsumer } from "./consumer.ts"
import { add, type Count, describe, one } from "./count.ts"
import { install } from "./projects.ts"
import { root, run } from "./run.ts"

const versions = ["typescript54", "typescript59", "typescript60", "typescript70"]

// skipLibCheck is off and there are no other types: what is published must stand on its own.
const common = {
  target: "es2022",
  lib: ["es2022", "dom", "dom.iterable", "esnext.disposable", "esnext.decorators"],
  strict: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: false,
  declaration: true,
  noEmit: true,
  types: [],
}
const settings = {
  nodenext: { ...common, module: "nodenext", moduleResolution: "nodenext", exactOptionalPropertyTypes: true },
  bundler: { ...common, module: "esnext", moduleResolution: "bundler" },
}

/** Counts each file of test/types once per version and setting. */
export async function runTypeTests(): Promise<Count> {
  const source = join(root, "test/types")
  if (!existsSync(source)) {
    console.log("test/types is missing")
    return one(false)
  }
  if (!(await install("types")).ok) return one(false)
  await makeConsumer()
  cpSync(source, join(consumer, "types"), { recursive: true })
  const files = readdirSync(join(consumer, "types")).filter((name) => name.endsWith(".ts"))
  for (const [name, compilerOptions] of Object.entries(settings)) {
    writeFileSync(projectOf(name), JSON.stringify({ compilerOptions, include: ["types"] }))
  }
  const counts: Count[] = []
  for (const version of versions) {
    counts.push(...(await Promise.all(Object.keys(settings).map((name) => compile(version, name, files)))))
  }
  return add(...counts)
}

async function compile(version: string, setting: string, files: readonly string[]): Promise<Count> {
  const tsc = join(root, "tools/types/node_modules", version, "bin/tsc")
  const args = [tsc, "-p", projectOf(setting), "--pretty", "false"]
  const { ok, output } = await run("node", args, { quiet: true, cwd: consumer })
  const bad = files.filter((file) => output.includes(`types/${file}(`))
  // An error elsewhere, in the declarations themselves say, is one more.
  const failed = ok ? 0 : Math.max(1, bad.length)
  console.log(`${version} ${setting}: ${files.length - bad.length} passed, ${failed} failed`)
  if (!ok) console.log(output)
  return { passed: files.length - bad.length, failed, skipped: 0 }
}

function projectOf(setting: string): string {
  return join(consumer, `tsconfig.${setting}.json`)
}

if (import.meta.main) {
  const count = await runTypeTests()
  console.log(describe(count))
  process.exitCode = count.failed ? 1 : 0
}
