// What package.json says is public, read from the packed package.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { consumer } from "../../tools/scripts/consumer.ts"
import { run } from "../../tools/scripts/run.ts"

export const installed: string = join(consumer, "node_modules/isocache")

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export const manifest: Manifest = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
)

/** The specifiers of all entries that hold code: "isocache", "isocache/core", … */
export const entries: readonly string[] = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== "string")
  .map(([path]) => `isocache${path.slice(1)}`)

/** A consumer of one line, which prints the names an entry has. */
export function lineFor(entry: string): string {
  return `import * as all from "${entry}"; console.log(Object.keys(all).sort().join())`
}

/** What a file prints in Node; throws with its error output where it fails. */
export async function printed(file: string): Promise<string> {
  const { ok, output } = await run("node", [file], { quiet: true, timeout: 30_000 })
  if (!ok) throw new Error(output)
  return output.trim()
}
