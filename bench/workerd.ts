// Cold start in workerd: an isolate is made, the bundle compiled, run and asked once, by the Worker Loader of one workerd.
//   node bench/workerd.ts [rounds=9]
// Each bundle is a hello world that keeps its greeting in memory by one library: minified by esbuild, as wrangler does.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type BuildFailure, build } from "esbuild"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { median, table } from "./measure.ts"

const rounds = Number(process.argv[2] ?? 9)
const here = fileURLToPath(new URL(".", import.meta.url))

/** What a Worker says before `hello` can be awaited for its greeting. */
const workers: Readonly<Record<string, string>> = {
  "hello world alone": "const hello = async () => 'hello'",
  "isocache/core and memory": `
    import { CacheWrapper } from "../dist/core.js"
    import { memory } from "../dist/adapters/memory.js"
    const cache = new CacheWrapper({ adapter: memory() })
    const hello = () => cache.getOrSet("greeting", () => "hello")`,
  "isocache, cached.use(memory)": `
    import { cached } from "../dist/index.js"
    cached.use("memory")
    const hello = () => cached.getOrSet("greeting", () => "hello")`,
  "lru-cache": `
    import { LRUCache } from "lru-cache"
    const cache = new LRUCache({ max: 1000, ttl: 300_000, fetchMethod: async () => "hello" })
    const hello = () => cache.fetch("greeting")`,
  cachified: `
    import { cachified } from "@epic-web/cachified"
    const cache = new Map()
    const hello = () => cachified({ key: "greeting", cache, getFreshValue: () => "hello" })`,
  ocache: `
    import { defineCachedFunction } from "ocache"
    const hello = defineCachedFunction(async () => "hello", { name: "greeting" })`,
  "query-core": `
    import { QueryClient } from "@tanstack/query-core"
    const client = new QueryClient()
    const hello = () => client.fetchQuery({ queryKey: ["greeting"], queryFn: () => "hello" })`,
  "cache-manager": `
    import { createCache } from "cache-manager"
    const cache = createCache()
    const hello = () => cache.wrap("greeting", async () => "hello")`,
}

async function bundle(code: string): Promise<string> {
  const serve = "export default { async fetch() { return new Response(await hello()) } }"
  const built = await build({
    stdin: { contents: `${code}\n${serve}`, resolveDir: here, sourcefile: "worker.js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  })
  return built.outputFiles[0]?.text ?? ""
}

const flare = new Miniflare(
  convertV4MiniflareOptions({
    modules: true,
    script: readFileSync(new URL("start/hosts.js", import.meta.url), "utf8"),
    compatibilityDate: "2026-07-01",
    workerLoaders: { LOADER: {} },
  }),
)

interface Bundle {
  readonly name: string
  readonly code: string
  readonly first: number[]
  readonly second: number[]
}
const bundles: Bundle[] = []
const leftOut: string[] = []
for (const [name, code] of Object.entries(workers)) {
  try {
    bundles.push({ name, code: await bundle(code), first: [], second: [] })
  } catch (error) {
    const [reason] = (error as BuildFailure).errors
    leftOut.push(`${name} is left out, it does not bundle for Workers: ${reason?.text}`)
  }
}
for (let round = -1; round < rounds; round++) {
  for (const { code, first, second, name } of bundles) {
    const response = await flare.dispatchFetch("http://host/", { method: "POST", body: code })
    const text = await response.text()
    if (!response.ok) throw new Error(`${name}: ${text.split("\n")[0]}`)
    const answer = JSON.parse(text)
    if (answer.answer !== "hello") throw new Error(`${name} said ${answer.answer}`)
    if (round < 0) continue
    first.push(answer.first)
    second.push(answer.second)
  }
}
await flare.dispose()
const alone = median(bundles[0]?.first ?? [])
console.log(
  table(
    ["a new isolate", "minified", "to its first answer", "beyond hello world", "its second answer"],
    bundles.map(({ name, code, first, second }) => [
      name,
      `${(code.length / 1000).toFixed(1)} kB`,
      `${median(first).toFixed(1)} ms`,
      `${(median(first) - alone).toFixed(1)} ms`,
      `${median(second).toFixed(2)} ms`,
    ]),
  ),
)
for (const line of leftOut) console.log(`\n${line}`)
process.exit(0)
