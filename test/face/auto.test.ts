import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type CacheEvent, CacheWrapper, registerAlias } from "../../src/index.ts"

let folder = ""

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isocache-auto-"))
  vi.stubEnv("ISOCACHE_DIR", folder)
  for (const name of ["ISOCACHE_ADAPTER", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"])
    vi.stubEnv(name, undefined)
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** A cache under auto, closed with the test, and what troubles it tells. */
function auto(options: object = {}): { cache: CacheWrapper; errors: CacheEvent[] } {
  const cache = new CacheWrapper().use("auto", options)
  const errors: CacheEvent[] = []
  cache.on("error", (event) => errors.push(event))
  onTestFinished(() => cache.close())
  return { cache, errors }
}

function withoutSqlite(): void {
  vi.stubGlobal(
    "process",
    new Proxy(process, {
      get: (target, name) => (name === "getBuiltinModule" ? undefined : Reflect.get(target, name)),
    }),
  )
}

test("on this Node it is SQLite in the configured folder, with memory in front", async () => {
  const { cache, errors } = auto()
  expect(existsSync(join(folder, "x"))).toBe(false)
  expect(readdirSync(folder)).toEqual([])
  await cache.set("a", { n: 1 })
  expect(cache.adapter.name).toBe("sqlite")
  expect(cache.peek("a")).toEqual({ n: 1 })
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file))
  const bases = files.filter((file) => statSync(file).isFile())
  expect(bases.length).toBeGreaterThan(0)
  for (const file of bases) expect(statSync(file).mode & 0o077).toBe(0)
  const { cache: later } = auto()
  expect(await later.get("a")).toEqual({ n: 1 })
  expect(errors).toEqual([])
})

test("near: false switches the memory in front off", async () => {
  const { cache } = auto({ near: false })
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("sqlite")
  const other = auto({ near: false }).cache
  await other.set("a", 2)
  expect(await cache.get("a")).toBe(2)
})

test("ISOCACHE_ADAPTER goes before everything else", async () => {
  vi.stubEnv("ISOCACHE_ADAPTER", "memory")
  vi.stubEnv("UPSTASH_REDIS_REST_URL", "https://x.upstash.io")
  vi.stubEnv("UPSTASH_REDIS_REST_TOKEN", "t")
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("memory")
  expect(errors).toEqual([])
})

test("ISOCACHE_ADAPTER=none keeps nothing, not in a near tier either", async () => {
  vi.stubEnv("ISOCACHE_ADAPTER", "none")
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("none")
  expect(await cache.get("a")).toBeUndefined()
  expect(errors).toEqual([])
})

test("ISOCACHE_ADAPTER=auto asks for what is done anyway", async () => {
  vi.stubEnv("ISOCACHE_ADAPTER", "auto")
  const cache = new CacheWrapper({ adapter: "auto" })
  const errors = vi.fn()
  cache.on("error", errors)
  await cache.ready()
  expect(cache.adapter.name).toBe("sqlite")
  expect(errors).not.toHaveBeenCalled()
  await cache.close()
})

test("ISOCACHE_ADAPTER may name a registered alias", async () => {
  registerAlias("house", () => ({ ...memory(), name: "house" }))
  vi.stubEnv("ISOCACHE_ADAPTER", "house")
  const { cache } = auto({ near: false })
  await cache.ready()
  expect(cache.adapter.name).toBe("house")
})

test("one that does not exist falls back to memory with one error event that lists the known", async () => {
  vi.stubEnv("ISOCACHE_ADAPTER", "redsi")
  const { cache, errors } = auto()
  await Promise.all([cache.set("a", 1), cache.get("b")])
  expect(cache.adapter.name).toBe("memory")
  expect(errors.length).toBe(1)
  expect(errors[0]).toMatchObject({ error: { code: "ADAPTER_UNKNOWN" } })
})

test("with both of its variables it is Upstash, with one of them it is not", async () => {
  vi.stubEnv("UPSTASH_REDIS_REST_URL", "http://127.0.0.1:1")
  const { cache: without } = auto()
  await without.ready()
  expect(without.adapter.name).toBe("sqlite")
  vi.stubEnv("UPSTASH_REDIS_REST_TOKEN", "t")
  const { cache, errors } = auto()
  await cache.get("a")
  // It was asked, and nobody is there.
  expect(errors.length).toBe(1)
  expect(errors[0]).toMatchObject({
    error: { code: "ADAPTER_UNAVAILABLE", message: expect.stringContaining("127.0.0.1:1") },
  })
  expect(cache.adapter.name).toBe("memory")
})

test("a folder that cannot be written falls back to memory with one error event", async () => {
  const file = join(folder, "file")
  writeFileSync(file, "")
  vi.stubEnv("ISOCACHE_DIR", join(file, "below"))
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(await cache.get("a")).toBe(1)
  expect(cache.adapter.name).toBe("memory")
  expect(errors.length).toBe(1)
  expect(errors[0]).toMatchObject({ error: { code: "ADAPTER_UNAVAILABLE" } })
  await cache.ready()
})

test("where there is no SQLite, as on Node 20, it is memory, quietly", async () => {
  withoutSqlite()
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("memory")
  expect(errors).toEqual([])
})

test("where SQLite can be loaded and refuses to run, as on Workers, it is memory, quietly", async () => {
  class DatabaseSync {
    constructor() {
      throw new TypeError("Illegal constructor")
    }
  }
  const real = process.getBuiltinModule
  const getBuiltinModule = (name: string): unknown => (name === "node:sqlite" ? { DatabaseSync } : real(name))
  vi.stubGlobal("process", { env: process.env, getBuiltinModule })
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("memory")
  expect(errors).toEqual([])
})

test("in a page with IndexedDB it is that; one that cannot open falls back to memory", async () => {
  const open = () => {
    throw new DOMException("private mode", "SecurityError")
  }
  vi.stubGlobal("indexedDB", { open })
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("memory")
  expect(errors.length).toBe(1)
})

test("where nothing may be read of the environment it works all the same", async () => {
  const refuse = () => {
    throw new Error("not granted")
  }
  vi.stubGlobal("process", {
    get env() {
      return refuse()
    },
    getBuiltinModule: undefined,
  })
  const { cache, errors } = auto()
  await cache.set("a", 1)
  expect(cache.adapter.name).toBe("memory")
  expect(errors).toEqual([])
})

test("an adapter asked for by its name stays, and says what is wrong", async () => {
  const file = join(folder, "file")
  writeFileSync(file, "")
  const cache = new CacheWrapper().use("sqlite", { path: join(file, "below", "x.db") })
  const errors: unknown[] = []
  cache.on("error", ({ error }) => errors.push(error))
  expect(await cache.get("a")).toBeUndefined()
  expect(await cache.getOrSet("a", () => 1)).toBe(1)
  await expect(cache.set("a", 1)).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  await expect(cache.ready()).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  expect(cache.adapter.name).toBe("sqlite")
  expect(errors.length).toBeGreaterThan(0)
})

test("options of storages are none of auto's", () => {
  expect(() => auto({ path: "x" })).toThrow(expect.objectContaining({ code: "ADAPTER_OPTIONS" }))
})
