// Serves users from a slow origin; / shows the cache's metrics: ORIGIN=https://… PORT=3000 node server.ts
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import { CacheError, cached } from "isocache"

const { ORIGIN = "http://localhost:4000/", PORT = "3000" } = process.env

// `cached` is SQLite in ISOCACHE_DIR or the user's cache folder, with memory in front; where that cannot be, memory.
cached.on("error", ({ key, error }) => console.error("cache:", key, error))

const users = cached.region("users", {
  ttl: "1m", // fresh
  grace: "1h", // then served if the origin fails
  softTimeout: "200ms", // or if it takes longer than this
  hardTimeout: "5s",
  generate: async (id: string, { signal }) => {
    const response = await fetch(`${ORIGIN}${id}`, { signal })
    if (response.status === 404) return null // cached like any value
    if (!response.ok) throw new Error(`The origin answered ${response.status}.`)
    return (await response.json()) as unknown
  },
})

const server = createServer((request, response) => {
  answer(request.url ?? "", response).catch((error: unknown) => {
    const late = error instanceof CacheError && error.code === "FALLBACK_TIMEOUT"
    send(response, late ? 504 : 502, { error: late ? "The origin is slow." : "The origin is down." })
  })
})

async function answer(url: string, response: ServerResponse): Promise<void> {
  if (url === "/") return send(response, 200, cached.metrics())
  const [, id] = /^\/([\w-]{1,64})$/.exec(url) ?? []
  if (id === undefined) return send(response, 404, { error: "Ask for /<user>." })
  const user = await users.get(id)
  send(response, user === null ? 404 : 200, user)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (!server.listening) response.setHeader("connection", "close") // ends the connection while stopping
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

server.listen(Number(PORT), () => {
  const address = server.address()
  console.log(`listening on ${typeof address === "object" ? address?.port : address}`)
})

/** Accepts no new requests, lets those in progress finish, then closes the cache. */
async function stop(): Promise<void> {
  const closed = once(server, "close")
  server.close()
  await closed
  await cached.close()
  console.log("stopped")
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop)
