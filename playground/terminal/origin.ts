import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const delay = 4 // ms

/** A shop a few milliseconds away. */
export interface Origin {
  /** How many requests it has had. */
  calls(): number
  /** Asks for a product page. */
  fetch(path: string): Promise<unknown>
  close(): Promise<void>
}

/** Starts the shop on a free port of this machine; `signal` ends the requests on their way. */
export async function startOrigin(signal: AbortSignal): Promise<Origin> {
  let calls = 0
  const server = createServer(({ url }, response) => {
    calls++
    setTimeout(() => {
      response.setHeader("content-type", "application/json")
      response.end(JSON.stringify({ path: url, title: `Product ${url}`, prices: [9.99, 12.5], stock: 3 }))
    }, delay)
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return {
    calls: () => calls,
    async fetch(path) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal })
      return response.json()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
