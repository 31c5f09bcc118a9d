// Where the laws run: the runner, bundled for each kind of runtime, and how it is started there.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type BuildOptions, build } from "esbuild"
import type { Engine } from "../../test/browser/installed.ts"
import type { Desk } from "./desk.ts"
import { root, run } from "./run.ts"

/** How long a runtime may take for all laws on all adapters, in ms. */
const patience = 600_000

/** Runs the laws, which tell the desk. Answers what went wrong with the run itself, `undefined` if nothing did. */
export type Start = (desk: Desk) => Promise<string | undefined>

const common: BuildOptions = {
  bundle: true,
  format: "esm",
  target: "es2022",
  absWorkingDir: root,
  tsconfigRaw: {}, // the tests' own would lead the package's name to the sources
  logLevel: "warning",
}

/** A command: Node, Deno, Bun. It resolves the package itself, as in anybody's project. */
export function process(command: string, args: readonly string[]): Start {
  return async (desk) => {
    const outfile = join(root, ".conformance/run.mjs")
    await build({ ...common, entryPoints: ["test/conformance/run.ts"], packages: "external", outfile })
    const { ok, output } = await run(command, [...args, outfile, desk.url], {
      timeout: patience,
      quiet: true,
    })
    return ok ? undefined : output.trim() || "the process failed"
  }
}

/** A Worker with local KV, as of the repository's wrangler.toml. */
export const worker: Start = async (desk) => {
  const { convertV4MiniflareOptions, Miniflare } = await import("miniflare")
  const built = await build({
    ...common,
    entryPoints: ["test/conformance/run-worker.ts"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    write: false,
  })
  const settings = readFileSync(join(root, "wrangler.toml"), "utf8")
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: built.outputFiles[0]?.text ?? "",
      compatibilityDate: /^compatibility_date = "([\d-]+)"$/m.exec(settings)?.[1] ?? "",
      kvNamespaces: ["CACHE"],
      cf: false,
    }),
  )
  try {
    const signal = AbortSignal.timeout(patience)
    await (await miniflare.dispatchFetch(`http://w/?desk=${encodeURIComponent(desk.url)}`, { signal })).text()
    return undefined
  } catch (error) {
    return String(error)
  } finally {
    await miniflare.dispose()
  }
}

/** A page in a browser of its own. */
export function page(engine: Engine): Start {
  return async (desk) => {
    const { openEngine } = await import("../../test/browser/open.ts")
    const browser = await openEngine(engine)
    try {
      await browser.open(desk.url)
      await desk.end(patience)
      return undefined
    } finally {
      await browser.close()
    }
  }
}

/** What a desk serves to pages: the runner in its chunks. */
export async function pageFiles(): Promise<ReadonlyMap<string, string>> {
  const built = await build({
    ...common,
    entryPoints: ["test/conformance/run-page.ts"],
    splitting: true,
    outdir: "out",
    write: false,
  })
  const html = '<!doctype html><title>laws</title><script type="module" src="/run-page.js"></script>'
  const scripts = (built.outputFiles ?? []).map(({ path, text }): [string, string] => [
    path.slice(join(root, "out/").length),
    text,
  ])
  return new Map([["index.html", html], ...scripts])
}
