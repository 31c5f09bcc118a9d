import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, get } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"

// What `npm start` and `npm run replay` run, on the built package: build first.
const path = (script: string) => fileURLToPath(new URL(`../../playground/${script}.ts`, import.meta.url))

let folder = ""
const taken = createServer()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocache-start-"))
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
})
afterAll(async () => {
  taken.close()
  await rm(folder, { recursive: true, force: true })
})

/** A script that runs, with what it has written so far. */
interface Running {
  readonly child: ChildProcess
  text(): string
  /** Waits until it has written `part`. */
  says(part: string | RegExp, timeout?: number): Promise<void>
  readonly ended: Promise<number | null>
}

/** @param part - The folder of the cache's file; a new one is cold. */
function run(script: string, port: number, part: string): Running {
  const env = { ...process.env, PORT: String(port), ISOCACHE_DIR: join(folder, part), ISOCACHE_ADAPTER: "" }
  const child = spawn(process.execPath, [path(script)], { env, stdio: ["ignore", "pipe", "pipe"] })
  let text = ""
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (text += part))
  onTestFinished(() => void child.kill("SIGKILL"))
  return {
    child,
    text: () => text,
    says: (part, timeout = 60_000) =>
      expect.poll(() => text, { timeout }).toMatch(typeof part === "string" ? new RegExp(part) : part),
    ended: new Promise((resolve) => child.once("exit", resolve)),
  }
}

function fetchFrom(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once("error", reject)
  })
}

test("the page is up before the replay is over, and stays after its table until Ctrl-C", {
  timeout: 200_000,
}, async () => {
  const { port } = taken.address() as AddressInfo // It listens on TCP.
  const running = run("start", port, "one")
  await running.says("The playground is up")
  const url = running.text().match(/http:\/\/localhost:\d+\//)?.[0] ?? ""
  // The port was taken, so it is another one, and it says so.
  expect(url).not.toContain(`:${port}/`)
  expect(running.text()).toContain(`${port} is taken`)
  expect(await (await fetch(url)).text()).toContain("<title>isocache playground</title>")
  expect(running.text()).not.toContain("origin calls saved")

  await running.says(/with the cache +█{40} 100 %/, 120_000)
  await running.says("The playground is still up")
  expect(running.text()).toMatch(/requests +4,000 +95,607/)
  expect(running.text()).toMatch(/origin calls +4,000 +13,756/)
  expect(running.text()).toMatch(/latency p99 +[\d.]+ ms +[\d.]+ ms/)
  expect((await fetch(url)).status).toBe(200)

  running.child.kill("SIGINT")
  expect(await running.ended).toBe(0)
  expect(running.text()).toContain("Closed.")
  await expect(fetch(url)).rejects.toThrow()
})

test("the terminal's replay ends by itself, and finds the file of an earlier run warm", {
  timeout: 200_000,
}, async () => {
  const cold = run("replay", 0, "two")
  expect(await cold.ended).toBe(0)
  expect(cold.text()).toContain("The cache is empty")
  const warm = run("replay", 0, "two")
  expect(await warm.ended).toBe(0)
  expect(warm.text()).toContain("13,756 entries are left")
  expect(warm.text()).toMatch(/origin calls +4,000 +0\n/)
})

test("Ctrl-C in the middle of the replay closes everything, with 130", { timeout: 100_000 }, async () => {
  for (const script of ["start", "replay"]) {
    const running = run(script, 0, script)
    await running.says(/without a cache +█{40} 100 %/)
    // From the terminal and from npm: the same Ctrl-C twice.
    running.child.kill("SIGINT")
    running.child.kill("SIGINT")
    expect([script, await running.ended]).toEqual([script, 130])
    expect(running.text()).toContain("Stopped.")
    expect(running.text()).not.toMatch(/Error|origin calls saved/)
  }
})

test("an invalid port is reported", { timeout: 20_000 }, async () => {
  const running = run("start", 70_000, "three")
  expect(await running.ended).toBe(1)
  expect(running.text()).toContain("PORT must be a number from 0 to 65535")
})

test("nobody but this machine by its name is answered", { timeout: 60_000 }, async () => {
  const running = run("start", 0, "three")
  await running.says("The playground is up")
  const url = running.text().match(/http:\/\/localhost:\d+\//)?.[0] ?? ""
  expect(await fetchFrom(url, "localhost")).toBe(200)
  expect(await fetchFrom(url, "127.0.0.1")).toBe(200)
  expect(await fetchFrom(url, "evil.example")).toBe(403)
  expect((await fetch(`${url}kv/get`, { method: "POST", body: '["k"]' })).status).toBe(405)
  expect((await fetch(`${url}nothing`)).status).toBe(404)
  running.child.kill("SIGTERM")
  expect(await running.ended).toBe(130)
})
