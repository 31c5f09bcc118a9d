/*
 * A process of its own: many concurrent callers of one key. Says "ready", "loading" when its fallback is called,
 * "waiting" when another process is seen to have the lease, and what its callers got, one line of JSON each; begins
 * when it is told to by a line on its input.
 */
import { createInterface } from "node:readline"
import { sqlite } from "../../adapters/sqlite.ts"
import { upstash } from "../../adapters/upstash.ts"
import { CacheWrapper } from "../../src/core.ts"
import { delegate } from "../../src/proxies.ts"

export interface Orders {
  readonly path?: string
  readonly url?: string
  readonly token?: string
  readonly callers: number
  readonly leaseTtl: number
  /** How its load ends: by itself, or when a second line comes. */
  readonly ends: "itself" | "told"
}

const { path, url = "", token = "", callers, leaseTtl, ends }: Orders = JSON.parse(process.argv[2] ?? "{}")
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

const adapter = path ? sqlite({ path }) : upstash({ url, token })
const watched = delegate(adapter, {
  async lock(key, ttl) {
    const lease = await adapter.lock?.(key, ttl)
    if (!lease) say({ says: "waiting" })
    return lease
  },
})
// A busy machine is not to be taken for a storage in trouble.
const cache = new CacheWrapper({ adapter: watched, leaseTtl, storeTimeout: 30_000 })
await cache.ready()
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
say({ says: "ready" })
await lines.next()
const told = lines.next()

const start = performance.now()
const load = async () => {
  say({ says: "loading" })
  if (ends === "told") await told
  return `loaded by ${process.pid}`
}
// Nothing else holds a process that waits for ever.
const alive = setInterval(() => {}, 1000)
const values = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet("the one key", load)))
clearInterval(alive)
say({ says: "done", values: [...new Set(values)], ms: performance.now() - start })
await cache.close()
process.exit()
