import { cached, type Duration, type LoadContext } from "isocache"

interface Env {
  readonly ORIGIN: string
  readonly TTL: Duration
  readonly GRACE: Duration
  readonly PURGE_SECRET?: string
}

/** A page as it is kept. */
interface Page {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array<ArrayBuffer>
}

const kept = ["content-type", "content-language", "etag", "last-modified", "location"]
const mostPurged = 100

cached.use("kv", { binding: "CACHE", near: true })
cached.on("error", ({ key, error }) => console.error(key, error))

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    if (pathname === "/purge") return purge(request, env)
    // Only GET requests without authorization are cached; all others go to the origin.
    const isShared = request.method === "GET" && !request.headers.has("authorization")
    if (!isShared) return fetch(new Request(env.ORIGIN + pathname + search, request))

    const options = { ttl: env.TTL, grace: env.GRACE, softTimeout: 0, hardTimeout: "20s" } as const
    const load = (context: LoadContext<Page>) => loadPage(env.ORIGIN + pathname + search, context)
    const page = await cached.getOrSet(["page", pathname, search], load, options)
    return new Response(page.body, { status: page.status, headers: page.headers.map((pair) => [...pair]) })
  },
}

/** Asks the origin, by etag if there is an old page. Throws for an error of the origin, so that the old page is served. */
async function loadPage(url: string, context: LoadContext<Page>): Promise<Page> {
  const before = context.stale?.value
  const etag = before?.headers.find(([name]) => name === "etag")?.[1]
  const response = await fetch(url, {
    signal: context.signal,
    redirect: "manual",
    headers: etag === undefined ? {} : { "if-none-match": etag },
  })
  if (response.status === 304 && before) return context.keep()
  if (response.status >= 500) throw new Error(`The origin answered ${response.status}.`)
  context.tags = tagsOf(response)
  if (!response.ok) context.ttl = "5s"
  if (response.headers.has("set-cookie")) context.skip()
  return {
    status: response.status,
    headers: [...response.headers].filter(([name]) => kept.includes(name)),
    body: new Uint8Array(await response.arrayBuffer()),
  }
}

function tagsOf(response: Response): string[] {
  const tags = response.headers.get("cache-tag")?.split(",") ?? []
  return tags.map((tag) => tag.trim()).filter((tag) => tag !== "")
}

/** Handles the webhook: `POST /purge` with the secret and `{ "tags": ["product-7"] }`. */
async function purge(request: Request, env: Env): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } })
  if (!(await knowsSecret(request, env.PURGE_SECRET))) return new Response(null, { status: 401 })
  const wish: unknown = await request.json().catch(() => undefined)
  const tags: unknown = Object(wish).tags
  const isList = Array.isArray(tags) && tags.length <= mostPurged
  if (!isList || !tags.every((tag) => typeof tag === "string")) {
    return new Response(`Send { "tags": ["…"] }, ${mostPurged} at most.`, { status: 400 })
  }
  await cached.invalidateTags(...tags)
  return new Response(null, { status: 204 })
}

/** Compares hashes of equal length, so that the time taken reveals nothing. False if there is no secret. */
async function knowsSecret(request: Request, secret: string | undefined): Promise<boolean> {
  if (!secret) return false
  const given = request.headers.get("authorization") ?? ""
  const [one, other] = await Promise.all([given, `Bearer ${secret}`].map(sha256))
  return one !== undefined && other !== undefined && crypto.subtle.timingSafeEqual(one, other)
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
}
