import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { consumer } from "../../../tools/scripts/consumer.ts"
import { install } from "../../../tools/scripts/projects.ts"
import { type Ran, root, run } from "../../../tools/scripts/run.ts"
import { folderOf, installExample, type Origin, startOrigin } from "./examples.ts"

let store = ""
beforeAll(() => install("runtimes"))
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "isocache-example-"))
  return () => rmSync(store, { recursive: true, force: true })
})

/** Runs an example by its own command, with the Deno and the Bun of this repository. */
function start(name: string, ...args: readonly string[]): Promise<Ran> {
  const path = `${join(root, "tools/runtimes/node_modules/.bin")}:${process.env["PATH"]}`
  return run("npm", ["start", "--silent", "--", ...args], {
    cwd: folderOf(name),
    env: { ISOCACHE_DIR: store, PATH: path, NO_COLOR: "1" },
    quiet: true,
    timeout: 60_000,
  })
}

describe("the Deno script", () => {
  let origin: Origin
  beforeAll(async () => {
    await installExample("deno", "install")
    origin = await startOrigin((request, response) => {
      if (request.url === "/down") request.destroy()
      else response.end(`<title>This is ${request.url}</title>`)
    })
  })
  afterAll(() => origin?.close())

  test("asks each address once, and a second run asks none", async () => {
    const pages = ["a", "b", "a"].map((page) => origin.url + page)
    const first = await start("deno", ...pages)
    expect(first.output).toMatch(/^200 {2}This is \/a {2}25 bytes {2}seen \d{4}-.*Z\n200 {2}This is \/b /)
    expect(first.output).toMatch(/\n0 from sqlite, 2 loaded\n$/)
    expect(first.ok).toBe(true)
    expect(origin.asked.toSorted()).toEqual(["/a", "/b"])

    const second = await start("deno", ...pages)
    const lines = (ran: Ran) => ran.output.split("\n").slice(0, 3)
    expect(lines(second)).toEqual(lines(first))
    expect(second.output).toMatch(/\n3 from sqlite, 0 loaded\n$/)
    expect(origin.asked).toHaveLength(2)
  })

  test("tells what failed, by a line and its exit code", async () => {
    const { ok, output } = await start("deno", `${origin.url}down`)
    expect(output).toMatch(/^failed {2}TypeError/)
    expect(ok).toBe(false)
  })

  test("keeps its pages in memory where it may not write, and says so", async () => {
    const deno = join(root, "tools/runtimes/node_modules/.bin/deno")
    const may = ["--allow-net", "--allow-read", "--allow-env"]
    const { ok, output } = await run(deno, ["run", ...may, "main.ts", `${origin.url}a`], {
      cwd: folderOf("deno"),
      env: { ISOCACHE_DIR: store, NO_COLOR: "1" },
      quiet: true,
    })
    expect(output).toContain("run with --allow-write")
    expect(output).toContain("0 from memory, 1 loaded")
    expect(ok).toBe(true)
  })

  test("has the right types, on the package as it is installed", async () => {
    const deno = join(root, "tools/runtimes/node_modules/.bin/deno")
    copyFileSync(join(folderOf("deno"), "main.ts"), join(consumer, "deno.ts"))
    const { ok, output } = await run(deno, ["check", "deno.ts"], { cwd: consumer, quiet: true })
    expect(ok, output).toBe(true)
  })
})

describe("the Bun script", () => {
  beforeAll(() => installExample("bun", "install"))

  test("counts once, and again what has changed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "isocache-words-"))
    try {
      writeFileSync(join(folder, "one.md"), "one two three\n")
      writeFileSync(join(folder, "two.md"), "four\n")
      writeFileSync(join(folder, "code.ts"), "not counted\n")
      const first = await start("bun", folder)
      expect(first.output).toBe("       3  one.md\n       1  two.md\n4 words in 2 files, 2 counted anew\n")
      expect(first.ok).toBe(true)
      expect((await start("bun", folder)).output).toContain("4 words in 2 files, 0 counted anew")

      writeFileSync(join(folder, "two.md"), "four five\n")
      expect((await start("bun", folder)).output).toContain("5 words in 2 files, 1 counted anew")
      expect((await start("bun", folder, "--forget")).output).toContain("5 words in 2 files, 2 counted anew")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
