// Serves the page, and beside it a Worker with local KV: no account, no network.
import type { IncomingMessage, ServerResponse } from "node:http"
import { extname } from "node:path"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { bundleWorker } from "../tools/scripts/worker.ts"
import { buildPage } from "./build.ts"
import { listenLocally } from "./listen.ts"

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
}

/** Builds the playground and serves it on `port` of this machine, or on a free one if that is taken. */
export async function servePlayground(port: number): Promise<Playground> {
  const [files, script] = await Promise.all([buildPage(), bundleWorker("playground/worker.ts")])
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
  const { port: taken, close } = await listenLocally(port, (request, response) => {
    const { pathname } = URL.parse(request.url ?? "/", "http://localhost") ?? { pathname: "" }
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
  return {
    url: `http://localhost:${taken}/`,
    async close() {
      await Promise.all([close(), worker.dispose()])
    },
  }
}

/** Whether a request names this machine. Another site may point its own name here: it gets nothing. */
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
