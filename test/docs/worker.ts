// Workers as documents show them, in workerd.
import { build, type Plugin } from "esbuild"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { root } from "../../tools/scripts/run.ts"
import { type Block, blocksOf } from "./blocks.ts"

/** What the condition "workerd" does in the built package. */
const workerd: Plugin = {
  name: "workers",
  setup(build) {
    build.onResolve({ filter: /\/workers\.ts$/ }, () => ({ path: `${root}/src/base/workers.workerd.ts` }))
  },
}

/** Opens the Worker of a block with the namespace and the date that the wrangler.toml of its page says. */
export async function openWorker({ file, code }: Block): Promise<{ worker: Miniflare; binding: string }> {
  const toml = blocksOf(file).find(({ language }) => language === "toml")?.code ?? ""
  const said = (pattern: RegExp) => pattern.exec(toml)?.[1] ?? ""
  const binding = said(/\[\[kv_namespaces\]\]\nbinding = "(\w+)"/)
  const built = await build({
    stdin: { contents: code, loader: "ts", resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    alias: { isocache: `${root}/src/index.ts` },
    plugins: [workerd],
  })
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: built.outputFiles[0]?.text ?? "",
      compatibilityDate: said(/compatibility_date = "([\d-]+)"/),
      kvNamespaces: [binding],
    }),
  )
  return { worker, binding }
}
