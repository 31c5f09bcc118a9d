import { describe, expect, test } from "vitest"
import { type CodecOptions, codecFor } from "../../src/codec/codec.ts"
import { closeBytes, closeText } from "../../src/codec/frame.ts"
import type { Kept } from "../../src/entry.ts"

const kept: Kept = {
  format: 1,
  value: undefined,
  createdAt: 1,
  freshUntil: Infinity,
  ttl: Infinity,
  grace: Infinity,
  took: 5,
  tags: [],
  marks: [],
}

/** One thing more around a value. */
const around: Readonly<Record<string, (inner: unknown) => unknown>> = {
  list: (inner) => [inner],
  record: (inner) => ({ a: inner }),
  map: (inner) => new Map([["a", inner]]),
  "map by key": (inner) => new Map([[inner, 1]]),
  set: (inner) => new Set([inner]),
  error: (inner) => new Error("e", { cause: inner }),
  "list with holes": (inner) => Object.assign([], { 3: inner }),
  "record with __proto__": (inner) =>
    Object.defineProperty({}, "__proto__", { value: inner, enumerable: true }),
}
const cores: Readonly<Record<string, () => unknown>> = {
  text: () => "a",
  undefined: () => undefined,
  "a date": () => new Date(0),
  "a list": () => [],
}
const encrypt: CodecOptions["encrypt"] = { keys: [{ id: "k1", key: new Uint8Array(32) }] }
const codecs = [
  ["text", {}],
  ["bytes", {}],
  ["object", {}],
  ["object", { encrypt }],
] as const

function nested(levels: number, wrap: (inner: unknown) => unknown, core: unknown): unknown {
  let value = core
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

/** The two values, taken apart level by level: neither is nested too deep for a comparison then. */
function levelsOf(value: unknown): number {
  let levels = 0
  for (let at = value; typeof at === "object" && at !== null; levels++) at = insideOf(at)
  return levels
}

function insideOf(value: object): unknown {
  if (value instanceof Map) {
    const [[key, inner] = []] = value
    return typeof key === "object" ? key : inner
  }
  if (value instanceof Set) return [...value][0]
  if (value instanceof Error) return value.cause
  return Array.isArray(value) ? value.at(-1) : Object.values(value)[0]
}

describe.for(codecs)("%s %o", ([medium, options]) => {
  test.for(Object.entries(around))(
    "%s: what is not refused as too deep comes back whole",
    async ([, wrap]) => {
      const codec = await codecFor({ medium }, options)
      for (const core of Object.values(cores)) {
        let deepest = 0
        for (let levels = 990; levels < 1010; levels++) {
          const value = nested(levels, wrap, core())
          const record = await encoded(() => codec.encode("k", { ...kept, value }))
          if (record === undefined) continue
          expect(deepest, "nothing was refused that is less deep").toBe(levels === 990 ? 0 : levels - 1)
          deepest = levels
          const back = await codec.decode("k", medium === "object" ? structuredClone(record) : record)
          expect(back, `${levels} levels`).toMatchObject({ freshUntil: Infinity, grace: Infinity })
          expect(levelsOf(back && codec.out(back))).toBe(levelsOf(value))
        }
        expect(deepest).toBeGreaterThan(990)
        expect(deepest).toBeLessThan(1009)
      }
    },
  )
})

async function encoded(encode: () => unknown): Promise<unknown> {
  try {
    return await encode()
  } catch (error) {
    expect(error).toMatchObject({
      code: "VALUE_UNSUPPORTED",
      message: expect.stringMatching(/too deep.*…|….*too deep/),
    })
    return undefined
  }
}

const line = "p--[1,2,3,4,5,[],[]]"

test("a stranger's plain record is refused for its depth alone, in lists and in records", async () => {
  const inText = await codecFor({ medium: "text" })
  const inBytes = await codecFor({ medium: "bytes" })
  const read = async (payload: string): Promise<boolean> => {
    const fromText = await inText.decode("k", closeText(line, payload))
    const fromBytes = await inBytes.decode("k", closeBytes(line, new TextEncoder().encode(payload)))
    expect(fromText === undefined).toBe(fromBytes === undefined)
    return fromText !== undefined
  }
  expect(await read("[".repeat(1000) + "]".repeat(1000))).toBe(true)
  expect(await read("[".repeat(1001) + "]".repeat(1001))).toBe(false)
  expect(await read(`${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`)).toBe(true)
  expect(await read(`${'{"a":'.repeat(1001)}1${"}".repeat(1001)}`)).toBe(false)
  expect(await read(`[${"[],".repeat(5000)}{}]`)).toBe(true)
  expect(await read(`{${'"a":{},'.repeat(5000)}"b":[]}`)).toBe(true)
})
