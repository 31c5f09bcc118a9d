import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { consumer } from "../../tools/scripts/consumer.ts"
import { install } from "../../tools/scripts/projects.ts"
import { run } from "../../tools/scripts/run.ts"
import { type Runtime, runtimes } from "../../tools/scripts/runtimes.ts"
import { type Opened, writeProgram } from "./auto.ts"
import { hasTerminal, inTerminal } from "./terminal.ts"

let program = ""
const folder = mkdtempSync(join(tmpdir(), "isocache-auto-"))

/** Nothing of the tests' own environment; an empty variable counts as unset. */
const bare = {
  ISOCACHE_ADAPTER: "",
  ISOCACHE_DIR: folder,
  UPSTASH_REDIS_REST_URL: "",
  UPSTASH_REDIS_REST_TOKEN: "",
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
}

beforeAll(async () => {
  await install("runtimes")
  program = writeProgram()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What `cached` opens in a runtime, all that it printed being that. */
async function openIn({ command, args }: Omit<Runtime, "name">, env: object = {}): Promise<Opened> {
  const options = { quiet: true, cwd: consumer, timeout: 30_000, env: { ...bare, ...env } }
  const { ok, output } = await run(command, [...args, program], options)
  expect(output).toMatch(/^\{.*\}\n$/)
  expect(ok).toBe(true)
  return JSON.parse(output)
}

const deno = runtimes.find(({ name }) => name === "deno")
const denoCommand = deno?.command ?? ""

describe.each(runtimes)("cached, as it opens by itself in $name,", ({ name, command, args }) => {
  test(name === "node 20" ? "is in memory, for there is no SQLite" : "is in SQLite, silently", async () => {
    const own = mkdtempSync(join(folder, "own-"))
    const adapter = name === "node 20" ? "memory" : "sqlite"
    expect(await openIn({ command, args }, { ISOCACHE_DIR: own })).toEqual({
      adapter,
      value: "made",
      errors: [],
    })
    expect(readdirSync(own).length > 0).toBe(adapter === "sqlite")
  })

  test("is what ISOCACHE_ADAPTER says", async () => {
    const opened = await openIn({ command, args }, { ISOCACHE_ADAPTER: "none" })
    expect(opened).toEqual({ adapter: "none", value: "made", errors: [] })
  })
})

/** The permissions with which Deno runs, and what comes of them; one that is not named would be asked for. */
const permitted: readonly {
  readonly title: string
  readonly given: readonly string[]
  readonly env?: object
  readonly adapter: string
  readonly error?: RegExp
}[] = [
  { title: "all", given: ["--allow-all"], adapter: "sqlite" },
  { title: "none", given: [], adapter: "memory", error: /No folder for the cache file/ },
  {
    title: "none, and the adapter named, which it cannot know",
    given: [],
    env: { ISOCACHE_ADAPTER: "none" },
    adapter: "memory",
    error: /No folder for the cache file/,
  },
  {
    title: "that of its variables",
    given: ["--allow-env"],
    adapter: "memory",
    error: /No folder for the cache file/,
  },
  {
    title: "that of its variables, and those of Upstash set",
    given: ["--allow-env"],
    env: { UPSTASH_REDIS_REST_URL: "https://cache.example", UPSTASH_REDIS_REST_TOKEN: "t" },
    adapter: "memory",
    error: /^Upstash at cache\.example may not be reached.*--allow-net=cache\.example/,
  },
]

describe.skipIf(!hasTerminal)("in a terminal, where Deno would ask,", () => {
  test.each(permitted)("nothing prompts with the permissions: $title", async (row) => {
    const words = [denoCommand, "run", "--no-lock", ...row.given, program]
    const env = { ...bare, ...row.env }
    const { ended, shown } = await inTerminal(words, { cwd: consumer, env, limit: 20_000 })
    expect(shown).not.toMatch(/Deno requests|Allow\?/)
    expect(ended).toBe(true)
    expect(JSON.parse(shown)).toEqual({
      adapter: row.adapter,
      value: "made",
      errors: row.error ? [expect.stringMatching(row.error)] : [],
    })
  })
})
