import { describe, expect, test, vi } from "vitest"
import type { Serializer, Stored } from "../../src/adapter.ts"
import { type Codec, codecFor } from "../../src/codec/codec.ts"
import { superjsonSerializer } from "../../src/codec/superjson.ts"
import type { Kept } from "../../src/entry.ts"
import { picture } from "./picture.ts"
import { leaves, refused, shapes, simplified, sparse } from "./values.ts"

const key = new Uint8Array(32).fill(7)
const encrypt = { keys: [{ id: "k1", key }] }

/** What storages do to a record between set and get. */
const storages: Readonly<Record<string, (record: Stored) => Stored>> = {
  same: (record) => record,
  clone: (record) => structuredClone(record),
}

const codecs: readonly (readonly [name: string, make: () => Codec | Promise<Codec>, storage: string])[] = [
  ["objects, clone", () => codecFor({ medium: "object", copy: "clone" }), "same"],
  ["objects, own", () => codecFor({ medium: "object", copy: "own" }), "clone"],
  ["objects that are kept as they are", () => codecFor({ medium: "object" }), "same"],
  ["objects that are cloned", () => codecFor({ medium: "object" }), "clone"],
  ["text", () => codecFor({ medium: "text" }), "clone"],
  ["bytes", () => codecFor({ medium: "bytes" }), "clone"],
  ...(["object", "text", "bytes"] as const).flatMap((medium) =>
    (
      [
        ["compressed", { compress: { threshold: 0 } }],
        ["encrypted", { encrypt }],
        ["both", { encrypt, compress: { threshold: 0, format: "deflate-raw" } }],
      ] as const
    ).map(([name, options]) => [`${medium}, ${name}`, () => codecFor({ medium }, options), "clone"] as const),
  ),
]

test.for(codecs)(
  "%s: every value comes back whole, with all that is known of it",
  async ([, make, storage]) => {
    const codec = await make()
    for (const [name, value] of Object.entries({ ...leaves, ...shapes })) {
      const kept = keptOf(value())
      const back = await through(codec, kept, storage)
      expect(back && picture(codec.out(back)), name).toBe(picture(value()))
      expect({ ...back, value: 0 }, name).toMatchObject({ ...kept, value: 0 })
    }
    for (const [name, pair] of Object.entries(simplified)) {
      const [from, to] = pair()
      const back = await through(codec, keptOf(from), storage)
      expect(back && picture(codec.out(back)), name).toBe(picture(to))
    }
  },
)

test.for(codecs)("%s: what is refused is refused alike, by its path", async ([, make]) => {
  const codec = await make()
  for (const [value, path, what] of refused) {
    const error = await failure(() => codec.encode("k", keptOf(value())))
    expect(error).toMatchObject({ code: "VALUE_UNSUPPORTED", key: "k" })
    expect(String(error)).toContain(path)
    expect(String(error)).toContain(what)
    expect(String(error)).not.toContain("hunter2")
  }
})

test.for(codecs)("%s: changing what went in or came out changes no record", async ([, make, storage]) => {
  const codec = await make()
  for (const value of [changeable(), { plain: { n: 1, list: [1] } }]) {
    const before = picture(value)
    const encoding = codec.encode("k", keptOf(value))
    change(value)
    const record = await encoding
    const keep = storages[storage]?.(record)
    for (let reading = 0; reading < 2; reading++) {
      const back = await codec.decode("k", storages[storage]?.(keep))
      if (back === undefined) throw new Error("lost")
      const got = codec.out(back)
      expect(picture(got)).toBe(before)
      change(got)
    }
  }
})

test.for(codecs)("%s: junk is undefined, never an error", async ([, make]) => {
  const codec = await make()
  const bytes = (text: string) => new TextEncoder().encode(text)
  for (const junk of [
    undefined,
    null,
    0,
    true,
    Symbol("s"),
    () => 1,
    {},
    [],
    new Date(),
    new Map(),
    { format: 1 },
  ]) {
    expect(await codec.decode("k", junk)).toBeUndefined()
  }
  for (const junk of [
    "",
    "junk",
    "i1",
    "i1p--",
    "i100000000p--",
    "\n",
    'i100000000p--[]\n"a"',
    "i2p--",
    "null",
  ]) {
    expect(await codec.decode("k", junk)).toBeUndefined()
    expect(await codec.decode("k", bytes(junk))).toBeUndefined()
  }
  const odd = { ...keptOf(1), tags: "a" }
  for (const junk of [
    odd,
    { ...keptOf(1), createdAt: Number.NaN },
    { ...keptOf(1), format: 2 },
    { ...keptOf(1), ttl: "1" },
  ]) {
    expect(await codec.decode("k", junk)).toBeUndefined()
  }
})

test.each(["own", undefined] as const)(
  "an object of a storage that copies (%s) whose tags or marks are no texts is junk",
  async (copy) => {
    const codec = await codecFor({ medium: "object", ...(copy && { copy }) })
    const packed: any = await codec.encode("k", keptOf(new URL("https://a")))
    for (const kept of [keptOf(1), { ...packed, packed: "superjson" }]) {
      // Whoever walks through the longest, or spreads it, is gone for half a minute.
      for (const list of [[{}, null, 5], sparse(2, { 1: "a" }), new Array(4_294_967_295)]) {
        expect(await codec.decode("k", { ...kept, tags: list })).toBeUndefined()
        expect(await codec.decode("k", { ...kept, marks: list })).toBeUndefined()
      }
    }
  },
)

test("the first value that is more than plain data is of its moment too", async () => {
  vi.resetModules()
  const { codecFor: first } = await import("../../src/codec/codec.ts")
  const codec = await first({ medium: "object", copy: "clone" })
  const value: any = changeable()
  const before = picture(value)
  const encoding = codec.encode("k", keptOf(value))
  expect(encoding).not.toBeInstanceOf(Promise)
  change(value)
  const back = await codec.decode("k", await encoding)
  expect(back && picture(codec.out(back))).toBe(before)
})

test("copy none hands over the very entry and answers the very record", async () => {
  const codec = await codecFor({ medium: "object", copy: "none" })
  class User {}
  for (const value of [new User(), { call() {} }, [1], "text", undefined]) {
    const kept = keptOf(value)
    expect(codec.encode("k", kept)).toBe(kept)
    expect(codec.decode("k", kept)).toBe(kept)
    expect(codec.out(kept)).toBe(value)
  }
  for (const value of [() => 1, Symbol("s"), Promise.resolve(1)]) {
    expect(await failure(() => codec.encode("k", keptOf(value)))).toMatchObject({ code: "VALUE_UNSUPPORTED" })
  }
})

test("objects and plain JSON take no promise, in any medium", async () => {
  for (const medium of ["object", "text", "bytes"] as const) {
    const codec = await codecFor({ medium, copy: "clone" })
    const record = codec.encode("k", keptOf({ a: [1, { b: "c" }] }))
    expect(record).not.toBeInstanceOf(Promise)
    expect(codec.decode("k", record)).not.toBeInstanceOf(Promise)
  }
})

test("decoding what memory holds makes nothing", async () => {
  const codec = await codecFor({ medium: "object", copy: "clone" })
  const record = await codec.encode("k", keptOf({ a: 1 }))
  expect(codec.decode("k", record)).toBe(record)
})

test("an object that structured clone would change is carried as text, plain ones are not", async () => {
  const codec = await codecFor({ medium: "object", copy: "own" })
  expect(await codec.encode("k", keptOf(new URL("https://example.org")))).toMatchObject({
    packed: "superjson",
  })
  expect(await codec.encode("k", keptOf(new Map([[1, new Date(0)]])))).not.toHaveProperty("packed")
  const buffer: any = await codec.encode("k", keptOf([Buffer.from("a")]))
  expect(buffer.value[0].constructor).toBe(Uint8Array)
})

test("instances of registered classes go through every medium", async () => {
  class User {
    readonly since = new Date(0)
  }
  const options = { serializer: superjsonSerializer({ classes: { User } }) }
  for (const [medium, copy] of [
    ["object", "clone"],
    ["object", "own"],
    ["object", undefined],
    ["text", undefined],
    ["bytes", undefined],
  ] as const) {
    const codec = await codecFor(copy ? { medium, copy } : { medium }, options)
    const back = await through(codec, keptOf({ user: new User() }), copy === "clone" ? "same" : "clone")
    const { user }: any = back ? codec.out(back) : {}
    expect(user).toBeInstanceOf(User)
    expect(user).toEqual(new User())
    if (copy === "clone") expect(user).not.toBe((back?.value as { user: unknown } | undefined)?.user)
  }
})

test("a user's serializer gets every value, and reads only its own records", async () => {
  const own: Serializer = {
    name: "own",
    stringify: (value) => `own:${JSON.stringify(value)}`,
    parse: (text) => JSON.parse(text.slice(4)),
  }
  const heard: unknown[] = []
  const codec = await codecFor(
    { medium: "text" },
    { serializer: own, onTrouble: (error) => heard.push(error) },
  )
  const record = await codec.encode("k", keptOf({ a: 1 }))
  expect(record).toMatch(/^i1.{8}r--\[.*,"own"\]\nown:\{"a":1\}$/)
  expect(await codec.decode("k", record)).toMatchObject({ value: { a: 1 } })
  expect(await failure(() => codec.encode("k", keptOf({ f() {} })))).toMatchObject({
    code: "VALUE_UNSUPPORTED",
  })

  const standard = await codecFor({ medium: "text" })
  expect(await standard.decode("k", record)).toBeUndefined()
  expect(await codec.decode("k", await standard.encode("k", keptOf(new Date())))).toBeUndefined()
  expect(await codec.decode("k", await standard.encode("k", keptOf("plain")))).toMatchObject({
    value: "plain",
  })
  expect(String(heard)).toContain('is by the serializer "superjson"')
})

test.each(["object", "text", "bytes"] as const)(
  "a serializer that parses later is waited for, and junk if it fails: %s",
  async (medium) => {
    const parse = async (text: string): Promise<unknown> => ({ parsed: JSON.parse(text) })
    const serializer: Serializer = { name: "late", stringify: () => "5", parse }
    const failing: Serializer = { ...serializer, parse: () => Promise.reject(new Error("no")) }
    const codec = await codecFor({ medium }, { serializer })
    const record = await codec.encode("k", keptOf(new URL("https://a.example"))) // An object carries it as text too.
    expect(await codec.decode("k", record)).toMatchObject({ value: { parsed: 5 } })
    const other = await codecFor({ medium }, { serializer: failing })
    expect(await other.decode("k", record)).toBeUndefined()
  },
)

describe.for(["object", "text", "bytes"] as const)("in the medium %s", (medium) => {
  const odd = new URL("https://a.example") // An object carries it as text too.

  test("a serializer that fails is a refusal with its cause", async () => {
    const cause = new Error("no")
    const serializer: Serializer = {
      name: "own",
      stringify() {
        throw cause
      },
      parse: JSON.parse,
    }
    const codec = await codecFor({ medium }, { serializer })
    const refused = { code: "VALUE_UNSUPPORTED", key: "k", cause }
    expect(await failure(() => codec.encode("k", keptOf(odd)))).toMatchObject(refused)
  })

  test("so is one that answers no text", async () => {
    const stringify = () => 5 as unknown as string // As of a program without types.
    const codec = await codecFor({ medium }, { serializer: { name: "own", stringify, parse: JSON.parse } })
    const refused = { code: "VALUE_UNSUPPORTED", key: "k" }
    expect(await failure(() => codec.encode("k", keptOf(odd)))).toMatchObject(refused)
  })
})

test("the record is, byte for byte, what its documentation says", async () => {
  const kept = keptOf({ a: "€" })
  const text = await codecFor({ medium: "text" })
  const header = '[1700000000000,null,null,5,7,["a\\nb","ü"],["m"]]'
  expect(text.encode("k", kept)).toBe(`i186910e47p--${header}\n{"a":"€"}`)
  const bytes = await codecFor({ medium: "bytes" })
  expect(bytes.encode("k", kept)).toEqual(new TextEncoder().encode(`i186910e47p--${header}\n{"a":"€"}`))
  expect(await text.encode("k", keptOf(new Date(0)))).toBe(
    `i1c2a5fe8dr--${header.slice(0, -1)},"superjson"]\n~[{"$":0},["1970-01-01T00:00:00.000Z"],{"0":["Date"]}]`,
  )
})

test("a value too large for a record is refused", async () => {
  const large = keptOf("x".repeat(67_108_864))
  const codec = await codecFor({ medium: "text" })
  expect(await failure(() => codec.encode("k", large))).toMatchObject({ code: "VALUE_TOO_LARGE" })
})

test.for(["text", "bytes"] as const)(
  "bytes too large for a record of %s are refused before they are written",
  async (medium) => {
    const stringify = vi.fn(() => "")
    const codec = await codecFor({ medium }, { serializer: { ...superjsonSerializer(), stringify } })
    const bytes = new Uint8Array(50_331_649)
    for (const large of [bytes, bytes.buffer, new DataView(bytes.buffer), new BigInt64Array(7_000_000)]) {
      expect(await failure(() => codec.encode("k", keptOf(large)))).toMatchObject({ code: "VALUE_TOO_LARGE" })
    }
    expect(stringify).not.toHaveBeenCalled()
    await codec.encode("k", keptOf(bytes.subarray(1)))
    expect(stringify).toHaveBeenCalledTimes(1)
  },
)

test("a serializer of another's is asked for bytes of any length", async () => {
  const serializer: Serializer = { name: "short", stringify: () => "zeros", parse: () => "zeros" }
  const codec = await codecFor({ medium: "text" }, { serializer })
  const record = await codec.encode("k", keptOf(new Uint8Array(67_108_865)))
  expect(await codec.decode("k", record)).toMatchObject({ value: "zeros" })
})

test("what is longer than a record before it is compressed is refused, however short it gets", async () => {
  const large = keptOf("\u6f22".repeat(23_000_000)) // 69 MB of UTF-8
  for (const options of [{ compress: true }, { compress: true, encrypt }] as const) {
    const codec = await codecFor({ medium: "bytes" }, options)
    expect(await failure(() => codec.encode("k", large))).toMatchObject({ code: "VALUE_TOO_LARGE" })
  }
})

test.for(["text", "bytes"] as const)(
  "no bit of a record of %s can flip unseen: what is not ASCII, and pairs of surrogates, included",
  async (medium) => {
    const codec = await codecFor({ medium })
    for (const value of [
      "a\ufffdb",
      "\u{1f600}\ufffd\u{10ffff}",
      "\ud7ff\ue000\ud800",
      { "\u20ac": "\u00e9" },
    ]) {
      const record = codec.encode("k", keptOf(value))
      expect(await codec.decode("k", record)).toMatchObject({ value })
      for (const flipped of everyFlip(record)) expect(await codec.decode("k", flipped)).toBeUndefined()
    }
  },
)

test("entries read one after another each have marks of their own", async () => {
  const codec = await codecFor({ medium: "text" })
  const all = [["a"], ["a"], [], ["a", "b"], ["a"], ["b"], []]
  for (const marks of all) {
    const record = await codec.encode("k", { ...keptOf(1), marks })
    expect((await codec.decode("k", record))?.marks).toEqual(marks)
  }
})

test("text with a lone surrogate is junk, although its checksum is right", async () => {
  const codec = await codecFor({ medium: "text" })
  const record = String(codec.encode("k", keptOf("\ufffd")))
  const native = Object.getOwnPropertyDescriptor(String.prototype, "isWellFormed") ?? {}
  for (const isOld of [false, true]) {
    if (isOld) Reflect.deleteProperty(String.prototype, "isWellFormed")
    for (const lone of ["\ud800", "\udbff", "\udc00", "\udffd"]) {
      expect(codec.decode("k", record.replace("\ufffd", lone))).toBeUndefined()
    }
    expect(codec.decode("k", record)).toMatchObject({ value: "\ufffd" })
  }
  Object.defineProperty(String.prototype, "isWellFormed", native)
})

test("a serializer that writes a lone surrogate is refused, for not every storage would keep it", async () => {
  const serializer: Serializer = { name: "raw", stringify: String, parse: (text) => text }
  for (const medium of ["text", "bytes"] as const) {
    const codec = await codecFor({ medium }, { serializer })
    expect(await failure(() => codec.encode("k", keptOf("\ud800")))).toMatchObject({
      code: "VALUE_UNSUPPORTED",
    })
  }
})

/** A record of text or bytes with one bit changed: each of each character or byte. */
function* everyFlip(record: Stored): Generator<Stored> {
  if (typeof record === "string") {
    for (let at = 0; at < record.length * 16; at++) {
      const place = at >> 4
      const changed = String.fromCharCode(record.charCodeAt(place) ^ (1 << (at & 15)))
      yield record.slice(0, place) + changed + record.slice(place + 1)
    }
  } else if (record instanceof Uint8Array) {
    for (let at = 0; at < record.length * 8; at++) {
      yield record.map((byte, place) => (place === at >> 3 ? byte ^ (1 << (at & 7)) : byte))
    }
  }
}

test.each(["text", "bytes", "object"] as const)(
  "a serializer may be an instance of a class: %s",
  async (medium) => {
    class Own implements Serializer {
      readonly name = "own"
      readonly classes: ReadonlySet<unknown> = new Set([Map.prototype])
      stringify(value: unknown): string {
        return `${this.name} ${JSON.stringify(value)}`
      }
      parse(text: string): unknown {
        return JSON.parse(text.slice(this.name.length))
      }
      keeps(instance: object): boolean {
        return this.classes.has(Object.getPrototypeOf(instance))
      }
    }
    const codec = await codecFor({ medium }, { serializer: new Own() })
    const record = await codec.encode("k", keptOf({ at: new Date(0) }))
    expect((await codec.decode("k", record))?.value).toBeDefined()
    expect(await failure(() => codec.encode("k", keptOf({ at: new WeakMap() })))).toMatchObject({
      code: "VALUE_UNSUPPORTED",
    })
  },
)

test.each(["text", "bytes"] as const)(
  "a serializer that makes no text is told of as such: %s",
  async (medium) => {
    const stringify = (): string => JSON.stringify(undefined)
    const codec = await codecFor({ medium }, { serializer: { name: "none", stringify, parse: JSON.parse } })
    expect(await failure(() => codec.encode("the key", keptOf({ n: 1 })))).toMatchObject({
      code: "VALUE_UNSUPPORTED",
      key: "the key",
      cause: expect.any(TypeError),
    })
  },
)

function keptOf(value: unknown): Kept {
  return {
    format: 1,
    value,
    createdAt: 1_700_000_000_000,
    freshUntil: Infinity,
    ttl: Infinity,
    grace: 5,
    took: 7,
    tags: ["a\nb", "ü"],
    marks: ["m"],
  }
}

async function through(codec: Codec, kept: Kept, storage: string): Promise<Kept | undefined> {
  return codec.decode("k", storages[storage]?.(await codec.encode("k", kept)))
}

async function failure(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error("expected an error")
}

function changeable(): unknown {
  return { when: new Date(0), map: new Map([["k", [1]]]), bytes: new Uint8Array(2), list: [{ n: 1 }] }
}

function change(value: any): void {
  value.added = 1
  value.when?.setTime(9)
  value.map?.get("k").push(2)
  value.bytes?.fill(9)
  value.list?.[0] && Object.assign(value.list[0], { n: 2 })
  value.plain?.list.push(2)
}
