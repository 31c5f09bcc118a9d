// A service worker that writes to the database of the page, with no memory in front.
import { indexeddb } from "../../adapters/indexeddb.ts"
import { CacheWrapper } from "../../src/core.ts"

/** What the page asks for, with a port for the answer. */
export interface Order {
  readonly name: string
  readonly verb: "set" | "invalidateTags" | "read" | "lock"
  readonly key: string
  readonly value?: number
}

const adapters = new Map<string, ReturnType<typeof indexeddb>>()

function adapterOf(name: string): ReturnType<typeof indexeddb> {
  const adapter = adapters.get(name) ?? indexeddb({ name })
  adapters.set(name, adapter)
  return adapter
}

async function obey({ name, verb, key, value }: Order): Promise<unknown> {
  const adapter = adapterOf(name)
  const cache = new CacheWrapper({ adapter, storeTimeout: "30s" })
  if (verb === "set") await cache.set(key, value, { tags: ["tag"] })
  if (verb === "invalidateTags") await cache.invalidateTags(key)
  if (verb === "read") return cache.get(key)
  if (verb === "lock") return (await adapter.lock?.(key, 1_000)) !== undefined
  return globalThis.constructor.name
}

addEventListener("message", (event) => {
  // An ExtendableMessageEvent, which the types of a page do not know.
  const { data, ports } = event as MessageEvent<Order>
  const [port] = ports
  obey(data).then(
    (answer) => port?.postMessage({ answer }),
    (error: unknown) => port?.postMessage({ error: String(error) }),
  )
})
