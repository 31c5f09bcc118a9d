import { expect, onTestFinished, test, vi } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { CacheWrapper } from "../../src/core.ts"
import type { CacheEvent } from "../../src/types.ts"

const keyOf = (byte: number) => ({ id: "one", key: new Uint8Array(32).fill(byte) })
const encrypt = { keys: [keyOf(1)] }

/** A name for a database, which goes with the test. */
function database(): string {
  const name = `codecs ${Math.random()}`
  onTestFinished(() => void indexedDB.deleteDatabase(name))
  return name
}

function open(name: string, options: object): { cache: CacheWrapper; events: CacheEvent[] } {
  const adapter = indexeddb({ name })
  const cache = new CacheWrapper({ adapter, storeTimeout: "30s", ...options })
  const events: CacheEvent[] = []
  cache.on("*", (event) => events.push(event))
  onTestFinished(async () => {
    await cache.close()
    await adapter.close?.()
  })
  return { cache, events }
}

const text = "a value that compresses well, ".repeat(2_000)
const value = {
  text,
  map: new Map<unknown, unknown>([[1n, new Set([-0, Number.NaN])]]),
  date: new Date(0),
  bytes: new Uint8Array(5_000).map((_, i) => i * i),
  nothing: undefined,
}

/** What lies in the database under `key`. */
function stored(name: string, key: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name)
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const get = request.result.transaction("entries").objectStore("entries").get(key)
      get.onsuccess = () => {
        resolve(get.result.v)
        request.result.close()
      }
    }
  })
}

test.each([
  ["compress", { compress: true }],
  ["encrypt", { encrypt }],
  ["compress and encrypt", { compress: true, encrypt }],
  ["compress and encrypt, memory in front", { compress: true, encrypt, near: true }],
])("values survive in IndexedDB with %s", async (way, options) => {
  const name = database()
  const { cache } = open(name, options)
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
  await Promise.all(keys.map((key) => cache.set(key, { ...value, key })))
  const wanted = keys.map((key) => ({ ...value, key }))
  expect(await Promise.all(keys.map((key) => cache.get(key)))).toEqual(wanted)

  const { cache: later, events } = open(name, options)
  expect(await later.getMany(keys)).toEqual(wanted)
  expect(events.filter(({ type }) => type === "error")).toEqual([])
  const record = await stored(name, "k0")
  if (!(record instanceof Uint8Array)) throw new Error("The record is no bytes.")
  expect(new TextDecoder("latin1").decode(record)).not.toContain("a value that compresses well")
  if (way.startsWith("compress")) expect(record.length).toBeLessThan(text.length / 2)
})

test.each(["compress", "encrypt"])(
  "%s takes its time before the transaction of a write opens, and after that of a read",
  async (way) => {
    const log = slowCodecs()
    const { cache } = open(database(), way === "compress" ? { compress: true } : { encrypt })
    await cache.set("first", text) // opens the database, brings the version tokens
    const begin = IDBDatabase.prototype.transaction
    vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (
      this: IDBDatabase,
      ...args: Parameters<typeof begin>
    ) {
      log.push(args[1] ?? "readonly")
      return begin.apply(this, args)
    })
    log.length = 0
    await cache.set("k", text)
    expect(log.indexOf("encoded")).toBeGreaterThan(-1)
    expect(log.indexOf("readwrite")).toBeGreaterThan(log.indexOf("encoded"))
    log.length = 0
    expect(await cache.get("k")).toBe(text)
    expect(log.at(-1)).toBe("decoded")
    expect(log.slice(0, -1)).toSatisfy((modes: string[]) => modes.every((mode) => mode === "readonly"))
  },
)

/** Slows down what the platform encodes with, by real time: no transaction would outlive that. Answers a log. */
function slowCodecs(): string[] {
  const log: string[] = []
  const late = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms))
  const { subtle } = crypto
  const { encrypt: seal, decrypt: unseal } = subtle
  vi.spyOn(subtle, "encrypt").mockImplementation(async (...args) => {
    const result = await seal.apply(subtle, args)
    await late()
    log.push("encoded")
    return result
  })
  vi.spyOn(subtle, "decrypt").mockImplementation(async (...args) => {
    const result = await unseal.apply(subtle, args)
    await late()
    log.push("decoded")
    return result
  })
  for (const [stream, done] of [
    ["CompressionStream", "encoded"],
    ["DecompressionStream", "decoded"],
  ] as const) {
    const Real = globalThis[stream]
    vi.stubGlobal(stream, function slow(format: CompressionFormat) {
      const { readable, writable } = new Real(format)
      const flush = async () => {
        await late()
        log.push(done)
      }
      return { writable, readable: readable.pipeThrough(new TransformStream({ flush })) }
    })
  }
  onTestFinished(() => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })
  return log
}

test("a wrong key is a miss, with an error event", async () => {
  const name = database()
  const { cache } = open(name, { encrypt })
  await cache.set("k", value)
  const { cache: other, events } = open(name, { encrypt: { keys: [keyOf(2)] } })
  await expect(other.get("k", { required: true })).rejects.toMatchObject({
    code: "CACHE_MISS",
    reason: "corrupt",
  })
  const types = events.map(({ type }) => type)
  expect([types[0], types.at(-1)]).toEqual(["error", "miss"])
  expect(await other.getOrSet("k", () => "anew")).toBe("anew")
  expect(await other.get("k")).toBe("anew")
})
