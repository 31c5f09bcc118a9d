import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll } from "vitest"
import { kv } from "../../adapters/kv.ts"
import { suite } from "../conformance/suite.ts"
import { kvDouble } from "../support/kv-double.ts"

const facts = ["shared", "persistent"]

suite("kv on a double", facts, () => {
  const { kv: binding } = kvDouble()
  return { open: () => kv({ binding }) }
})

suite("kv on a slow double with small pages", facts, () => {
  const { kv: binding } = kvDouble({ latency: () => Math.random(), pageSize: 3, missing: "object" })
  return { open: () => kv({ binding }) }
})

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    modules: true,
    script: "export default { fetch: () => new Response() }",
    compatibilityDate: "2024-01-01",
    kvNamespaces: ["CACHE"],
  }),
)
afterAll(() => miniflare.dispose())

suite("kv on local KV", facts, async () => {
  const binding = await miniflare.getKVNamespace("CACHE")
  await kv({ binding }).clear("")
  return { open: () => kv({ binding }) }
})
