import { quietly } from "./base/awaitable.ts"
import { toHex } from "./base/bytes.ts"
import { CacheError } from "./base/errors.ts"
import { classNameOf, isA, isObject, isPlain, kindOf } from "./base/kind.ts"

declare const typeOfValue: unique symbol

/** A string that knows the type of its value. Plain strings are fine. */
export type Key<V> = string & {
  /** Only exists in the type. */
  readonly [typeOfValue]?: V
}

/** What a key may be made of. */
export type KeyPart =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | RegExp
  | URL
  | ArrayBuffer
  | ArrayBufferView
  | readonly KeyPart[]
  | ReadonlyMap<KeyPart, KeyPart>
  | ReadonlySet<KeyPart>
  | { readonly [name: string]: KeyPart }

/** A key: a string, or segments such as `["user", 42, { locale: "de" }]`. `["user"]` is not `"user"`. */
export type KeyLike<V = unknown> = Key<V> | readonly KeyPart[]

/** The type of value that a key carries; `unknown` if none. */
export type ValueOf<K> = K extends Key<infer V> ? V : unknown

/**
 * Makes one key of several parts: canonical, injective, and the same in every run, runtime and release.
 *
 * The text is `~[` + parts + `]`, with parts encoded by type and joined by `,`:
 *
 * | part | text |
 * |---|---|
 * | string | as `JSON.stringify` writes it, lone surrogates as `\udXXX` |
 * | number | as `String` writes it; `-0` is `-0` |
 * | bigint | digits and `n` |
 * | boolean, null, undefined | `true` `false` `null` `undefined` |
 * | array | `[` parts `]`, a hole is `_` |
 * | object | `{` `"name":part` `}`, by names in UTF-16 order; `undefined` members count |
 * | Date | `D` and milliseconds (`DNaN`) |
 * | RegExp | `R["source","flags"]` |
 * | URL | `U"href"` |
 * | Map | `M{` `part:part` `}`, by the keys' texts |
 * | Set | `S[` parts `]`, by their texts |
 * | bytes | `B:` type, `:` and lower-case hex: `B:Uint8Array:00ff` |
 *
 * @throws {CacheError} `KEY_INVALID` for functions, symbols, class instances, cycles, and over 134 million characters.
 *
 * @example
 * ```ts
 * import { cached, key } from "isocache"
 *
 * const visits = key<number>("visits", { page: "/" }) // '~["visits",{"page":"/"}]'
 * await cached.set(visits, 7)
 * const count: number | undefined = await cached.get(visits)
 * ```
 */
export function key<V = unknown>(...parts: KeyPart[]): Key<V> {
  return canonical(parts)
}

/** The text of a key, segments in their canonical form. */
export function keyText(given: KeyLike): string {
  return typeof given === "string" ? given : canonical(given, true)
}

/** Whether `nameNow` still returns `text`. It does not if it throws: the key has become invalid. */
export function isStillNamed(text: string, nameNow: () => string): boolean {
  try {
    return nameNow() === text
  } catch {
    return false
  }
}

/**
 * The canonical text of `parts`: see {@link key}. Anything but an array is a single part, without brackets (`~42`); if
 * segments are required, it is refused.
 */
export function canonical(parts: unknown, areSegments = false): string {
  room = maxLength
  try {
    if (areSegments && !Array.isArray(parts))
      throw invalid(`A key is a string or an array of segments, not ${whatIs(parts)}`)
    return `~${encode(parts, [])}`
  } catch (error) {
    if (error instanceof CacheError) throw error
    throw invalid(error instanceof RangeError ? "A key is nested too deep" : "A key cannot be read")
  }
}

function encode(part: unknown, above: object[]): string {
  if (typeof part === "string") return JSON.stringify(part)
  if (Object.is(part, -0)) return "-0"
  if (typeof part === "bigint") return `${part}n`
  if (typeof part === "function" || typeof part === "symbol")
    throw invalid(`A key cannot hold ${whatIs(part)}`)
  if (!isObject(part)) return String(part)
  if (above.includes(part)) throw invalid("A key cannot hold itself")
  above.push(part)
  const text = encodeObject(part, above)
  above.pop()
  room -= text.length
  return room < 0 ? tooLong() : text
}

/** The longest key, in characters. An object that is referenced many times makes a text far longer than it looks. */
const maxLength = 2 ** 27
/** How much of that is left for the current key. */
let room = 0

function tooLong(): never {
  throw invalid(`A key takes ${maxLength} characters at most`)
}

function encodeObject(part: object, above: object[]): string {
  const inner = (value: unknown) => encode(value, above)
  if (Array.isArray(part)) {
    if (part.length > room / 8) tooLong()
    let text = ""
    for (let i = 0; i < part.length; i++) text += (i > 0 ? "," : "") + (i in part ? inner(part[i]) : "_")
    return `[${text}]`
  }
  if (isPlain(part) && Object.getOwnPropertySymbols(part).length === 0) {
    const names = Object.keys(part).sort()
    return `{${names.map((name) => `${JSON.stringify(name)}:${inner(Reflect.get(part, name))}`).join()}}`
  }
  if (isA(part, "Date")) return `D${part.getTime()}`
  // A fake RegExp has no `source`, and a fake buffer, below, has no bytes.
  if (isA(part, "RegExp") && typeof part.source === "string") return `R${inner([part.source, part.flags])}`
  if (isA(part, "Map")) {
    return `M{${[...part]
      .map(([name, value]) => `${inner(name)}:${inner(value)}`)
      .sort()
      .join()}}`
  }
  if (isA(part, "Set")) return `S[${[...part].map(inner).sort().join()}]`
  const kind = kindOf(part)
  const isView = ArrayBuffer.isView(part)
  if (isView || isA(part, "ArrayBuffer")) {
    if (2 * part.byteLength > room) tooLong()
    const { buffer, byteOffset, byteLength } = isView ? part : new Uint8Array(part)
    if (byteLength === part.byteLength)
      return `B:${kind}:${toHex(new Uint8Array(buffer, byteOffset, byteLength))}`
  }
  const href: unknown = kind === "URL" && Reflect.get(part, "href")
  if (typeof href === "string") return `U${JSON.stringify(href)}`
  throw invalid(`A key cannot hold ${whatIs(part)}`)
}

/** Describes what cannot be a key. A promise, such as that of an asynchronous key function, is marked as handled. */
function whatIs(value: unknown): string {
  quietly(() => value)
  if (value === undefined || value === null) return String(value)
  return isObject(value) ? `an instance of ${classNameOf(value)}` : `a ${typeof value}`
}

function invalid(what: string): CacheError {
  return new CacheError(
    "KEY_INVALID",
    `${what}. Use text, numbers, plain objects, arrays, dates, Maps, Sets or bytes.`,
  )
}
