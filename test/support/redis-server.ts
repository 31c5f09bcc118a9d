import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { redisConnection } from "./resp.ts"

/** Where redis-server is: `REDIS_SERVER`, else the usual place. */
const binary = process.env["REDIS_SERVER"] ?? "/usr/bin/redis-server"

/** Whether tests against a real Redis can run here. In CI they must. */
export const hasRedis: boolean = existsSync(binary) || Boolean(process.env["CI"])

export interface RedisServer {
  readonly port: number
  stop(): Promise<void>
}

/** Starts a real redis-server on a free port, in memory only, and waits until it answers. */
export async function startRedis(): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), "redis-"))
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const server = spawn(binary, settings(port, dir), { stdio: "ignore" })
    const kill = () => void server.kill("SIGKILL")
    const stop = async (): Promise<void> => {
      process.off("exit", kill)
      await end(server)
      await rm(dir, { recursive: true, force: true })
    }
    // A test run that dies takes its server along.
    process.once("exit", kill)
    if (await answers(port, server)) return { port, stop }
    await end(server)
    // Another process may have taken the port meanwhile.
    if (attempt === 5) throw new Error(`${binary} did not start`)
  }
}

function settings(port: number, dir: string): string[] {
  const flags = { port: String(port), bind: "127.0.0.1", save: "", appendonly: "no", dir }
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
}

async function answers(port: number, server: ChildProcess): Promise<boolean> {
  for (let i = 0; i < 200 && server.exitCode === null; i++) {
    const redis = redisConnection(port)
    const [pong] = await redis.send([["PING"]]).catch(() => [undefined])
    redis.close()
    if (pong !== undefined && server.exitCode === null) return true
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return false
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const gone = new Promise((resolve) => server.once("exit", resolve))
  server.kill("SIGKILL")
  await gone
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
}
