import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { root, run } from "../../../tools/scripts/run.ts"
import { folderOf, installExample, type Origin, startOrigin } from "./examples.ts"

const soon = { timeout: 15_000 }
let origin: Origin
const store = mkdtempSync(join(tmpdir(), "isocache-example-"))
const ada = (response: ServerResponse) => void response.end('{"name":"Ada"}')

beforeAll(async () => {
  await installExample("node-server", "install")
  origin = await startOrigin((_, response) => ada(response))
})
afterAll(async () => {
  await origin?.close()
  rmSync(store, { recursive: true, force: true })
})

/** Starts the server as its README says, and waits for its port. */
async function start(): Promise<{ server: ChildProcess; url: string; output: () => string }> {
  const server = spawn(join(root, "node_modules/.bin/node"), ["server.ts"], {
    cwd: folderOf("node-server"),
    env: { ...process.env, ORIGIN: origin.url, PORT: "0", ISOCACHE_DIR: store },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let output = ""
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text) => (output += text))
  const port = () => /listening on (\d+)/.exec(output)?.[1]
  await expect.poll(port, { timeout: 20_000, message: "the server listens" }).toBeDefined()
  return { server, url: `http://127.0.0.1:${port()}/`, output: () => output }
}

/** The code a process ended with; it gets a signal first. */
async function stopped(server: ChildProcess): Promise<unknown> {
  const exit = once(server, "exit")
  server.kill("SIGTERM")
  const [code] = await exit
  return code
}

test("a hundred requests are one call of the origin, and SIGTERM ends the server gracefully", async () => {
  let held: ServerResponse | undefined
  origin.answer = (_, response) => void (held = response)
  const { server, url, output } = await start()
  const answers = Array.from({ length: 100 }, async () => (await fetch(`${url}ada`)).json())
  await expect.poll(() => held, soon).toBeDefined()
  const coalesced = async () => (await (await fetch(url)).json()).coalesced
  await expect.poll(coalesced, soon).toBe(99)
  expect(origin.asked).toEqual(["/ada"])

  // The requests are still in progress: they are answered although the server has been told to stop.
  const code = stopped(server)
  const knock = () =>
    fetch(url, { signal: AbortSignal.timeout(100) }).catch(({ cause }: Error) => Object(cause).code)
  await expect.poll(knock, soon).toBe("ECONNREFUSED")
  if (held) ada(held)
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, () => ({ name: "Ada" })))
  expect(await code).toBe(0)
  expect(output()).toContain("stopped")
  expect(output()).not.toContain("cache:")
  expect(origin.asked).toEqual(["/ada"])
})

test("after a restart it answers from its file, and a user who is missing or a bad name is 404", async () => {
  origin.asked.length = 0
  origin.answer = (_, response) => void response.writeHead(404).end()
  const { server, url } = await start()
  expect(await (await fetch(`${url}ada`)).json()).toEqual({ name: "Ada" })
  expect(origin.asked).toEqual([])
  expect((await fetch(`${url}nobody`)).status).toBe(404)
  expect((await fetch(`${url}nobody`)).status).toBe(404)
  expect(origin.asked).toEqual(["/nobody"])
  expect((await fetch(`${url}%E0%A4%A`)).status).toBe(404)
  expect(origin.asked).toEqual(["/nobody"])

  origin.answer = (_, response) => void response.writeHead(500).end()
  expect((await fetch(`${url}grace`)).status).toBe(502)
  expect(await stopped(server)).toBe(0)
})

test("has the right types, on the package as it is installed", async () => {
  const { ok, output } = await run("tsc", ["-p", folderOf("node-server")], { quiet: true })
  expect(ok, output).toBe(true)
})
