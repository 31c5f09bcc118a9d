import { constants, deflateRawSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import type { Adapter } from "../../src/adapter.ts"
import { toBase64, toUtf8 } from "../../src/base/bytes.ts"
import { type CodecOptions, codecFor } from "../../src/codec/codec.ts"
import { decompress } from "../../src/codec/compress.ts"
import { closeBytes, closeText, lineOf } from "../../src/codec/frame.ts"
import { CacheWrapper } from "../../src/core.ts"
import type { Kept } from "../../src/entry.ts"
import { custom, type Shelf } from "../support/adapters.ts"

const kept: Kept = {
  format: 1,
  value: undefined,
  createdAt: 1,
  freshUntil: 2,
  ttl: 3,
  grace: 4,
  took: 5,
  tags: ["tag"],
  marks: ["mark"],
}
const values = {
  plain: { list: [1, "text"], n: 123_456 },
  rich: new Map([["k", new Date(0)]]),
  text: "a".repeat(90),
}
const encrypt: CodecOptions["encrypt"] = { keys: [{ id: "k1", key: new Uint8Array(32) }] }
const forms: Readonly<Record<string, CodecOptions>> = {
  "in clear": {},
  compressed: { compress: { threshold: 0 } },
  "compressed raw": { compress: { threshold: 0, format: "deflate-raw" } },
  encrypted: { encrypt },
}

for (const [form, options] of Object.entries(forms)) {
  describe.for(["text", "bytes"] as const)(`%s, ${form}`, (medium) => {
    test.for(Object.entries(values))(
      "a record of %s that is cut or has a bit changed is undefined",
      async ([, value]) => {
        const codec = await codecFor({ medium }, options)
        const record: any = await codec.encode("k", { ...kept, value })
        expect(await codec.decode("k", record)).toMatchObject({ ...kept, value })
        const bits = medium === "text" ? [0, 1, 5, 6, 7, 8, 15] : [0, 3, 7]
        for (let at = 0; at < record.length; at++) {
          expect(await codec.decode("k", record.slice(0, at)), `cut at ${at}`).toBeUndefined()
          expect(await codec.decode("k", record.slice(at + 1)), `cut until ${at}`).toBeUndefined()
          const bit = 1 << (bits[at % bits.length] ?? 0)
          expect(await codec.decode("k", flip(record, at, bit)), `changed at ${at}`).toBeUndefined()
        }
        expect(
          await codec.decode("k", typeof record === "string" ? `${record} ` : new Uint8Array([...record, 0])),
        ).toBeUndefined()
      },
    )
  })
}

const rich = '[1,2,3,4,5,[],[],"superjson"]'
const deep = (levels: number, core: string) => "[".repeat(levels) + core + "]".repeat(levels)

// Whoever writes to the storage can compute checksums too.
test.for([
  ["p--", "[1,2,3,4,5,[],[]]", "{"],
  ["p--", "[1,2,3,4,5,[],[]]", ""],
  ["p--", "[1,2,3,4,5,[],[1]]", "1"],
  ["p--", "[1,2,3,4,5,[null],[]]", "1"],
  ["p--", '[1,2,3,4,5,"tags",[]]', "1"],
  ["p--", "[null,2,3,4,5,[],[]]", "1"],
  ["p--", '[1,"2",3,4,5,[],[]]', "1"],
  ["p--", "[1,2,3,4]", "1"],
  ["p--", "{}", "1"],
  ["p--", "null", "1"],
  ["p--", "[1,2,3,4,5,[],[]", "1"],
  ["p--", "", "1"],
  ["p--", '[1,2,3,4,5,[],[],"superjson"]', "1"],
  ["r--", "[1,2,3,4,5,[],[]]", "1"],
  ["r--", '[1,2,3,4,5,[],[],"superjson"]', "~[0]"],
  ["r--", '[1,2,3,4,5,[],[],"superjson"]', '~[0,[1e9],{"0":[["typed-array","Uint8Array"]]}]'],
  ["r--", '[1,2,3,4,5,[],[],"other"]', "1"],
  ["r--", '[1,2,3,4,5,[],[],{"toString":1}]', "1"],
  ["x--", "[1,2,3,4,5,[],[]]", "1"],
  ["px-", "[1,2,3,4,5,[],[]]", "1"],
  ["p-x", "[1,2,3,4,5,[],[]]", "1"],
  ["p-e", "[1,2,3,4,5,[],[]]", "1"],
  ["p--", '[1,2,3,4,5,[],[],null,"k1"]', "1"],
  ["p-e", '[1,2,3,4,5,[],[],null,"k1"]', "AAAA"],
  ["pg-", "[1,2,3,4,5,[],[]]", "AAAA"],
  ["pg-", "[1,2,3,4,5,[],[]]", "%"],
  ["p--", "[1,2,3,4,5,[],[]]", "[".repeat(100_000)],
  // Values that could be read, but not copied.
  ["r--", rich, deep(1001, "1")],
  ["r--", rich, `~[${deep(1001, "1")},[],{}]`],
  ["r--", rich, `~[${deep(1000, '{"$":0}')},[0],{"0":["Date"]}]`],
  ["r--", rich, `~[{"$":["M",1,${deep(1000, "1")}]},[],{}]`],
  ["r--", rich, `~[{"$":0},[${deep(1500, "1")}],{}]`],
  ["r--", rich, `~[{"$":1},["x",${deep(1500, "1")}],{"0":["undefined"],"00":["undefined"]}]`],
  ["r--", rich, `~[{"$":["{","b",{"$":["=",0,${deep(990, "1")}]},"1",${deep(20, '{"$":["@",0]}')}]},[],{}]`],
  ["r--", rich, '~[{"$":["[",2,"slice",1]},[],{}]'],
  ["r--", rich, '~[{"$":["[",1.5,"0",1]},[],{}]'],
  ["r--", rich, '~[{"$":["[",4294967296]},[],{}]'],
  ["r--", rich, '~[{"$":["E","Error","m","n",{"message":{"toString":1,"valueOf":1}}]},[],{}]'],
] as const)("%s %s with %s is undefined although its checksum is right", async ([flags, header, payload]) => {
  for (const options of [{}, { encrypt }]) {
    const text = await codecFor({ medium: "text" }, options)
    expect(await text.decode("k", closeText(flags + header, payload))).toBeUndefined()
    const bytes = await codecFor({ medium: "bytes" }, options)
    expect(await bytes.decode("k", closeBytes(flags + header, toUtf8(payload)))).toBeUndefined()
  }
})

const times = ["createdAt", "freshUntil", "ttl", "grace", "took"] as const
const noTimes = ["1", "null", "true", "{}", "[1]", "NaN"].map((text) => [text, times] as const)
const lengths = ["ttl", "grace", "took"] as const

// As text: "null" stands for Infinity in the records of text and bytes, so that it is no junk there.
test.for([...noTimes, ["-1", lengths], ["-1e999", lengths]] as const)(
  "a record with %s for one of %j is undefined on every medium",
  async ([text, names]) => {
    const value: unknown = text === "NaN" ? Number.NaN : text === "1" ? text : JSON.parse(text)
    for (const name of names) {
      const forged = { ...kept, value: 1, [name]: value } as Kept
      for (const copy of ["clone", "none", "own", undefined] as const) {
        const codec = await codecFor({ medium: "object", ...(copy && { copy }) })
        expect(await codec.decode("k", forged), `${name}, copy ${copy}`).toBeUndefined()
      }
      const isInfinity = (text === "null" || text === "NaN") && name !== "createdAt" && name !== "took"
      if (isInfinity) continue
      const header = times.map((one) => (one === name ? written(text) : kept[one]))
      const line = `p--[${header},[],[]]`
      const ofText = await codecFor({ medium: "text" })
      expect(await ofText.decode("k", closeText(line, "1")), `${name}, text`).toBeUndefined()
      const ofBytes = await codecFor({ medium: "bytes" })
      expect(await ofBytes.decode("k", closeBytes(line, toUtf8("1"))), `${name}, bytes`).toBeUndefined()
    }
  },
)

test("a bigint of more than a million digits, which takes long to read, is neither read nor written", async () => {
  const codec = await codecFor({ medium: "text" })
  const of = (digits: number) =>
    closeText(`r--${rich}`, `~[{"$":0},["${"9".repeat(digits)}"],{"0":["bigint"]}]`)
  expect(await codec.decode("k", of(1_000_001))).toBeUndefined()
  expect((await codec.decode("k", of(1_000_000)))?.value).toBe(10n ** 1_000_000n - 1n)
  const tooLong = { ...kept, value: [10n ** 1_000_000n] }
  await expect(async () => codec.encode("k", tooLong)).rejects.toMatchObject({ code: "VALUE_TOO_LARGE" })
})

test("what a storage of objects holds makes no read fail, even if no copy can be made of it", async () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  const foreign = [{ value: cycle, tree: true }, { value: JSON.parse(deep(1500, "1")) }]
  for (const one of foreign) {
    const held: Shelf = new Map()
    const adapter: Adapter = { ...custom("object", "async", held), copy: "own" }
    await new CacheWrapper({ adapter }).set("k", [])
    const [name = ""] = [...held.keys()].filter((key) => !key.startsWith("#"))
    held.set(name, { record: { ...Object(held.get(name)?.record), ...one }, until: Infinity })
    const cache = new CacheWrapper({ adapter, near: true })
    for (let reads = 3; reads > 0; reads--) {
      expect(await cache.getOrSet("k", () => "loaded")).toBeDefined()
      expect(await cache.getMany(["k", "k"])).toHaveLength(2)
    }
  }
})

test("bytes that are no UTF-8 are undefined", async () => {
  const codec = await codecFor({ medium: "bytes" })
  const line = "p--[1,2,3,4,5,[],[]]"
  expect(await codec.decode("k", closeBytes(line, new Uint8Array([34, 255, 34])))).toBeUndefined()
})

test("data under __proto__ is data", async () => {
  const codec = await codecFor({ medium: "text" })
  const back: any = await codec.decode("k", closeText("p--[1,2,3,4,5,[],[]]", '{"__proto__":{"polluted":1}}'))
  expect(back.value.polluted).toBeUndefined()
  expect(Object.keys(back.value)).toEqual(["__proto__"])
  expect(Reflect.get({}, "polluted")).toBeUndefined()
})

test("a record of another version is undefined", async () => {
  const codec = await codecFor({ medium: "text" })
  const record = String(await codec.encode("k", { ...kept, value: 1 }))
  expect(await codec.decode("k", record.replace("i1", "i2"))).toBeUndefined()
})

test("a record of more than 64 MiB is undefined, unread", async () => {
  const codec = await codecFor({ medium: "bytes" })
  const huge = new Uint8Array(67_108_865)
  huge.set(toUtf8("i1"))
  expect(await codec.decode("k", huge)).toBeUndefined()
})

test.for([30_000_000, 900_000])("lists of %d holes take no memory, read or copied", async (length) => {
  const codec = await codecFor({ medium: "text" })
  const lists = Array<string>(20).fill(`{"$":["[",${length},"0",1]}`)
  const record = closeText(`r--${rich}`, `~[[${lists}],[],{}]`)
  const before = process.memoryUsage().heapUsed
  const read: any = await codec.decode("k", record)
  const copy: any = codec.out(read)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(16_000_000)
  for (const { value } of [read, { value: copy }]) {
    expect(value).toHaveLength(20)
    for (const list of value) expect([list.length, Object.keys(list)]).toEqual([length, ["0"]])
  }
})

test("a bomb of 1 GB is given up at the limit, in bounded memory", async () => {
  // A megabyte of zeros a thousand times over, and the end.
  const block = deflateRawSync(new Uint8Array(1_048_576), { finishFlush: constants.Z_FULL_FLUSH })
  const bomb = new Uint8Array(Buffer.concat([...Array<Buffer>(1024).fill(block), Buffer.from([3, 0])]))
  const before = process.memoryUsage().rss
  await expect(decompress("w", bomb)).rejects.toThrow("longer than any")
  expect(process.memoryUsage().rss - before).toBeLessThan(4 * 67_108_864)

  const text = await codecFor({ medium: "text" })
  expect(
    await text.decode("k", closeText(lineOf({ kept, compression: "w" }), toBase64(bomb))),
  ).toBeUndefined()
})

/** How JSON writes it: a text in quotes, and NaN as null. */
function written(text: string): string {
  return text === "1" ? '"1"' : text === "NaN" ? "null" : text
}

function flip(record: string | Uint8Array, at: number, bit: number): string | Uint8Array {
  if (typeof record === "string") {
    return record.slice(0, at) + String.fromCharCode(record.charCodeAt(at) ^ bit) + record.slice(at + 1)
  }
  const changed = record.slice()
  changed[at] = (changed[at] ?? 0) ^ bit
  return changed
}
