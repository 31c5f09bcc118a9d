import { memory } from "../../../adapters/memory.ts"
import { CacheWrapper, registerAlias } from "../../../src/index.ts"

const closed: number[] = []
let opened = 0
registerAlias("mine", () => {
  const id = ++opened
  const inner = memory()
  return { ...inner, get: async (key: string) => inner.get(key), close: () => void closed.push(id) }
})
const cache = new CacheWrapper({ adapter: "mine" })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const acts: Record<string, () => unknown> = {
  load: () => cache.getOrSet("k", () => sleep(200).then(() => "loaded")),
  use: () => (cache.use("mine"), "used"),
  closed: () => closed,
}

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await acts[new URL(request.url).pathname.slice(1)]?.())
  },
}
