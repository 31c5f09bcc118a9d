import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"

/** A server that listens on this machine only. */
export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens on `port` of both addresses that "localhost" may mean, IPv4 and IPv6: on one alone, another program could
 * answer on the other. If the port is taken on either, listens on a free one.
 */
export async function listenLocally(port: number, answer: RequestListener): Promise<Listening> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const servers: Server[] = []
    const close = async (): Promise<void> => {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    }
    try {
      const first = await listen(attempt === 0 ? port : 0, "127.0.0.1", answer)
      servers.push(first)
      const { port: taken } = first.address() as AddressInfo // It listens on TCP.
      const second = await listen(taken, "::1", answer).catch((error: unknown) => {
        if (isTaken(error)) throw error
        return undefined // A machine without IPv6.
      })
      if (second) servers.push(second)
      return { port: taken, close }
    } catch (error) {
      await close()
      if (!isTaken(error)) throw error
    }
  }
  throw new Error("No port of this machine is free.")
}

function listen(port: number, host: string, answer: RequestListener): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(answer)
    server.once("error", reject)
    server.listen(port, host, () => {
      server.off("error", reject)
      resolve(server)
    })
  })
}

/** Whether the port is in use, or reserved for root. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES")
}
