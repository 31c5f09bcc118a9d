// Workers as documents show them, in workerd.
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { bundleWorker } from "../../tools/scripts/worker.ts"
import { type Block, blocksOf } from "./blocks.ts"

/** Opens the Worker of a block with the namespace and the date that the wrangler.toml of its page says. */
export async function openWorker({ file, code }: Block): Promise<{ worker: Miniflare; binding: string }> {
  const toml = blocksOf(file).find(({ language }) => language === "toml")?.code ?? ""
  const said = (pattern: RegExp) => pattern.exec(toml)?.[1] ?? ""
  const binding = said(/\[\[kv_namespaces\]\]\nbinding = "(\w+)"/)
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundleWorker({ code }),
      compatibilityDate: said(/compatibility_date = "([\d-]+)"/),
      kvNamespaces: [binding],
    }),
  )
  return { worker, binding }
}
