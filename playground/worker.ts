// The Worker beside the page. Its KV is an adapter like any other; each of its methods is a route here.
import { CacheWrapper } from "isocache"
import { kv } from "isocache/adapters/kv"

const storage = kv({ binding: "CACHE" })
const own = new CacheWrapper({ adapter: storage, prefix: "worker" })

type Route = (args: readonly unknown[]) => unknown

const routes: Readonly<Record<string, Route>> = {
  get: ([key]) => storage.get(text(key)),
  set: ([key, record, ttl]) => storage.set(text(key), text(record), typeof ttl === "number" ? ttl : Infinity),
  delete: ([key]) => storage.delete(text(key)),
  clear: ([prefix]) => storage.clear(text(prefix)),
  getMany: ([keys]) => storage.getMany(Array.isArray(keys) ? keys.map(text) : []),
  async keys([prefix]) {
    const found: string[] = []
    for await (const key of storage.keys(text(prefix))) found.push(key)
    return found
  },
  // A load of the Worker's own: one for all requests, served stale while it is made anew.
  greeting: () => own.getOrSet("greeting", greet, { ttl: "2s", grace: "1m", softTimeout: 0 }),
}

export default {
  async fetch(request: Request): Promise<Response> {
    const route = routes[new URL(request.url).pathname.replace(/^\/kv\//, "")]
    if (!route) return Response.json({ error: "There is no such route." }, { status: 404 })
    // Pages of other origins cannot send this type without asking first, by a preflight that gets no leave here.
    const isOwn = request.method === "POST" && request.headers.get("content-type") === "application/json"
    if (!isOwn) return Response.json({ error: "POST the arguments as a JSON array." }, { status: 405 })
    try {
      const args: unknown = await request.json()
      const result = await route(Array.isArray(args) ? args : [])
      return Response.json(result === undefined ? {} : { result })
    } catch (error) {
      return Response.json({ error: error instanceof Error ? error.message : "It failed." }, { status: 400 })
    }
  },
}

async function greet(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 300))
  return `Made in the Worker at ${new Date().toISOString().slice(11, 19)} UTC`
}

function text(value: unknown): string {
  if (typeof value === "string") return value
  throw new TypeError("Keys and records are text.")
}
