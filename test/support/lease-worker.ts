/*
 * A process of its own: many concurrent callers of one key. Says "ready", "loading" when its fallback is called, and
 * what its callers got, one line of JSON each; begins when it is told to by a line on its input.
 */
import { once } from "node:events"
import { sqlite } from "../../adapters/sqlite.ts"
import { upstash } from "../../adapters/upstash.ts"
import { CacheWrapper } from "../../src/core.ts"

export interface Orders {
  readonly path?: string
  readonly url?: string
  readonly token?: string
  readonly callers: number
  readonly leaseTtl: number
  /** How long its load takes; `null` never ends. */
  readonly loadMs: number | null
}

const { path, url = "", token = "", callers, leaseTtl, loadMs }: Orders = JSON.parse(process.argv[2] ?? "{}")
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

const cache = new CacheWrapper({ adapter: path ? sqlite({ path }) : upstash({ url, token }), leaseTtl })
await cache.ready()
say({ says: "ready" })
await once(process.stdin, "data")

const start = performance.now()
const load = async () => {
  say({ says: "loading" })
  await new Promise((resolve) => loadMs !== null && setTimeout(resolve, loadMs))
  return `loaded by ${process.pid}`
}
// Nothing else holds a process that waits for ever.
const alive = setInterval(() => {}, 1000)
const values = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet("the one key", load)))
clearInterval(alive)
say({ says: "done", values: [...new Set(values)], ms: performance.now() - start })
await cache.close()
process.exit()
