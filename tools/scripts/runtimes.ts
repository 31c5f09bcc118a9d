// Runs the conformance suite on the built package in every runtime there is: node tools/scripts/runtimes.ts
// Words choose runtimes: node tools/scripts/runtimes.ts chromium "node 22"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Engine, engineNames, findEngines } from "../../test/browser/installed.ts"
import type { Cell } from "../../test/conformance/cells.ts"
import { hasRedis } from "../../test/support/redis-server.ts"
import { add, type Count, describe, one } from "./count.ts"
import { openDesk } from "./desk.ts"
import { aliases, exists, type Run, runFile } from "./matrix-data.ts"
import { page, pageFiles, process as processOf, type Start, worker } from "./places.ts"
import { install } from "./projects.ts"
import { root } from "./run.ts"

export interface Runtime {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const other = join(root, "tools/runtimes/node_modules")
const allowed = ["--allow-read", "--allow-write", "--allow-env", "--allow-net=127.0.0.1"]

/** The runtimes the built package is tried in as a command, each by its path. */
export const runtimes: readonly Runtime[] = [
  { name: "node 20", command: join(other, "node20/bin/node"), args: [] },
  { name: "node 22", command: join(other, "node22/bin/node"), args: [] },
  { name: "node 24", command: join(other, "node24/bin/node"), args: [] },
  { name: "node 26", command: join(root, "node_modules/.bin/node"), args: [] },
  { name: "deno", command: join(other, ".bin/deno"), args: ["run", ...allowed, "--no-prompt", "--no-lock"] },
  { name: "bun", command: join(other, ".bin/bun"), args: ["run"] },
]

/** All runtimes, with how the laws are started there: two rows, which run at the same time. */
const rows: readonly (readonly (readonly [name: string, start: Start])[])[] = [
  runtimes.map(({ name, command, args }) => [name, processOf(command, args)]),
  [["workerd", worker], ...engineNames.map((engine): [string, Start] => [engine, page(engine)])],
]

/** Runs all laws on all adapters in the runtimes of these names, all by default, and keeps the record. */
export async function runConformance(names: readonly string[] = []): Promise<Count> {
  rmSync(runFile, { force: true }) // what does not come to its end leaves no record
  if (!(await install("runtimes")).ok) return one(false)
  const engines = findEngines()
  const files = await pageFiles()
  const run: Run = { at: new Date().toISOString(), runtimes: {} }
  const counts: Count[] = []
  const runRow = async (row: (typeof rows)[number]) => {
    for (const [name, start] of row) {
      if (names.length > 0 && !names.includes(name)) continue
      if (name in engines && !engines[name as Engine]) console.log(`${name}: NOT RUN, it is not installed`)
      else counts.push(await runIn(name, start, files, run))
    }
  }
  await Promise.all(rows.map(runRow))
  mkdirSync(dirname(runFile), { recursive: true })
  writeFileSync(runFile, `${JSON.stringify(run, undefined, 2)}\n`)
  return add(...counts)
}

async function runIn(
  name: string,
  start: Start,
  files: ReadonlyMap<string, string>,
  run: Run,
): Promise<Count> {
  const counts: Count[] = []
  const desk = await openDesk(files, (cell) => counts.push(judge(name, cell)))
  const trouble = await start(desk).catch(String)
  await desk.close()
  const farewell = desk.farewell()
  run.runtimes[name] = { version: farewell?.version ?? "", cells: desk.cells }
  const troubles = [
    ...(trouble === undefined ? [] : [trouble]),
    ...(farewell === undefined ? ["it came to no end"] : farewell.troubles),
    ...aliases
      .filter(
        (alias) => (alias !== "upstash" || hasRedis) && desk.cells.every((cell) => cell.adapter !== alias),
      )
      .map((alias) => `nothing was heard of ${alias}`),
  ]
  for (const text of troubles) console.log(`${name}: FAILED ${text}`)
  return add(...counts, ...troubles.map(() => one(false)))
}

/** Prints what came of an adapter, and counts it. One that says that its storage does not exist is to be right. */
function judge(name: string, cell: Cell): Count {
  const { adapter, passed, failed, left, absent, seconds } = cell
  const label = `${name} ${adapter}`
  if (absent !== undefined) {
    const expected = !exists(adapter, name)
    console.log(
      `${label}: ${expected ? "does not exist" : "FAILED, it should exist"} (${absent.split("\n")[0]})`,
    )
    return one(expected)
  }
  for (const { law, why } of failed) console.log(`${label}: FAILED ${law}\n    ${why}`)
  const skipped = Object.values(left).reduce((sum, count) => sum + count, 0)
  const count = { passed, failed: failed.length, skipped }
  console.log(`${label}: ${describe(count)} (${seconds.toFixed(1)} s)`)
  return count
}

if (import.meta.main) {
  const names = process.argv.slice(2)
  const known = rows.flat().map(([name]) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length) console.log(`no such runtime: ${unknown.join(", ")}. Known: ${known.join(", ")}`)
  const count = unknown.length ? one(false) : await runConformance(names)
  console.log(describe(count))
  process.exitCode = count.failed ? 1 : 0
}
