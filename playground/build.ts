// Builds the two halves of the playground into memory: the page for browsers, the script for workerd.
import { fileURLToPath } from "node:url"
import { build as bundle } from "esbuild"
import { build } from "vite"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The files of the page by their path ("/index.html", "/assets/…"). */
export async function buildPage(): Promise<Map<string, string | Uint8Array>> {
  const built = await build({ configFile: path("vite.config.ts"), build: { write: false } })
  const outputs = Array.isArray(built) ? built : [built]
  const files = new Map<string, string | Uint8Array>()
  for (const made of outputs) {
    if (!("output" in made)) continue
    for (const file of made.output)
      files.set(`/${file.fileName}`, file.type === "chunk" ? file.code : file.source)
  }
  return files
}

/** The Worker as one module. */
export async function buildWorker(): Promise<string> {
  const { outputFiles } = await bundle({
    entryPoints: [path("worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [
      {
        name: "sources",
        setup({ onResolve }) {
          onResolve({ filter: /^isocache\/adapters\/\w+$/ }, (found) => ({
            path: path(`../${found.path.slice(9)}.ts`),
          }))
          onResolve({ filter: /^isocache$/ }, () => ({ path: path("../src/index.ts") }))
          // What the condition "workerd" does in the built package.
          onResolve({ filter: /\/workers\.ts$/ }, () => ({ path: path("../src/base/workers.workerd.ts") }))
        },
      },
    ],
  })
  return outputFiles[0]?.text ?? ""
}
