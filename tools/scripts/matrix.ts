// Compares the run of the laws that was just made with what the README says of it:
//   npm test -- runtimes matrix            runs, prints the table and compares
//   npm test -- runtimes matrix --write    runs, and writes docs/matrix.json and the README's table
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { add, type Count, one } from "./count.ts"
import { inCI } from "./machine.ts"
import { aliases, claims, type Field, lastRun, type Matrix, matrixFile, matrixOf } from "./matrix-data.ts"
import { plain, withTable } from "./matrix-table.ts"
import { run as execute, root } from "./run.ts"

/** The step: prints the last run and judges it, or has it claimed. */
export async function runMatrix({ write }: { readonly write: boolean }): Promise<Count> {
  const run = lastRun()
  if (run === undefined) {
    console.log("No run of the laws is on record: npm test -- runtimes matrix")
    return one(false)
  }
  const matrix = matrixOf(run)
  console.log(`Laws that hold on the built package, as run at ${run.at}:\n\n${plain(matrix)}\n`)
  console.log('"–": no such storage or ability. "not run": not on this machine, or not in this run.\n')
  if (write) return claim(matrix)
  const verdicts = compare(claims(), matrix)
  for (const { text } of verdicts) if (text !== undefined) console.log(text)
  return add(...verdicts.map(({ count }) => count))
}

/** What a field comes to, and what there is to say of it. */
export interface Verdict {
  readonly count: Count
  readonly text?: string
}

const regenerate = "see why, or regenerate the table: npm test -- runtimes matrix --write"

/** Judges each field by what is claimed of it. What did not run is skipped, and fails in CI. */
export function compare(claimed: Matrix, ran: Matrix, strict: boolean = inCI()): readonly Verdict[] {
  const judge = (where: string, claim: Field | undefined, field: Field): Verdict => {
    const [said, is] = [claim ?? "not run", field].map((it) => JSON.stringify(it))
    if (said === is) {
      return field === "not run" ? { count: { passed: 0, failed: 0, skipped: 1 } } : { count: one(true) }
    }
    if (field === "not run" && !strict) {
      return { count: { passed: 0, failed: 0, skipped: 1 }, text: `NOT RUN: ${where}, claimed: ${said}` }
    }
    return { count: one(false), text: `FAILED: ${where}: claimed ${said}, ran ${is}; ${regenerate}` }
  }
  const fields = Object.entries(ran.runtimes).flatMap(([runtime, own]) =>
    aliases.map((alias) => judge(`${alias} in ${runtime}`, claimed.runtimes[runtime]?.[alias], own[alias])),
  )
  const abilities = aliases.flatMap((alias): Verdict[] => {
    const [said, is] = [claimed, ran].map(({ adapters }) => JSON.stringify(adapters[alias]))
    if (is === undefined || said === is) return []
    return [{ count: one(false), text: `FAILED: ${alias} can ${is}, claimed ${said}; ${regenerate}` }]
  })
  return [...fields, ...abilities]
}

/** Has the data file and the README say what `matrix` does, unless a law failed. */
async function claim(matrix: Matrix): Promise<Count> {
  const failed = Object.values(matrix.runtimes).some((fields) =>
    Object.values(fields).some((field) => typeof field === "object" && field.failed),
  )
  if (failed) {
    console.log("Nothing is written: laws failed.")
    return one(false)
  }
  const readme = join(root, "README.md")
  writeFileSync(matrixFile, `${JSON.stringify(matrix, undefined, 2)}\n`)
  await execute("biome", ["format", "--write", matrixFile], { quiet: true })
  writeFileSync(readme, withTable(readFileSync(readme, "utf8"), matrix))
  console.log("Written: docs/matrix.json and the README's table.")
  return one(true)
}
