// The last touches to dist, after tsup and tsc.
import { glob, readFile, writeFile } from "node:fs/promises"

// tsc leaves "./x.ts" in the .d.ts files it emits (rewriteRelativeImportExtensions is for JavaScript only).
// TypeScript reads that; Deno's checker does not. So: "./x.js".
await rewrite("dist/**/*.d.ts", (text) => text.replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"))

// Projects of a lib without it have no Symbol.asyncDispose.
await rewrite("dist/**/wrapper.d.ts", (text) => `/// <reference lib="esnext.disposable" />\n${text}`)

// esbuild keeps the order in which chunks load by imports that take nothing. No module of this package does
// anything while it loads, and bundlers that read "sideEffects": false warn of such imports.
await rewrite("dist/**/*.js", (text) => text.replace(/^import "\.{1,2}\/[^"]+";\n/gm, ""))

async function rewrite(files: string, change: (text: string) => string): Promise<void> {
  for await (const file of glob(files)) {
    const text = await readFile(file, "utf8")
    const out = change(text)
    if (out !== text) await writeFile(file, out)
  }
}
