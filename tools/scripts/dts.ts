// tsc leaves "./x.ts" in the .d.ts files it emits (rewriteRelativeImportExtensions is for JavaScript only).
// TypeScript reads that; Deno's checker does not. So: "./x.js".
import { glob, readFile, writeFile } from "node:fs/promises"

for await (const file of glob("dist/**/*.d.ts")) {
  const text = await readFile(file, "utf8")
  const out = text.replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1")
  if (out !== text) await writeFile(file, out)
}
