import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { sqlite } from "../../adapters/sqlite.ts"
import { sharedFolder } from "../support/folder.ts"

const module = pathToFileURL(join(import.meta.dirname, "../../adapters/sqlite.ts")).href

let folder: string
let file: string
let children: ChildProcess[]

beforeEach(() => {
  folder = sharedFolder("sqlite")
  file = join(folder, "cache.sqlite")
  children = []
})

afterEach(() => {
  for (const child of children) child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})

/** Runs `script` in a process of its own, with `cache` on the file and `name`. */
function start(script: string, name = "child", options = ""): ChildProcess {
  const source = `
    import { sqlite } from ${JSON.stringify(module)}
    const name = ${JSON.stringify(name)}
    const cache = sqlite({ path: ${JSON.stringify(file)}, ${options} })
    const say = (text) => process.stdout.write(text + "\\n")
    ${script}`
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "" },
  })
  children.push(child)
  return child
}

/** What the process says until it ends; rejects if it ends badly. */
async function finished(child: ChildProcess): Promise<string> {
  let said = ""
  child.stdout?.on("data", (data) => {
    said += data
  })
  child.stderr?.on("data", (data) => {
    said += data
  })
  const [code] = await once(child, "close")
  if (code !== 0) throw new Error(`exit ${code}: ${said}`)
  return said.trim()
}

async function firstWord(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error("no stdout")
  await Promise.race([once(child.stdout, "data"), finished(child)])
}

function integrity(): unknown {
  const db = new DatabaseSync(file)
  try {
    return db.prepare("PRAGMA integrity_check").get()
  } finally {
    db.close()
  }
}

test("four processes create one file and hammer it: nothing is lost, nothing fails", {
  timeout: 60_000,
}, async () => {
  const script = `
    for (let i = 0; i < 150; i++) {
      cache.set(name + i, name.repeat(100) + i, Infinity)
      cache.set("shared", name, Infinity)
      if (cache.get(name + i) !== name.repeat(100) + i) throw new Error("lost")
      if (i % 10 === 0) cache.setMany(Array.from({ length: 50 }, (_, n) => [name + ":" + i + ":" + n, "x", Infinity]))
      cache.getMany(["shared", name + (i - 1)])
      if (i % 25 === 0) cache.clear(name + ":")
    }
    cache.clear(name + ":")
    cache.close()`
  await Promise.all(["a", "b", "c", "d"].map((name) => finished(start(script, name))))
  const cache = sqlite({ path: file })
  const expected = ["a", "b", "c", "d"].flatMap((name) => Array.from({ length: 150 }, (_, i) => name + i))
  expect([...cache.keys("")].sort()).toEqual([...expected, "shared"].sort())
  expect(cache.getMany(expected)).toEqual(expected.map((key) => key.slice(0, 1).repeat(100) + key.slice(1)))
  cache.close()
  expect(integrity()).toEqual({ integrity_check: "ok" })
})

test("add and lock let one of many processes through", { timeout: 60_000 }, async () => {
  const script = `
    let won = 0, held = 0
    for (let i = 0; i < 100; i++) {
      if (cache.add("token" + i, name, Infinity)) won++
      if (cache.lock("job" + i, 600_000)) held++
    }
    say(won + " " + held)`
  const said = await Promise.all(["a", "b", "c", "d"].map((name) => finished(start(script, name))))
  const counts = said.map((text) => text.split(" ").map(Number))
  expect(counts.reduce((sum, [won = 0]) => sum + won, 0)).toBe(100)
  expect(counts.reduce((sum, [, held = 0]) => sum + held, 0)).toBe(100)
})

test("processes that find junk at the same time set it aside once and share what they make", {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 3; round++) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    writeFileSync(file, "junk".repeat(3000))
    const at = Date.now() + 700
    const script = `
      await new Promise((resolve) => setTimeout(resolve, ${at} - Date.now()))
      cache.set(name, "1", Infinity)
      cache.close()`
    const names = ["a", "b", "c", "d"]
    await Promise.all(names.map((name) => finished(start(script, name))))
    const cache = sqlite({ path: file })
    expect([...cache.keys("")].sort()).toEqual(names)
    cache.close()
    expect(readdirSync(folder).filter((name) => name.includes(".corrupt-"))).toHaveLength(1)
    expect(readdirSync(folder)).toHaveLength(2)
  }
})

test("the bound holds for all processes together, to a few percent", { timeout: 60_000 }, async () => {
  const script = `
    for (let i = 0; i < 400; i++) { cache.set(name + i, "x", Infinity); if (i % 3 === 0) cache.get(name + (i - 5)) }`
  const names = ["a", "b", "c"]
  await Promise.all(names.map((name) => finished(start(script, name, "maxEntries: 200"))))
  const cache = sqlite({ path: file, maxEntries: 200 })
  expect([...cache.keys("")].length).toBeLessThanOrEqual(215)
  expect([...cache.keys("")].length).toBeGreaterThan(150)
  cache.close()
})

test("a writer killed in the middle leaves a healthy file with all it had committed", {
  timeout: 60_000,
}, async () => {
  const script = `
    cache.set("before", "1", Infinity)
    for (let round = 0; ; round++) {
      cache.setMany(Array.from({ length: 500 }, (_, i) => ["k" + i, String(round).padEnd(2000, "."), Infinity]))
      if (round === 3) say("writing")
    }`
  const child = start(script)
  await firstWord(child)
  child.kill("SIGKILL")
  await once(child, "close")
  const cache = sqlite({ path: file })
  const errors: unknown[] = []
  cache.observe((event) => errors.push(event))
  expect(cache.get("before")).toBe("1")
  const records = cache.getMany(Array.from({ length: 500 }, (_, i) => `k${i}`))
  // A transaction is there as a whole or not at all.
  expect(new Set(records).size).toBe(1)
  expect(records[0]).toHaveLength(2000)
  cache.set("after", "1", Infinity)
  cache.close()
  expect(errors).toEqual([])
  expect(integrity()).toEqual({ integrity_check: "ok" })
})

test.each([[["-shm"]], [["-shm", "-wal"]]])(
  "a process whose file lost %j under it hears of those who come later within seconds",
  { timeout: 60_000 },
  async (ends) => {
    const cache = sqlite({ path: file })
    cache.set("k", "old", Infinity)
    for (const end of ends) rmSync(file + end)
    const child = start(`cache.set("k", "new", Infinity); say("done"); setInterval(() => {}, 1000)`)
    await firstWord(child)
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 5000)
    expect(cache.get("k")).toBe("new")
    clock.mockRestore()
    cache.close()
  },
)

test("a process that waited for the file does not take the lease that another took in the meantime", {
  timeout: 60_000,
}, async () => {
  const child = start(`
    cache.get("k")
    say("open")
    process.stdin.once("data", () => { say(cache.lock("job", 60_000) ? "taken" : "held"); process.exit() })`)
  await firstWord(child)
  const said = finished(child)
  const db = new DatabaseSync(file)
  db.exec("BEGIN IMMEDIATE")
  child.stdin?.write("go\n")
  await new Promise((resolve) => setTimeout(resolve, 300))
  const lease = db.prepare("INSERT INTO l (k, owner, until) VALUES (?, ?, ?)")
  lease.run("job", `${Date.now()} another`, Date.now() + 60_000)
  db.exec("COMMIT")
  db.close()
  expect(await said).toBe("held")
})

test("the lease of a killed process is free after its ttl", { timeout: 60_000 }, async () => {
  const child = start(`cache.lock("job", 1500); say("held"); setInterval(() => {}, 1000)`)
  await firstWord(child)
  const from = Date.now()
  const cache = sqlite({ path: file })
  child.kill("SIGKILL")
  await once(child, "close")
  expect(cache.lock("job", 1000)).toBeUndefined()
  await expect.poll(() => cache.lock("job", 60_000), { timeout: 5000, interval: 50 }).toBeDefined()
  expect(Date.now() - from).toBeGreaterThan(1000)
  cache.close()
})
