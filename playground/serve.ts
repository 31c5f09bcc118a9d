// Serves the page, and beside it a Worker with local KV: no account, no network.
//   npm run playground            on PORT, else 8787, else any free port
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { extname } from "node:path"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { buildPage, buildWorker } from "./build.ts"

/** A playground that is up. */
export interface Playground {
  readonly url: string
  /** Ends the server and the Worker. */
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
}

/** Builds and serves the playground on `port` of this machine, or on a free one where it is taken. */
export async function servePlayground(port: number): Promise<Playground> {
  const [files, script] = await Promise.all([buildPage(), buildWorker()])
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: "2026-07-01",
      kvNamespaces: ["CACHE"],
      cf: false,
    }),
  )
  await worker.ready
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost")
    if (!isLocal(request)) send(response, 403, "text/plain", "Open it by the name localhost.")
    else if (pathname.startsWith("/kv/")) {
      askWorker(worker, request, response).catch(() => response.destroy())
    } else {
      const name = pathname === "/" ? "/index.html" : pathname
      const file = files.get(name)
      if (file === undefined) send(response, 404, "text/plain", "Not found.")
      else send(response, 200, types[extname(name)] ?? "application/octet-stream", file)
    }
  })
  const taken = await listen(server, port)
  return {
    url: `http://localhost:${taken}/`,
    async close() {
      server.closeAllConnections()
      await Promise.all([new Promise((resolve) => server.close(resolve)), worker.dispose()])
    },
  }
}

/** Another site may lead its own name here; it gets nothing. */
function isLocal({ headers }: IncomingMessage): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(headers.host ?? "")
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, {
    "content-type": type,
    "content-security-policy":
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
  })
  response.end(body)
}

async function askWorker(
  worker: Miniflare,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const answer = await worker.dispatchFetch(`http://worker${request.url}`, {
    method: request.method ?? "GET",
    headers: { "content-type": request.headers["content-type"] ?? "" },
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  })
  response.writeHead(answer.status, { "content-type": "application/json", "cache-control": "no-store" })
  response.end(Buffer.from(await answer.arrayBuffer()))
}

/** Listens on `port`, else on a free one; answers which. */
async function listen(server: Server, port: number): Promise<number> {
  for (const wanted of [port, 0]) {
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once("error", resolve)
      server.listen(wanted, "localhost", () => {
        server.off("error", resolve)
        resolve(undefined)
      })
    })
    if (!failed) break
    if (wanted === 0 || !(failed.code === "EADDRINUSE" || failed.code === "EACCES")) throw failed
  }
  const { port: taken } = server.address() as AddressInfo // It listens on TCP.
  return taken
}

if (import.meta.main) {
  const port = Number(process.env["PORT"] || 8787)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error("PORT must be a number from 0 to 65535.")
    process.exit(1)
  }
  const playground = await servePlayground(port)
  console.log(`\n  isocache playground: ${playground.url}\n  Ctrl-C ends it.\n`)
  const end = () => {
    void playground.close().then(() => console.log("\n  Closed."))
  }
  // Miniflare would end the process at once; here everything is closed first. A second Ctrl-C does not wait.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeAllListeners(signal).once(signal, end)
}
