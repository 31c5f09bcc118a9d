import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { join } from "node:path"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { run } from "../../../tools/scripts/run.ts"
import { folderOf, installExample, type Origin, startOrigin } from "./examples.ts"

const folder = folderOf("workers")
const out = mkdtempSync(join(import.meta.dirname, "tmp-workers-"))
const secret = "let-me-in"
let script = ""
let origin: Origin
let worker: Miniflare

beforeAll(async () => {
  await installExample("workers", "install", "--omit=dev") // wrangler is here already
  // What `wrangler deploy` would upload.
  const { ok, output } = await run("wrangler", ["deploy", "--dry-run", "--outdir", out], {
    cwd: folder,
    quiet: true,
    env: { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_LOG_PATH: join(out, "log"), NO_COLOR: "1" },
  })
  if (!ok) throw new Error(output)
  expect(output).not.toContain("[WARNING]")
  const [file = ""] = readdirSync(out).filter((name) => name.endsWith(".js"))
  script = readFileSync(join(out, file), "utf8")
})
afterAll(() => rmSync(out, { recursive: true, force: true }))

const soon = { timeout: 15_000 }
let version = 0
const page = (response: ServerResponse) =>
  void response.setHeader("cache-tag", "prices, product-7").end(`version ${++version}`)

beforeEach(async () => {
  version = 0
  origin = await startOrigin((_, response) => page(response))
})

/** Opens the Worker as wrangler.toml says, but for its origin and how long a page is fresh. */
async function open(ttl: string): Promise<void> {
  const toml = readFileSync(join(folder, "wrangler.toml"), "utf8")
  worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script,
      compatibilityDate: /compatibility_date = "(.+)"/.exec(toml)?.[1] ?? "",
      kvNamespaces: ["CACHE"],
      bindings: { ORIGIN: origin.url.slice(0, -1), TTL: ttl, GRACE: "1 hour", PURGE_SECRET: secret },
    }),
  )
  await worker.ready
}

afterEach(async () => {
  await worker.dispose()
  await origin.close()
})

const get = async (path = "/") => (await worker.dispatchFetch(`http://w${path}`)).text()
const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function purge(body: unknown, authorization = `Bearer ${secret}`): Promise<number> {
  const request = { method: "POST", body: JSON.stringify(body), headers: { authorization } }
  return (await worker.dispatchFetch("http://w/purge", request)).status
}

test("fifty visitors of a new page are one request to the origin", async () => {
  await open("1 hour")
  let held: ServerResponse | undefined
  origin.answer = (_, response) => void (held = response)
  const visitors = Array.from({ length: 50 }, () => get())
  await expect.poll(() => held, soon).toBeDefined()
  await pass(200)
  if (held) page(held)
  expect(new Set(await Promise.all(visitors))).toEqual(new Set(["version 1"]))
  expect(origin.asked).toEqual(["/"])
})

test("a page past its ttl is served at once, while the origin is still thinking", async () => {
  await open("2s")
  expect(await get()).toBe("version 1")
  await pass(2100)
  let held: ServerResponse | undefined
  origin.answer = (_, response) => void (held = response)
  expect(await get()).toBe("version 1")
  await expect.poll(() => held, soon).toBeDefined()
  if (held) page(held)
  await expect.poll(() => get(), soon).toBe("version 2")
})

test("a page is served although the origin is down", async () => {
  await open("2s")
  await get()
  await pass(2100)
  origin.answer = (_, response) => void response.writeHead(503).end("down")
  expect(await get()).toBe("version 1")
  await expect.poll(() => origin.asked, soon).toHaveLength(2)
  expect(await get()).toBe("version 1")
  expect((await worker.dispatchFetch("http://w/never-seen")).status).toBe(500)
})

test("a page that has not changed is kept, and not sent again", async () => {
  await open("2s")
  const etags: unknown[] = []
  origin.answer = (request, response) => {
    etags.push(request.headers["if-none-match"])
    if (request.headers["if-none-match"] === '"a"') response.writeHead(304).end()
    else page(response.setHeader("etag", '"a"'))
  }
  await get()
  await pass(2100)
  expect(await get()).toBe("version 1")
  await expect.poll(() => etags, soon).toEqual([undefined, '"a"'])
  await pass(100)
  expect(await get()).toBe("version 1")
  expect(etags).toHaveLength(2) // fresh again
})

test("the webhook purges by tag, if the secret is right", async () => {
  await open("1 hour")
  await get()
  await get("/other?page=2")
  expect(origin.asked).toEqual(["/", "/other?page=2"])
  for (const stranger of ["", "Bearer guess", secret, "Bearer "])
    expect(await purge({ tags: ["prices"] }, stranger)).toBe(401)
  for (const nonsense of [null, {}, { tags: "prices" }, { tags: [7] }])
    expect(await purge(nonsense)).toBe(400)
  expect(await purge({ tags: ["product-8"] })).toBe(204)
  expect(await get()).toBe("version 1")

  expect(await purge({ tags: ["prices"] })).toBe(204)
  expect(await get()).toBe("version 3")
  expect(await get("/other?page=2")).toBe("version 4")
})

test("what belongs to one visitor goes past the cache", async () => {
  await open("1 hour")
  await get()
  const headers = { authorization: "Bearer ada" }
  const mine = await worker.dispatchFetch("http://w/", { headers })
  expect(await mine.text()).toBe("version 2")
  expect(await get()).toBe("version 1")
})

test("has the right types, on the package as it is installed", async () => {
  const { ok, output } = await run("tsc", ["-p", folderOf("workers")], { quiet: true })
  expect(ok, output).toBe(true)
})
