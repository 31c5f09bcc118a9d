// What a page or a Worker has to load for a memory cache with getOrSet, beside peers, and each entry by itself.
//   node bench/sizes.ts
// Bundled and minified by esbuild, then brotli 11. What loads later, if at all, is counted apart.
import { fileURLToPath } from "node:url"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { type BuildFailure, build } from "esbuild"
import { budgets, measure } from "../tools/scripts/size.ts"
import { table } from "./measure.ts"

const here = fileURLToPath(new URL(".", import.meta.url))

/** The least that keeps values in memory and loads them on a miss. */
const peers: Readonly<Record<string, string>> = {
  "p-memoize (no ttl, no bound)": "export { default } from 'p-memoize'",
  "cachified and a Map (no bound)": "export { cachified } from '@epic-web/cachified'",
  "lru-cache (fetch)": "export { LRUCache } from 'lru-cache'",
  "layered-loader": "export { Loader } from 'layered-loader'",
  "async-cache-dedupe": "export { createCache } from 'async-cache-dedupe'",
  "cache-manager (wrap)": "export { createCache } from 'cache-manager'",
  ocache: "export { defineCachedFunction } from 'ocache'",
  "unstorage (no getOrSet)": "export { createStorage } from 'unstorage'",
  "keyv (no getOrSet)": "export { Keyv } from 'keyv'",
  cacheable: "export { Cacheable } from 'cacheable'",
  "query-core": "export { QueryClient } from '@tanstack/query-core'",
  bentocache:
    "export { BentoCache, bentostore } from 'bentocache'; export { memoryDriver } from 'bentocache/drivers/memory'",
}

async function bundled(code: string): Promise<string> {
  const built = await build({
    stdin: { contents: code, resolveDir: here, sourcefile: "entry.js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
    logLevel: "silent",
  })
  return built.outputFiles[0]?.text ?? ""
}

const brotli = (text: string) =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
const cells = (text: string, later = 0) => [
  kB(text.length),
  kB(gzipSync(text).length),
  kB(brotli(text)),
  later > 0 ? kB(later) : "–",
]

const rows: string[][] = []
for (const [name, { code }] of budgets()) {
  if (name === "core + memory" || name === "isocache") {
    const { text, lazy } = await measure(code)
    rows.push([`isocache: ${name === "isocache" ? "the root, `cached`" : name}`, ...cells(text, lazy)])
  }
}
for (const [name, code] of Object.entries(peers)) {
  try {
    rows.push([name, ...cells(await bundled(code))])
  } catch (error) {
    const [reason] = (error as BuildFailure).errors
    rows.push([name, `does not bundle: ${reason?.text}`, "", "", ""])
  }
}
console.log(table(["memory + getOrSet", "minified", "gzip", "brotli", "later, brotli"], rows))
console.log()

const entries: string[][] = []
for (const [name, { code, limit }] of budgets()) {
  const { text, lazy } = await measure(code)
  entries.push([name, ...cells(text, lazy), kB(limit)])
}
console.log(table(["entry", "minified", "gzip", "brotli", "later, brotli", "budget"], entries))
