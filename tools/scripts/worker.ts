// A Worker of the sources in one script, as the built package is in one: with the condition "workerd".
import { join } from "node:path"
import { build, type Plugin } from "esbuild"
import { root } from "./run.ts"

const sources = (hasHook: boolean): Plugin => ({
  name: "sources",
  setup({ onResolve }) {
    onResolve({ filter: /^isocache\/adapters\/\w+$/ }, ({ path }) => ({
      path: join(root, `${path.slice(9)}.ts`),
    }))
    onResolve({ filter: /^isocache$/ }, () => ({ path: join(root, "src/index.ts") }))
    // What the condition does in the built package.
    if (hasHook)
      onResolve({ filter: /\/workers\.ts$/ }, () => ({ path: join(root, "src/base/workers.workerd.ts") }))
  },
})

/**
 * The script of a Worker: of a file of this repository, or of `code`; both may import the package by its name.
 *
 * @param hasHook - Whether the bundler knows the condition "workerd", so that requests are kept alive by themselves.
 */
export async function bundleWorker(
  entry: string | { readonly code: string },
  hasHook = true,
): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof entry === "string"
      ? { entryPoints: [join(root, entry)] }
      : { stdin: { contents: entry.code, loader: "ts", resolveDir: root } }),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: [...(hasHook ? ["workerd"] : []), "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [sources(hasHook)],
  })
  return outputFiles[0]?.text ?? ""
}

/** Old Workers and new ones, with Node's modules and without. */
export const workerRuntimes: [compatibilityDate: string, flags: string[]][] = [
  ["2024-01-01", []],
  ["2024-01-01", ["nodejs_compat"]],
  ["2024-12-01", []],
  ["2024-12-01", ["nodejs_compat"]],
  ["2026-07-01", []],
  ["2026-07-01", ["nodejs_compat"]],
]
