// Measures what loads at once of each entry of the built package: node tools/scripts/size.ts
// The budgets, and the words that must not be in it, are data: tools/size.json.
import { readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { brotliCompressSync, constants } from "node:zlib"
import { build } from "esbuild"
import { add, type Count, describe, one } from "./count.ts"
import { root } from "./run.ts"

interface Budget {
  /** What a consumer writes. */
  readonly code: string
  /** Bytes, minified and brotli; a kB is 1 000. */
  readonly limit: number
  /** What must not be in the code that loads at once. */
  readonly without?: readonly string[]
}

export interface Size {
  /** Bytes that load at once. */
  readonly first: number
  /** Bytes of the chunks that load later, if at all. */
  readonly lazy: number
  /** The minified code that loads at once. */
  readonly text: string
}

/** Bundles `code` as a browser would get it, packages left out, and weighs it. */
export async function measure(code: string): Promise<Size> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root, sourcefile: "entry.js" },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["superjson", "idb", "@upstash/redis", "@upstash/redis/*", "node:*", "bun:*", "cloudflare:*"],
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
  })
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
  const now = new Set<string>()
  const visit = (name: string): void => {
    if (now.has(name)) return
    now.add(name)
    for (const { path, kind } of outputs.get(name)?.imports ?? []) {
      if (kind === "import-statement" && outputs.has(basename(path))) visit(basename(path))
    }
  }
  for (const [name, output] of outputs) if (output.entryPoint) visit(name === "stdin.js" ? name : "stdin.js")
  const files = outputFiles.map((file) => ({ name: basename(file.path), text: file.text }))
  const first = files.filter((file) => now.has(file.name))
  const lazy = files.filter((file) => !now.has(file.name))
  return { first: weigh(first), lazy: weigh(lazy), text: first.map((file) => file.text).join("\n") }
}

/** Each file by itself, as it travels. */
function weigh(files: readonly { text: string }[]): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 }
  return files.reduce((sum, file) => sum + brotliCompressSync(file.text, { params }).length, 0)
}

export function budgets(): [name: string, budget: Budget][] {
  const { $comment: _, ...entries } = JSON.parse(readFileSync(join(root, "tools/size.json"), "utf8"))
  return Object.entries(entries)
}

/** Prints a table and counts each entry as one check. */
export async function runSizes(): Promise<Count> {
  const counts: Count[] = []
  for (const [name, { code, limit, without = [] }] of budgets()) {
    try {
      const { first, lazy, text } = await measure(code)
      const found = without.filter((word) => text.includes(word))
      const ok = first <= limit && found.length === 0
      const notes = [
        lazy ? `and ${lazy} B lazy` : "",
        found.length ? `must not hold ${found.join(", ")}` : "",
      ]
      console.log(
        `${ok ? "ok  " : "OVER"} ${name.padEnd(30)} ${String(first).padStart(6)} B of ${limit}`,
        ...notes,
      )
      counts.push(one(ok))
    } catch (error) {
      console.log(`FAIL ${name.padEnd(30)} ${error instanceof Error ? error.message : error}`)
      counts.push(one(false))
    }
  }
  return add(...counts)
}

if (import.meta.main) {
  const count = await runSizes()
  console.log(describe(count))
  process.exitCode = count.failed ? 1 : 0
}
