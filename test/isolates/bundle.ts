// Workers of these tests, as the built package is in one: with the condition "workerd".
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The script of a Worker, in one file: of a file below this folder, or of `code`, which has the package by its name. */
export async function bundleWorker(entry: string | { readonly code: string }): Promise<string> {
  const built = await build({
    ...(typeof entry === "string"
      ? { entryPoints: [path(entry)] }
      : { stdin: { contents: entry.code, loader: "ts", resolveDir: path("../..") } }),
    alias: { isocache: path("../../src/index.ts") },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [
      {
        name: "workers",
        setup(build) {
          build.onResolve({ filter: /\/workers\.ts$/ }, () => ({
            path: path("../../src/base/workers.workerd.ts"),
          }))
        },
      },
    ],
  })
  return built.outputFiles[0]?.text ?? ""
}

/** Old Workers and new ones, with Node's modules and without. */
export const runtimes: [compatibilityDate: string, flags: string[]][] = [
  ["2024-01-01", []],
  ["2024-01-01", ["nodejs_compat"]],
  ["2024-12-01", []],
  ["2024-12-01", ["nodejs_compat"]],
  ["2026-07-01", []],
  ["2026-07-01", ["nodejs_compat"]],
]
