import { readFileSync } from "node:fs"
import { transform } from "esbuild"
import { describe, expect, onTestFinished, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import * as isocache from "../../src/index.ts"

const chapter = readFileSync(new URL("../../docs/migration.md", import.meta.url), "utf8")

interface Row {
  readonly library: string
  readonly theirs: string
  readonly ours: string
}

/** The rows of all tables; a table has three columns, ours in the middle, as code. */
function rowsOf(markdown: string): Row[] {
  const rows: Row[] = []
  let library = ""
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) library = line.slice(3)
    if (!line.startsWith("|") || /^\|(---\|)+$/.test(line)) continue
    const cells = line.split(/(?<!\\)\|/).slice(1, -1)
    const [theirs = "", ours = ""] = cells.map((cell) => cell.trim().replaceAll("\\|", "|"))
    if (cells.length !== 3) throw new Error(`a row of ${cells.length} cells: ${line}`)
    if (ours !== "isocache") rows.push({ library, theirs, ours })
  }
  return rows
}

const rows = rowsOf(chapter)

interface User {
  readonly id: number
  readonly name: string
}

const fetchUser = async function fetchUser(id: number): Promise<User> {
  return { id, name: `user ${id}` }
}
const fetchUsers = async (...ids: number[]): Promise<User[]> => Promise.all(ids.map(fetchUser))

/** What the chapter says is at hand, made anew: a cache where "k" is set. */
async function surroundings(): Promise<Record<string, unknown>> {
  const cached = new isocache.CacheWrapper()
  onTestFinished(() => cached.close())
  await cached.set("k", "v", { ttl: "1h", grace: "1h" })
  const { CacheWrapper, key, optionsFrom } = isocache
  return {
    cached,
    CacheWrapper,
    key,
    optionsFrom,
    memory,
    fetchUser,
    fetchUsers,
    registerAlias: isocache.registerAlias,
    memoized: (options: object) => isocache.memoized({ ...options, cache: cached } as never),
    users: cached.region("users", { ttl: "1h", generate: fetchUser }),
    loadUser: cached.memoize(fetchUser, { name: "user" }),
    loadUsers: cached.memoizeMany(fetchUsers, { name: "users" }),
  }
}

async function run(code: string): Promise<void> {
  const names = await surroundings()
  const { code: plain } = await transform(`async function row() { ${code} }`, {
    loader: "ts",
    target: "es2022",
  })
  const errors: unknown[] = []
  const cached = names["cached"] as isocache.CacheWrapper // Made above.
  cached.on("error", ({ error }) => errors.push(error))
  const row: unknown = new Function(...Object.keys(names), `${plain}; return row()`)(...Object.values(names))
  await row
  expect(errors).toEqual([])
}

describe.each([...new Set(rows.map(({ library }) => library))])("coming from %s", (library) => {
  test.each(rows.filter((row) => row.library === library))("$theirs", async ({ theirs, ours }) => {
    const [, code] = /^`([^`]+)`$/.exec(ours) ?? []
    expect(theirs).not.toBe("")
    expect(code, `${ours} is one piece of code`).toBeDefined()
    await run(code ?? "")
  })
})

test("there is a table for each library that was promised", () => {
  const libraries = [
    "dogpile.cache",
    "BucketCache",
    "Privex helpers",
    "pyappcache",
    "score.kvcache",
    "cache-manager",
    "keyv",
    "bentocache",
    "cachified",
    "unstorage",
    "lru-cache",
  ]
  for (const library of libraries)
    expect(rows.filter((row) => row.library === library).length).toBeGreaterThan(8)
})

test("a row that does not run would fail", async () => {
  await expect(run('await cached.getOrSetMany(["a"], () => 5)')).rejects.toMatchObject({
    code: "FALLBACK_RESULT",
  })
  await expect(run("await cached.nothing()")).rejects.toThrow(TypeError)
})
