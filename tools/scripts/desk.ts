// What a runtime under test talks to: it asks where Redis is, has it emptied, and tells what came of each adapter.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Cell, Farewell } from "../../test/conformance/cells.ts"
import { hasRedis, startRedis } from "../../test/support/redis-server.ts"
import { redisConnection } from "../../test/support/resp.ts"
import { startUpstash } from "../../test/support/upstash-rest.ts"

export interface Desk {
  readonly url: string
  /** What was told so far. */
  readonly cells: readonly Cell[]
  /** What was said at the end; `undefined` before it. */
  farewell(): Farewell | undefined
  /** Resolves with the farewell, or after `limit` ms without one. */
  end(limit: number): Promise<void>
  close(): Promise<void>
}

/** Opens a desk on this machine, with a Redis behind Upstash's front if there is one, and `files` served to pages. */
export async function openDesk(
  files: ReadonlyMap<string, string>,
  tell: (cell: Cell) => void,
): Promise<Desk> {
  const storage = hasRedis ? await redisBehindFront() : undefined
  const cells: Cell[] = []
  let farewell: Farewell | undefined
  let over = () => {}
  const ended = new Promise<void>((resolve) => {
    over = resolve
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const word = new URL(request.url ?? "/", "http://desk").pathname.slice(1)
    const file = files.get(word || "index.html")
    if (file !== undefined) return send(response, word ? "text/javascript" : "text/html", file)
    if (word === "place")
      return send(response, "application/json", JSON.stringify({ redis: storage?.access }))
    if (request.method !== "POST") return send(response, "text/plain", "no such page", 404)
    const body = await bodyOf(request)
    if (word === "empty") await storage?.empty()
    if (word === "cell") {
      const cell: Cell = JSON.parse(body)
      cells.push(cell)
      tell(cell)
    }
    if (word === "done") {
      farewell = JSON.parse(body)
      over()
    }
    send(response, "application/json", "null")
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, "text/plain", String(error), 500))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    cells,
    farewell: () => farewell,
    async end(limit) {
      const late = new Promise((resolve) => setTimeout(resolve, limit).unref())
      await Promise.race([ended, late])
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await storage?.stop()
    },
  }
}

async function redisBehindFront() {
  const server = await startRedis()
  const direct = redisConnection(server.port)
  const { url, token, reset, close } = await startUpstash(server.port)
  return {
    access: { url, token },
    async empty() {
      await direct.send([["FLUSHALL"]])
      reset() // it keeps a log of all commands
    },
    async stop() {
      await close()
      direct.close()
      await server.stop()
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, type: string, body: string, status = 200): void {
  response.writeHead(status, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" })
  response.end(body)
}
