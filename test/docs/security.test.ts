import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { type Adapter, CacheWrapper } from "../../src/index.ts"

/** A storage that an attacker has in his hands. */
function open(isEncrypted: boolean): { cache: CacheWrapper; held: Map<string, string>; errors: unknown[] } {
  const held = new Map<string, string>()
  const adapter: Adapter = {
    name: "held",
    medium: "text",
    get: async (key) => held.get(key),
    set: async (key, record) => void held.set(key, String(record)),
    delete: async (key) => held.delete(key),
    async clear(prefix) {
      for (const key of held.keys()) if (key.startsWith(prefix)) held.delete(key)
    },
  }
  const keys = [{ id: "one", key: new Uint8Array(32).fill(7) }]
  const cache = new CacheWrapper({ adapter, ttl: "1h", ...(isEncrypted && { encrypt: { keys } }) })
  const errors: unknown[] = []
  cache.on("error", ({ error }) => errors.push(error))
  return { cache, held, errors }
}

const recordOf = (held: ReadonlyMap<string, string>, key: string) => held.get(key) ?? ""

describe.each([
  ["in clear", false],
  ["encrypted", true],
])("who can write a storage, %s,", (_, isEncrypted) => {
  test("can put a record under another key, but not where it is encrypted", async () => {
    const { cache, held, errors } = open(isEncrypted)
    await cache.set("price:1", 5)
    await cache.set("price:2", 9)
    held.set("price:1", recordOf(held, "price:2"))
    expect(await cache.get("price:1")).toBe(isEncrypted ? undefined : 9)
    expect(held.has("price:1")).toBe(!isEncrypted)
    expect(errors.length > 0).toBe(isEncrypted)
  })

  test("can make up a value, but not where it is encrypted", async () => {
    const { cache, held } = open(isEncrypted)
    const stranger = open(false)
    await cache.set("price", 5)
    await stranger.cache.set("price", 0)
    // The versions he reads, and writes them into his own record's place.
    for (const [key, token] of stranger.held) held.set(key, token)
    expect(await cache.get("price")).toBe(isEncrypted ? undefined : 0)
  })

  test("can put an older record of the same key back", async () => {
    const { cache, held } = open(isEncrypted)
    await cache.set("price", "old")
    const old = recordOf(held, "price")
    await cache.set("price", "new")
    held.set("price", old)
    expect(await cache.get("price")).toBe("old")
  })

  test("can undo an invalidation by record and version, and end entries by a version", async () => {
    const { cache, held } = open(isEncrypted)
    await cache.set("price", "old", { tags: ["prices"] })
    const before = new Map(held)
    await cache.invalidateTags("prices")
    expect(await cache.get("price")).toBeUndefined()
    for (const [key, record] of before) held.set(key, record)
    expect(await cache.get("price")).toBe("old")

    for (const key of before.keys()) if (key.startsWith("#")) held.set(key, "another")
    expect(await cache.get("price")).toBeUndefined()
  })

  test("can read keys, tags and deadlines, and values only in clear", async () => {
    const { cache, held } = open(isEncrypted)
    await cache.set("user:ada", "a secret", { tags: ["users"] })
    const [entry] = [...held].filter(([key]) => key === "user:ada")
    expect(entry?.[1]).toContain('["users"]')
    expect(entry?.[1].includes("a secret")).toBe(!isEncrypted)
  })
})

test("a file of another program is renamed aside, whole, and an event tells where to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isocache-foreign-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, "diary.txt")
  writeFileSync(path, "Dear diary, this is no database. ".repeat(100))
  const cache = new CacheWrapper({ adapter: "sqlite", arguments: { path } })
  const errors: unknown[] = []
  cache.on("error", ({ error }) => errors.push(error))
  await cache.set("k", 1)
  expect(await cache.get("k")).toBe(1)
  await cache.close()

  const aside = readdirSync(folder).filter((name) => /^diary\.txt\.corrupt-\d+$/.test(name))
  expect(aside).toHaveLength(1)
  expect(readFileSync(join(folder, aside[0] ?? ""), "utf8")).toMatch(/^Dear diary/)
  expect(errors).toHaveLength(1)
  expect(String(errors[0])).toContain(path)
  expect(String(errors[0])).toContain(aside[0])
})
