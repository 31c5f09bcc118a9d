// Measures what loads at once of each entry of the built package: node tools/scripts/size.ts
// The budgets, and the words that must not be in it, are data: tools/size.json.
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { brotliCompressSync, constants } from "node:zlib"
import { type BuildOptions, build, type Plugin } from "esbuild"
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
  /** Bytes, roughly, of the chunks that load later, if at all. */
  readonly lazy: number
  /** The minified code that loads at once. */
  readonly text: string
}

/** Bundles `code` as a browser would get it, packages left out, and weighs it. */
export async function measure(code: string): Promise<Size> {
  const common: BuildOptions = {
    stdin: { contents: code, resolveDir: root, sourcefile: "entry.js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["superjson", "idb", "@upstash/redis", "@upstash/redis/*"],
    outdir: "out",
    write: false,
    logLevel: "silent",
  }
  const once = await build({ ...common, plugins: [lazyLeftOut, unhashed()] })
  const text = once.outputFiles?.[0]?.text ?? ""
  const first = weigh(text)
  const whole = await build({ ...common, plugins: [unhashed()], splitting: true })
  const all = (whole.outputFiles ?? []).reduce((sum, file) => sum + weigh(file.text), 0)
  return { first, lazy: whole.outputFiles?.length === 1 ? 0 : all - first, text }
}

const lazyLeftOut: Plugin = {
  name: "lazy imports left out",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    )
  },
}

/**
 * Gives the chunks of the build names without their hashes. esbuild takes the letters in them into account when it
 * shortens names, so that with every edit the same code weighed up to 100 B more or less.
 */
function unhashed(): Plugin {
  const paths = new Map<string, string>()
  return {
    name: "unhashed",
    setup(build) {
      build.onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
        let count = 0
        const contents = readFileSync(path, "utf8").replace(/"([^"\n]*)-[A-Z0-9]{8}\.js"/g, (name, start) => {
          const plain = `${start}-${String(count++).padStart(8, "0")}.js`
          paths.set(`${path} ${plain}`, join(dirname(path), JSON.parse(name)))
          return JSON.stringify(plain)
        })
        return { contents, loader: "js" }
      })
      build.onResolve({ filter: /-\d{8}\.js$/ }, ({ importer, path }) => {
        const found = paths.get(`${importer} ${path}`)
        return found === undefined ? undefined : { path: found }
      })
    },
  }
}

function weigh(text: string): number {
  return brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
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
