import { describe, expect, onTestFinished, test, vi } from "vitest"
import { toUtf8 } from "../../src/base/bytes.ts"
import { CacheWrapper as WithAliases } from "../../src/cached.ts"
import { codecFor } from "../../src/codec/codec.ts"
import type { EncryptionKey } from "../../src/codec/encrypt.ts"
import { encrypt, gzip } from "../../src/codecs.ts"
import { CacheWrapper } from "../../src/core.ts"
import type { Kept } from "../../src/entry.ts"
import type { Region } from "../../src/region.ts"
import { tiered } from "../../src/tiers.ts"
import type { CacheOptions } from "../../src/types.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { kvDouble } from "../support/kv-double.ts"

const keyOf = (fill: number) => new Uint8Array(32).fill(fill)
const kept: Kept = {
  format: 1,
  value: { secret: "hunter2" },
  createdAt: 1,
  freshUntil: 2,
  ttl: 3,
  grace: 4,
  took: 5,
  tags: ["visible"],
  marks: [],
}

/** A codec with these keys, and what it reports. */
async function setup(...keys: EncryptionKey[]) {
  const heard: unknown[] = []
  const options = { encrypt: encrypt({ keys }), onTrouble: (error: unknown) => heard.push(error) }
  return { heard, codec: await codecFor({ medium: "text" }, options) }
}

test("nothing of the value stands in the record, and no two records are alike", async () => {
  const { codec } = await setup({ id: "a", key: keyOf(1) })
  const one = String(await codec.encode("k", kept))
  const other = String(await codec.encode("k", kept))
  expect(one).toContain("visible")
  expect(atob(one.slice(one.indexOf("\n") + 1))).not.toContain("hunter2")
  expect(other).not.toBe(one)
  expect(await codec.decode("k", one)).toEqual({ ...kept, tree: true })
})

test("a record belongs to its key: under another one it is nothing", async () => {
  const { codec, heard } = await setup({ id: "a", key: keyOf(1) })
  const record = await codec.encode("mine", kept)
  for (const key of ["yours", "", "mine ", "\ud800", '"mine"'])
    expect(await codec.decode(key, record)).toBeUndefined()
  expect(heard).toHaveLength(5)
  const surrogate = await codec.encode("\ud800", kept)
  expect(await codec.decode("\ud801", surrogate)).toBeUndefined()
  expect(await codec.decode("\ud800", surrogate)).toEqual({ ...kept, tree: true })
})

test("the header cannot be changed, even with the right checksum", async () => {
  const { closeText } = await import("../../src/codec/frame.ts")
  const { codec } = await setup({ id: "a", key: keyOf(1) })
  const record = String(await codec.encode("k", kept))
  const [head = "", payload = ""] = record.split("\n")
  const line = head.slice(10)
  expect(closeText(line, payload)).toBe(record)
  for (const forged of [line.replace("[1,2,3", "[1,9,3"), line.replace("visible", "invisible")]) {
    expect(forged).not.toBe(line)
    expect(await codec.decode("k", closeText(forged, payload))).toBeUndefined()
  }
})

test("the first key writes, all read: a key is renewed without losing a record", async () => {
  const old = await setup({ id: "old", key: keyOf(1) })
  const both = await setup({ id: "new", key: keyOf(2) }, { id: "old", key: keyOf(1) })
  const fresh = await setup({ id: "new", key: keyOf(2) })
  const before = await old.codec.encode("k", kept)
  const after = await both.codec.encode("k", kept)
  expect(await both.codec.decode("k", before)).toEqual({ ...kept, tree: true })
  expect(await fresh.codec.decode("k", after)).toEqual({ ...kept, tree: true })
  expect(await fresh.codec.decode("k", before)).toBeUndefined()
  expect(String(fresh.heard[0])).toContain('has no key with the id "old"')
})

test("a wrong key under the right id is a miss with an error event", async () => {
  const one = await setup({ id: "a", key: keyOf(1) })
  const other = await setup({ id: "a", key: keyOf(2) })
  expect(await other.codec.decode("k", await one.codec.encode("k", kept))).toBeUndefined()
  expect(other.heard).toMatchObject([{ name: "CacheError", code: "CACHE_MISS", reason: "corrupt", key: "k" }])
})

test("what is encrypted is not read without keys, what is in clear not with", async () => {
  const heard: unknown[] = []
  const clear = await codecFor({ medium: "text" }, { onTrouble: (error) => heard.push(error) })
  const sealed = await setup({ id: "a", key: keyOf(1) })
  expect(await clear.decode("k", await sealed.codec.encode("k", kept))).toBeUndefined()
  expect(await sealed.codec.decode("k", await clear.encode("k", kept))).toBeUndefined()
  const short = await codecFor({ medium: "text" }, { compress: gzip({ threshold: 0 }) })
  expect(
    await sealed.codec.decode("k", await short.encode("k", { ...kept, value: "a".repeat(99) })),
  ).toBeUndefined()
  expect(String(heard)).toContain("there are no keys")
  expect(String(sealed.heard)).toContain("is in clear")
})

test("a key is 32 bytes, a CryptoKey or a passphrase, and all of them the same everywhere", async () => {
  const material = keyOf(3)
  const imported = await crypto.subtle.importKey("raw", material, "AES-GCM", false, ["encrypt", "decrypt"])
  const bytes = await setup({ id: "a", key: material })
  const object = await setup({ id: "a", key: imported })
  expect(await object.codec.decode("k", await bytes.codec.encode("k", kept))).toEqual({ ...kept, tree: true })

  const phrase = { passphrase: "correct horse", salt: "battery staple" }
  const one = await setup({ id: "p", key: phrase })
  const other = await setup({ id: "p", key: { ...phrase, salt: toUtf8("battery staple") } })
  const wrong = await setup({ id: "p", key: { ...phrase, passphrase: "correct horsf" } })
  const record = await one.codec.encode("k", kept)
  expect(await other.codec.decode("k", record)).toEqual({ ...kept, tree: true })
  expect(await wrong.codec.decode("k", record)).toBeUndefined()
})

test("a storage of objects keeps bytes where there are keys", async () => {
  const codec = await codecFor({ medium: "object" }, { encrypt: { keys: [{ id: "a", key: keyOf(1) }] } })
  const record = await codec.encode("k", kept)
  expect(record).toBeInstanceOf(Uint8Array)
  expect(new TextDecoder().decode(record as Uint8Array)).not.toContain("hunter2")
})

test("a salt of 8 bytes and 600 000 iterations do", () => {
  const key = { passphrase: "p", salt: "12345678", iterations: 600_000 }
  expect(encrypt({ keys: [{ id: "a", key }] }).keys).toHaveLength(1)
})

test("a key that is not the first may be for decrypting alone", async () => {
  const key = await crypto.subtle.importKey("raw", keyOf(1), "AES-GCM", false, ["decrypt"])
  const writer = await setup({ id: "a", key: keyOf(1) })
  const reader = await setup({ id: "b", key: keyOf(2) }, { id: "a", key })
  const record = await writer.codec.encode("k", kept)
  expect(await reader.codec.decode("k", record)).toEqual({ ...kept, tree: true })
})

test("changing the bytes of a key afterwards changes nothing", async () => {
  const key = keyOf(4)
  const { codec } = await setup({ id: "a", key })
  const same = await setup({ id: "a", key: keyOf(4) })
  key.fill(0)
  expect(await same.codec.decode("k", await codec.encode("k", kept))).toEqual({ ...kept, tree: true })
})

describe("the bytes of a key may be wiped once they were given to", () => {
  type Keys = { readonly keys: EncryptionKey[] }
  const far = (shelf: Shelf) => custom("text", "sync", shelf)
  const givenTo: Record<string, (encrypt: Keys, shelf: Shelf) => () => CacheWrapper | Region> = {
    "a cache": (encrypt, shelf) => {
      const cache = new CacheWrapper({ adapter: far(shelf), encrypt })
      return () => cache
    },
    "a cache that changes its storage later": (encrypt, shelf) => {
      const cache = new CacheWrapper({ adapter: far(new Map()), encrypt })
      return () => cache.use(far(shelf))
    },
    "use()": (encrypt, shelf) => {
      const cache = new CacheWrapper({ adapter: far(new Map()) }).use(far(shelf), { encrypt })
      return () => cache
    },
    "a region": (encrypt, shelf) => {
      const region = new CacheWrapper({ adapter: far(shelf) }).region("r", { encrypt })
      return () => region
    },
    "tiered()": (encrypt, shelf) => {
      const adapter = tiered({ near: custom("object"), far: far(shelf), encrypt })
      return () => new CacheWrapper({ adapter })
    },
    "encrypt()": (given, shelf) => {
      const own = encrypt(given)
      return () => new CacheWrapper({ adapter: far(shelf), encrypt: own })
    },
  }

  test.for(Object.entries(givenTo))("%s", async ([, give]) => {
    const shelf: Shelf = new Map()
    const key = keyOf(5)
    const salt = toUtf8("battery staple")
    const phrase = { passphrase: "correct horse", salt }
    const cache = give(
      {
        keys: [
          { id: "a", key },
          { id: "p", key: phrase },
        ],
      },
      shelf,
    )
    key.fill(0)
    salt.fill(0)
    phrase.passphrase = "wiped"
    await cache().set("k", 1)
    const [stored = ""] = [...shelf.keys()].filter((name) => !name.startsWith("#"))
    const same = await setup({ id: "a", key: keyOf(5) })
    expect((await same.codec.decode(stored, shelf.get(stored)?.record))?.value).toBe(1)
  })

  test("and the same ones given again mean the same storage", async () => {
    const cache = new WithAliases()
    const { kv: binding } = kvDouble()
    const use = async (fill: number) => {
      const keys = [{ id: "a", key: keyOf(fill) }]
      await cache.use("kv", { binding, encrypt: { keys } }).ready()
      return cache.adapter
    }
    const before = await use(5)
    expect(await use(5)).toBe(before)
    expect(await use(6)).not.toBe(before)
  })
})

describe("a passphrase", () => {
  const key = { passphrase: "correct horse", salt: "battery staple" }

  /** Twenty records by another codec of the same passphrase, and a count of what follows. */
  async function cold() {
    const writer = await setup({ id: "p", key })
    const records = await Promise.all(
      Array.from({ length: 20 }, (_, at) => writer.codec.encode(`k${at}`, kept)),
    )
    const derive = vi.spyOn(crypto.subtle, "deriveKey")
    onTestFinished(() => derive.mockRestore())
    const { codec } = await setup({ id: "p", key })
    const read = () => Promise.all(records.map((record, at) => codec.decode(`k${at}`, record)))
    return { codec, derive, read }
  }

  test("is derived once for all waiting callers", async () => {
    const { codec, derive, read } = await cold()
    const turns = [read(), new Promise((resolve) => setTimeout(resolve)).then(read), codec.encode("k", kept)]
    for (const got of (await Promise.all(turns)).slice(0, 2)) {
      expect(got).toEqual(Array.from({ length: 20 }, () => ({ ...kept, tree: true })))
    }
    expect(derive).toHaveBeenCalledTimes(1)
  })

  test("is derived again after a failure", async () => {
    const { derive, read } = await cold()
    derive.mockRejectedValueOnce(new Error("too much at once"))
    await expect(read()).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect((await read()).filter(Boolean)).toHaveLength(20)
    expect(derive).toHaveBeenCalledTimes(2)
  })

  test("is derived by each request on Workers, until one of them is done", async () => {
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" })
    onTestFinished(() => void vi.unstubAllGlobals())
    const { derive, read } = await cold()
    const first = read()
    await new Promise((resolve) => setTimeout(resolve))
    await Promise.all([first, read()])
    expect(derive).toHaveBeenCalledTimes(2)
    await read()
    expect(derive).toHaveBeenCalledTimes(2)
  })
})

describe("refused when it is given", () => {
  test.for([
    ["no keys", []],
    ["a short key", [{ id: "a", key: new Uint8Array(31) }]],
    ["a text for a key", [{ id: "a", key: "x".repeat(32) }]],
    ["no id", [{ key: keyOf(1) }]],
    ["an empty id", [{ id: "", key: keyOf(1) }]],
    [
      "an id met twice",
      [
        { id: "a", key: keyOf(1) },
        { id: "a", key: keyOf(2) },
      ],
    ],
    ["an empty passphrase", [{ id: "a", key: { passphrase: "", salt: "12345678" } }]],
    ["a passphrase that is no text", [{ id: "a", key: { passphrase: 5, salt: "12345678" } }]],
    ["a salt that is neither text nor bytes", [{ id: "a", key: { passphrase: "p", salt: 16 } }]],
    ["a short salt", [{ id: "a", key: { passphrase: "p", salt: "1234567" } }]],
    ["no salt", [{ id: "a", key: { passphrase: "p" } }]],
    ["few iterations", [{ id: "a", key: { passphrase: "p", salt: "12345678", iterations: 599_999 } }]],
    [
      "iterations that are no whole number",
      [{ id: "a", key: { passphrase: "p", salt: "12345678", iterations: 600_000.5 } }],
    ],
    [
      "an unknown name beside a passphrase",
      [{ id: "a", key: { passphrase: "p", salt: "12345678", iteration: 900_000 } }],
    ],
    [
      "a first key that may not encrypt",
      [{ id: "a", key: { algorithm: { name: "AES-GCM", length: 256 }, usages: ["decrypt"] } }],
    ],
    [
      "a key that may not decrypt",
      [{ id: "a", key: { algorithm: { name: "AES-GCM", length: 256 }, usages: ["encrypt"] } }],
    ],
    ["some object", [{ id: "a", key: {} }]],
    [
      "a key of another kind",
      [{ id: "a", key: { algorithm: { name: "AES-GCM", length: 128 }, usages: ["decrypt"] } }],
    ],
  ] as const)("%s", ([, keys]) => {
    const error = expect.objectContaining({ name: "CacheError", code: "OPTION_INVALID" })
    expect(() => encrypt({ keys: keys as never })).toThrow(error)
  })

  test.for([
    ["a threshold below 0", { threshold: -1 }],
    ["a threshold that is no number", { threshold: "1kb" }],
    ["an unknown format", { format: "zip" }],
    ["a format that is no text", { format: 5n }],
    ["an unknown option", { level: 9 }],
  ] as const)("%s", ([, options]) => {
    expect(() => gzip(options as never)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }))
  })

  test("an unknown option beside keys", () => {
    const options = { keys: [{ id: "a", key: keyOf(1) }], foo: 1 }
    expect(() => encrypt(options)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }))
  })

  test("and no secret is told", () => {
    const key = { passphrase: "hunter2", salt: "short" }
    expect(() => encrypt({ keys: [{ id: "a", key }] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    )
  })
})

test("options of the cache itself are judged too", async () => {
  const bad = { encrypt: { keys: [{ id: "a", key: new Uint8Array(16) }] } }
  await expect(codecFor({ medium: "bytes" }, bad)).rejects.toMatchObject({ code: "OPTION_INVALID" })
})

/** Expects that the entry "k" cannot be looked at, nor `value` be written; `why` is told. With memory in front, too. */
async function expectUnavailable(
  shelf: Shelf,
  options: CacheOptions,
  value: unknown,
  why: RegExp,
): Promise<void> {
  for (const near of [false, true]) {
    const unable = new CacheWrapper({ adapter: custom("text", "sync", shelf), near, ...options })
    const heard: unknown[] = []
    unable.on("error", ({ error }) => heard.push(error))
    await expect(unable.get("k", { required: true })).rejects.toMatchObject({ reason: "unavailable" })
    expect(await unable.getMany(["k", "l"])).toEqual([undefined, undefined])
    const refused = { code: "ADAPTER_UNAVAILABLE", message: expect.stringMatching(why) }
    await expect(unable.set("l", value)).rejects.toMatchObject(refused)
    expect(heard[0]).toMatchObject(refused)
  }
}

test("where a key cannot be made what it has sealed is unavailable, and stays for others", async () => {
  const shelf: Shelf = new Map()
  const key = { passphrase: "correct horse", salt: "battery staple" }
  const options = { prefix: "", encrypt: { keys: [{ id: "p", key }] } }
  const able = new CacheWrapper({ adapter: custom("text", "sync", shelf), ...options })
  await able.set("k", 1)
  const derive = vi.spyOn(crypto.subtle, "deriveKey").mockRejectedValue(new Error("too many rounds"))
  onTestFinished(() => derive.mockRestore())
  await expectUnavailable(shelf, options, 1, /the key "p" cannot be made here/)
  derive.mockRestore()
  expect(await able.get("k")).toBe(1)
})

test("without WebCrypto what is encrypted is unavailable", async () => {
  const { codec } = await setup({ id: "a", key: keyOf(1) })
  const record = await codec.encode("k", kept)
  const fresh = await setup({ id: "a", key: keyOf(1) })
  vi.stubGlobal("crypto", {})
  onTestFinished(() => void vi.unstubAllGlobals())
  await expect(fresh.codec.decode("k", record)).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
})

test("what this runtime cannot decompress is unavailable and stays for others, and a set that would compress says so", async () => {
  const shelf: Shelf = new Map()
  const options = { prefix: "", compress: true } as const
  const able = new CacheWrapper({ adapter: custom("text", "sync", shelf), ...options })
  const long = "x".repeat(5000)
  await able.set("k", long)
  const { CompressionStream, DecompressionStream } = globalThis
  const restore = () => Object.assign(globalThis, { CompressionStream, DecompressionStream })
  onTestFinished(() => void restore())
  Reflect.deleteProperty(globalThis, "CompressionStream")
  Reflect.deleteProperty(globalThis, "DecompressionStream")
  await expectUnavailable(shelf, options, long, /this runtime lacks CompressionStream/)
  restore()
  expect(await able.get("k")).toBe(long)
})

test("only what is long enough and gets shorter is compressed", async () => {
  const flagOf = async (value: unknown, options: Parameters<typeof gzip>[0] | true) => {
    const codec = await codecFor({ medium: "text" }, { compress: options === true ? true : gzip(options) })
    const record = String(await codec.encode("k", { ...kept, value }))
    expect(await codec.decode("k", record)).toEqual({ ...kept, value, tree: true })
    return record[11]
  }
  expect(await flagOf("a".repeat(1021), true)).toBe("-")
  expect(await flagOf("a".repeat(1022), true)).toBe("g")
  expect(await flagOf("aaaaaaaaaa", { threshold: 0 })).toBe("-")
  expect(await flagOf("a".repeat(100), { threshold: 0, format: "deflate" })).toBe("d")
  expect(await flagOf("a".repeat(100), { threshold: 0, format: "deflate-raw" })).toBe("w")
  const noise = Array.from(crypto.getRandomValues(new Uint8Array(2000)), (byte) =>
    String.fromCharCode(33 + (byte % 90)),
  ).join("")
  expect(await flagOf(noise.slice(0, 30), { threshold: 0 })).toBe("-")
})

test("a read opens its record once, and tells once of one it cannot open", async () => {
  const shelf: Shelf = new Map()
  const keys = [{ id: "a", key: new Uint8Array(32) }]
  const cache = new CacheWrapper({ adapter: custom("text", "sync", shelf), encrypt: { keys } })
  await cache.set("k", 1)
  const decrypt = vi.spyOn(crypto.subtle, "decrypt")
  expect(await cache.get("k")).toBe(1)
  expect(decrypt).toHaveBeenCalledTimes(1)
  const other = new CacheWrapper({
    adapter: custom("text", "sync", shelf),
    encrypt: { keys: [{ id: "a", key: new Uint8Array(32).fill(1) }] },
  })
  const heard: unknown[] = []
  other.on("error", ({ error }) => heard.push(error))
  expect(await other.get("k")).toBeUndefined()
  expect(decrypt).toHaveBeenCalledTimes(2)
  expect(heard.map(String)).toEqual([
    expect.stringContaining("was not sealed by the key"),
    expect.stringContaining("not an entry"),
  ])
  decrypt.mockRestore()
})
