import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { consumer } from "../../tools/scripts/consumer.ts"
import { run } from "../../tools/scripts/run.ts"
import type { Bundled } from "./bundlers.ts"

const compatibilityDate = "2026-07-01"

/**
 * Bundles the program of a folder as `wrangler deploy` would, and runs the bundle in workerd: what the program
 * prints at the Worker's global scope is what a request is answered.
 */
export async function wrangler(folder: string): Promise<Bundled> {
  const program = readFileSync(join(folder, "main.mjs"), "utf8")
  const [imports, body] = split(program)
  // Work belongs to a request: at the global scope a Worker may not wait.
  const worker = `${imports}
export default {
  async fetch() {
    const lines = []
    const console = { log: (...words) => lines.push(words.join(" ")) }
    try { ${body} } catch (error) { lines.push(String(error?.stack ?? error)) }
    return new Response(lines.join("\\n"))
  },
}
`
  writeFileSync(join(folder, "worker.mjs"), worker)
  writeFileSync(
    join(folder, "wrangler.toml"),
    `name = "consumer"\nmain = "worker.mjs"\ncompatibility_date = "${compatibilityDate}"\nsend_metrics = false\n`,
  )
  const { ok, output } = await run("wrangler", ["deploy", "--dry-run", "--outdir", "out"], {
    cwd: folder,
    quiet: true,
    timeout: 60_000,
    env: {
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_LOG_PATH: join(consumer, "wrangler.log"),
      NO_COLOR: "1",
    },
  })
  if (!ok) throw new Error(output)
  const warnings = output.split("\n").filter((line) => line.includes("[WARNING]"))
  return { warnings, run: () => answer(join(folder, "out")) }
}

/** What the bundle in a folder answers to a request. */
async function answer(folder: string): Promise<string> {
  const names = readdirSync(folder).filter((name) => /\.m?js$/.test(name))
  const main = names.find((name) => name.startsWith("worker."))
  if (!main) throw new Error(`no worker in ${names.join()}`)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [main, ...names.filter((name) => name !== main)].map((name) => ({
        type: "ESModule" as const,
        path: name,
        contents: readFileSync(join(folder, name), "utf8"),
      })),
      compatibilityDate,
    }),
  )
  try {
    const response = await miniflare.dispatchFetch("http://worker/")
    return await response.text()
  } finally {
    await miniflare.dispose()
  }
}

/** The import statements of a small program, and the rest of it. */
function split(program: string): [imports: string, body: string] {
  const statement = /import [^"]*"[^"]+";?/g
  return [(program.match(statement) ?? []).join("\n"), program.replace(statement, "")]
}
