import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { expect, onTestFinished, test } from "vitest"

const run = promisify(execFile)
const from = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, "../..", path)).href)

/** What a process of its own prints that runs `lines` and ends by itself; it is killed after a while. */
async function printed(lines: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "isocache-end-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const script = `
    import { CacheWrapper } from ${from("src/index.ts")}
    const say = (word) => process.stdout.write(word + "\\n")
    const sleep = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value))
    process.on("exit", () => say("end " + (performance.now() < 12_000)))
    ${lines}`
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: folder,
    env: { ...process.env, ISOCACHE_DIR: folder, NODE_NO_WARNINGS: "1" },
    timeout: 25_000,
  })
  return stdout.trim().split("\n")
}

const uses = `
  await cache.set("k", 1, { ttl: "60 days", grace: "60 days", tags: ["t"] })
  await cache.getOrSet("l", () => 2, { ttl: "1h", lease: true, early: 1 })
  await cache.getOrSet("m", () => sleep(5, 3), { softTimeout: "1h", hardTimeout: "1h", leaseTtl: "1h" })
  await cache.invalidateTags("t")
  await cache.get("k")
  cache.on("*", () => {})
  say("done")`

test.each([
  ["memory", `{ adapter: "memory" }`],
  ["sqlite", `{ adapter: "sqlite" }`],
  ["sqlite behind a near tier", `{ adapter: "sqlite", near: { maxAge: "1h" } }`],
  ["what the runtime offers", `{ adapter: "auto" }`],
])(
  "housekeeping keeps no process: one that does not close its cache ends by itself, on %s",
  { timeout: 30_000 },
  async (_, options) => {
    const words = await printed(`const cache = new CacheWrapper(${options}); ${uses}`)
    expect(words).toEqual(["done", "end true"])
  },
)

test("a load that hangs keeps no process when nobody waits for it by a deadline", {
  timeout: 30_000,
}, async () => {
  const words = await printed(`
    const cache = new CacheWrapper()
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await sleep(5)
    say(await cache.getOrSet("k", () => new Promise(() => {}), { softTimeout: 0 }))`)
  expect(words).toEqual(["old", "end true"])
})

test("timers that a caller waits on keep the process alive until it has its answer", {
  timeout: 30_000,
}, async () => {
  const words = await printed(`
    const cache = new CacheWrapper()
    const hangs = () => new Promise(() => {})
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await sleep(5)
    say(await cache.getOrSet("k", hangs, { softTimeout: 300 }))
    say(await cache.getOrSet("h", hangs, { hardTimeout: 300 }).catch((error) => error.code))
    const slow = { name: "slow", medium: "text", get: hangs, set: hangs, delete: hangs, clear: hangs }
    say(await new CacheWrapper({ adapter: slow, storeTimeout: 300 }).set("k", 1).catch((error) => error.code))`)
  expect(words).toEqual(["old", "FALLBACK_TIMEOUT", "STORE_TIMEOUT", "end true"])
})

test("a caller that polls for another's lease keeps the process alive until it has its answer", {
  timeout: 30_000,
}, async () => {
  const words = await printed(`
    const one = new CacheWrapper({ adapter: "sqlite" }), two = new CacheWrapper({ adapter: "sqlite" })
    await one.ready(); await two.ready()
    one.getOrSet("k", () => new Promise(() => {}), { leaseTtl: 500 })
    await sleep(20)
    say(await two.getOrSet("k", () => "two's own", { leaseTtl: 500 }))`)
  expect(words).toEqual(["two's own", "end true"])
})

test("nor does one that all callers have given up", { timeout: 30_000 }, async () => {
  const words = await printed(`
    const cache = new CacheWrapper({ leaseTtl: "1h" })
    const never = () => new Promise(() => {})
    const late = (key, options) => cache.getOrSet(key, never, options).catch(({ code, name }) => say(typeof code === "string" ? code : name))
    const leave = new AbortController()
    await Promise.all([1, 2].map(() => late("k", { hardTimeout: 50 })))
    const leaving = [1, 2].map(() => late("l", { signal: leave.signal }))
    await sleep(20)
    leave.abort()
    await Promise.all(leaving)`)
  expect(words).toEqual(["FALLBACK_TIMEOUT", "FALLBACK_TIMEOUT", "AbortError", "AbortError", "end true"])
})
