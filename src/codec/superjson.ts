import { SuperJSON, type SuperJSONResult } from "superjson"
import { fromBase64, toBase64 } from "../base/bytes.ts"
import { CacheError, misuse } from "../base/errors.ts"
import { classNameOf, kindOf } from "../base/kind.ts"
import { isRecord } from "../base/rules.ts"
import { copyIn } from "./clone.ts"
import { type Classes, fromGraph, toGraph } from "./graph.ts"
import { nativeError } from "./native-errors.ts"
import { isPlainJson, parseJson } from "./serialize.ts"
import type { ClassSerializer } from "./serializer.ts"

/** A class whose instances keep all their state in own enumerable members. */
export type SerializableClass = abstract new (...args: never) => object

/** Options of {@link superjsonSerializer}. */
export interface SuperjsonOptions {
  /**
   * Classes whose instances are kept, too. They come back as instances, without calling the constructor. Records refer
   * to them by their keys in the object; in an array by their own names, which must then survive minification.
   */
  readonly classes?: Readonly<Record<string, SerializableClass>> | readonly SerializableClass[] | undefined
}

/**
 * The default serializer: `JSON.stringify` where that keeps everything. Other values become JSON of the same shape;
 * what JSON lacks (dates, bigints, bytes) is listed beside it in superjson's notation. Each call makes a separate
 * serializer with its own classes.
 *
 * @throws {CacheError} `OPTION_INVALID` for a class it cannot keep. Its `stringify` throws `VALUE_UNSUPPORTED`, and
 * `VALUE_TOO_LARGE` for a bigint of more than a million digits.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { superjsonSerializer } from "isocache/codecs"
 *
 * class Money {
 *   cents = 0n
 * }
 * const cache = new CacheWrapper({ serializer: superjsonSerializer({ classes: { Money } }) })
 * ```
 */
export function superjsonSerializer(options: SuperjsonOptions = {}): ClassSerializer {
  const classes = prototypes(options)
  const known = new Set(classes.values())
  const leaves = leafSerializer()
  const keeps = (instance: object) => known.has(Object.getPrototypeOf(instance))

  function stringify(value: unknown): string {
    if (isPlainJson(value)) return JSON.stringify(value)
    const copied = copyIn(value, keeps)
    const graph = toGraph(copied.value, copied.shared, classes)
    const { json, meta } = leaves.serialize(graph.leaves)
    if (graph.leaves.some((leaf, at) => typeof leaf === "bigint" && isLong(Reflect.get(Object(json), at)))) {
      const message = "A bigint has at most a million digits. Keep a longer one as bytes."
      throw new CacheError("VALUE_TOO_LARGE", message)
    }
    return `~${JSON.stringify([graph.tree, json, meta?.values ?? {}])}`
  }

  function parse(text: string): unknown {
    if (!text.startsWith("~")) return parseJson(text)
    const [tree, json, values]: unknown[] = JSON.parse(text.slice(1))
    if (!Array.isArray(json) || !areLeaves(values, json)) throw new TypeError("no such leaves")
    const payload: SuperJSONResult = { json, meta: { values, v: 1 } }
    return fromGraph({ tree, leaves: leaves.deserialize(payload, { inPlace: true }) }, classes)
  }

  return { name: "superjson", stringify, parse, keeps }
}

const cure = "Pass classes that extend nothing but each other or Error, each under a name of its own."

function prototypes(options: SuperjsonOptions): Classes {
  if (!isRecord(options)) throw wrong("its options must be an object")
  const { classes = [], ...unknown } = options
  const [surplus] = Object.keys(unknown)
  if (surplus !== undefined) throw wrong(`it has no option "${surplus}"`)
  if (typeof classes !== "object" || classes === null) throw wrong("its classes are a list or an object")
  const known = new Map<string, object>()
  const named = Array.isArray(classes) ? classes.map((one) => [one?.name, one]) : Object.entries(classes)
  for (const [name, one] of named) {
    const proto: unknown = typeof one === "function" ? one.prototype : undefined
    if (!hasOnlyMembers(proto)) throw wrong(`"${name}" is not a class it can keep`)
    if (!name || known.has(name) || nativeError.test(name)) throw wrong(`the name "${name}" is not free`)
    known.set(name, proto)
  }
  return known
}

function wrong(what: string): CacheError {
  return misuse(`superjsonSerializer: ${what}. ${cure}`)
}

/**
 * Whether instances consist of members only: a Map, Date or Promise has internal state that no serializer can access.
 */
function hasOnlyMembers(proto: unknown): proto is object {
  if (typeof proto !== "object" || proto === null) return false
  for (let at: object = proto; Object.getPrototypeOf(at) !== null; at = Object.getPrototypeOf(at)) {
    const isNative = /\[native code\]\s*\}$/.test(Function.prototype.toString.call(at.constructor))
    if (isNative && !nativeError.test(classNameOf(at))) return false
  }
  return true
}

/** Superjson, with our own format for bytes and invalid dates, which it does not keep. */
function leafSerializer(): SuperJSON {
  const own = new SuperJSON()
  own.registerCustom<ArrayBufferView | ArrayBufferLike, string[]>(
    { isApplicable: isBytes, serialize: bytesToText, deserialize: textToBytes },
    "bytes",
  )
  own.registerCustom<Date, null>(
    {
      isApplicable: (value): value is Date => value instanceof Date && Number.isNaN(value.getTime()),
      serialize: () => null,
      deserialize: () => new Date(Number.NaN),
    },
    "no date",
  )
  return own
}

function isBytes(value: unknown): value is ArrayBufferView | ArrayBuffer {
  if (typeof value !== "object" || value === null) return false
  return ArrayBuffer.isView(value) || kindOf(value) === "ArrayBuffer"
}

function bytesToText(value: ArrayBufferView | ArrayBufferLike): [kind: string, base64: string] {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value)
  return [kindOf(value), toBase64(bytes)]
}

function textToBytes([kind = "", base64 = ""]: readonly string[]): ArrayBufferView | ArrayBuffer {
  const { buffer } = fromBase64(base64)
  if (kind === "ArrayBuffer") return buffer
  const make: unknown =
    /^(DataView|(Big)?(Int|Uint|Float)\d+(Clamped)?Array)$/.test(kind) && Reflect.get(globalThis, kind)
  if (typeof make !== "function") throw new TypeError("no such bytes")
  return Reflect.construct(make, [buffer])
}

type Notes = NonNullable<NonNullable<SuperJSONResult["meta"]>["values"]>

const leafKinds = new Set(["undefined", "bigint", "Date", "regexp", "number", "URL"])
const ownKinds = new Set(["bytes", "no date"])

/** Whether a bigint has so many digits that parsing it would take long. */
function isLong(digits: unknown): boolean {
  return typeof digits === "string" && digits.length > 1_000_000
}

/**
 * Whether superjson's notes cover each of the leaves and are of the few kinds that are written here: nothing else is
 * read.
 */
function areLeaves(values: unknown, leaves: readonly unknown[]): values is Notes {
  if (typeof values !== "object" || values === null) return false
  const notes = Object.entries(values)
  if (notes.length !== leaves.length) return false
  return notes.every(([at, note]) => {
    if (!/^(0|[1-9]\d{0,8})$/.test(at) || !(at in leaves) || !Array.isArray(note) || note.length !== 1)
      return false
    const [kind] = note
    if (kind === "bigint" && isLong(leaves[Number(at)])) return false
    return Array.isArray(kind) ? kind[0] === "custom" && ownKinds.has(kind[1]) : leafKinds.has(kind)
  })
}
