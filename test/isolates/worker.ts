// A Worker whose requests lead, follow, die and come late, all at one module-scope cache.
import { kv } from "../../adapters/kv.ts"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/wrapper.ts"

const caches = {
  memory: new CacheWrapper({ adapter: memory(), leaseTtl: 400 }),
  kv: new CacheWrapper({ adapter: kv({ binding: "CACHE" }), leaseTtl: 400 }),
}

// Module scope: nothing here may do I/O, and nothing here may keep a key from being used later.
const early = caches.memory
  .getOrSet("module", () => "made at module scope")
  .catch((error: unknown) => String(error))
const peeked = caches.memory.peek("module")
// What must wait for another there has no timer to look at it by.
const kept = new Map<string, unknown>()
const later = new CacheWrapper({
  ttl: Infinity,
  adapter: {
    name: "later",
    medium: "text",
    get: async (key) => kept.get(key),
    set: async (key, record) => void kept.set(key, record),
    delete: async (key) => kept.delete(key),
    clear: async () => kept.clear(),
  },
})
const writes = Promise.all([later.set("k", 1), later.set("k", 2), later.invalidateTags("t")])
const loaded = later.getOrSet("l", async () => {
  for (let turns = 0; turns < 100; turns++) await undefined
  return "loaded"
})
const joined = writes.then(() => later.getOrSet("l", () => "not asked"))
joined.catch(() => {})

let loads = 0

async function visit(): Promise<{ by: string[] }> {
  await new Promise((resolve) => setTimeout(resolve, 150))
  return { by: [] }
}

function visited(page: { by: string[] }, url: URL): string[] {
  page.by.push(url.searchParams.get("id") ?? "")
  return page.by
}

function stream(text: string): ReadableStream {
  return new Blob([text]).stream()
}

interface Context {
  waitUntil(promise: Promise<unknown>): void
}

export default {
  async fetch(request: Request, _env: unknown, context: Context): Promise<Response> {
    const url = new URL(request.url)
    const shared = caches[url.searchParams.get("on") === "kv" ? "kv" : "memory"]
    const cache = url.searchParams.has("bind") ? shared.bind(context) : shared
    const key = url.searchParams.get("key") ?? "key"
    const ms = Number(url.searchParams.get("ms") ?? 150)
    const load = async () => {
      loads++
      await new Promise((resolve) => setTimeout(resolve, ms))
      return `value ${loads}`
    }
    switch (url.pathname) {
      case "/loads":
        return Response.json(loads)
      case "/reset":
        loads = 0
        return Response.json(0)
      case "/module":
        return Response.json([
          await early,
          peeked ?? null,
          await caches.memory.getOrSet("module", () => "made in a request"),
        ])
      case "/waited":
        return Response.json([await writes, await loaded, await joined, await later.get("k")])
      case "/follow":
        return Response.json(await cache.getOrSet(key, load))
      case "/leave": // answers before its load is done
        cache.getOrSet(key, load).catch(() => {})
        return Response.json("left")
      case "/throw":
        cache.getOrSet(key, load).catch(() => {})
        throw new Error("the leader fails")
      case "/hang": // a fallback that never settles
        cache.getOrSet(key, () => new Promise<string>(() => {})).catch(() => {})
        return Response.json("left hanging")
      case "/set":
        await cache.set(key, "old", { ttl: 1, grace: "1h" })
        return Response.json("set")
      case "/revalidate":
        return Response.json(await cache.getOrSet(key, load, { grace: "1h", softTimeout: 0 }))
      case "/signal": {
        // The signal of a request's load must not be touched by another one.
        const value = await cache.getOrSet(key, async ({ signal }) => {
          const made = await load()
          return signal.aborted ? "aborted" : made
        })
        return Response.json(value)
      }
      case "/change": // changes what it got
        return Response.json(await visited(await cache.getOrSet<{ by: string[] }>(key, visit), url))
      case "/response": {
        // A response belongs to the request that fetched it.
        const response = await cache.getOrSet(key, async () => new Response(stream(await load())))
        return Response.json(await response.text())
      }
      case "/function": {
        // So does what a function reads, or a stub of another Worker, which is one.
        const read = await cache.getOrSet(key, async () => {
          const response = new Response(stream(await load()))
          return () => response.text()
        })
        return Response.json(await read())
      }
      case "/cancelled": // by what ends this request alone
        await cache.getOrSet(key, async () => {
          await load()
          throw new DOMException("The client has disconnected", "AbortError")
        })
        return Response.json("not reached")
      default:
        return Response.json("nothing here", { status: 404 })
    }
  },
}
