// Builds the page of the playground into memory.
import { fileURLToPath } from "node:url"
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
