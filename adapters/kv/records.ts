import { isWellFormed, utf8Length } from "../../src/base/bytes.ts"
import { isObject } from "../../src/base/kind.ts"

/** The metadata of a value. Short names, because space is limited. */
interface Metadata {
  /** When the record's life ends, in ms since epoch. KV itself requires at least 60 seconds. */
  readonly e?: number
  /** The record's first line; the value holds the rest. */
  readonly h?: string
  /** The key, if the name is a hash; 1 means that the value's first line contains it, as JSON. */
  readonly k?: string | 1
  /** The value is the text as JSON, because UTF-8 would not keep it. */
  readonly j?: 1
}

/** A record as it is written. */
export interface Packed {
  readonly value: string
  readonly metadata: Metadata
}

/** The most bytes of JSON metadata in Workers KV. */
const metadataLimit = 1024

/**
 * Splits `record` into value and metadata. Its first line, the key (if the name is a hash) and the deadline go into the
 * metadata as far as they fit, so that listings show them; the rest goes into the value.
 *
 * @param key - The key if its name is a hash, else `undefined`.
 */
export function pack(record: string, key: string | undefined, deadline: number): Packed {
  const life = deadline === Infinity ? {} : { e: deadline }
  const whole = layOut(record, life)
  const split = splitUp(record, life) ?? whole
  if (key === undefined) return fits(split) ? split : whole
  // The key comes before the header: without it, a listing must read the value.
  for (const { value, metadata } of canLieBeside(key) ? [split, whole] : []) {
    const named = { value, metadata: { ...metadata, k: key } }
    if (fits(named)) return named
  }
  const value = `${JSON.stringify(key)}\n${whole.value}`
  return { value, metadata: { ...whole.metadata, k: 1 } }
}

/**
 * Joins a record again.
 *
 * `undefined` for an expired record, or another key's. What {@link pack} has not written is returned as it is, for the
 * reader to judge; as `""`, which is no record, if it should contain its key and does not.
 */
export function unpack(
  found: { value: unknown; metadata: unknown },
  key: string | undefined,
  now: number,
): string | undefined {
  if (typeof found.value !== "string") return undefined
  const metadata = metadataOf(found.metadata)
  if (!isAlive(metadata, now)) return undefined
  if (key !== undefined) {
    const told = keyOf(found.value, metadata)
    if (told !== key) return told === undefined ? "" : undefined
  }
  const text =
    key !== undefined && metadata.k === 1 ? found.value.slice(found.value.indexOf("\n") + 1) : found.value
  const body = metadata.j === 1 ? (parseText(text) ?? text) : text
  return metadata.h === undefined ? body : `${metadata.h}\n${body}`
}

/** The full key of a record whose name is a hash; `undefined` if its metadata (and its value, if given) lack it. */
export function keyOf(value: string | undefined, { k }: Metadata): string | undefined {
  if (k !== 1) return k
  return value === undefined ? undefined : parseText(value.slice(0, Math.max(0, value.indexOf("\n"))))
}

/** Whether the record is alive at `now`. */
export function isAlive({ e }: Metadata, now: number): boolean {
  return e === undefined || e > now
}

/** Reads the valid parts of metadata. */
export function metadataOf(metadata: unknown): Metadata {
  if (!isObject(metadata)) return {}
  const { e, h, k, j } = metadata as Readonly<Record<string, unknown>> // any object has members
  return {
    ...(typeof e === "number" && { e }),
    ...(typeof h === "string" && { h }),
    ...((typeof k === "string" || k === 1) && { k }),
    ...(j === 1 && { j }),
  }
}

function splitUp(record: string, metadata: Metadata): Packed | undefined {
  const end = record.indexOf("\n")
  if (end < 0) return undefined
  const header = record.slice(0, Math.min(end, metadataLimit + 1))
  return canLieBeside(header) ? layOut(record.slice(end + 1), { ...metadata, h: header }) : undefined
}

/** Whether `text` may be put into metadata: it fits, and is ASCII. workerd logs a warning for anything else. */
function canLieBeside(text: string): boolean {
  return text.length <= metadataLimit && /^[\0-\x7f]*$/.test(text)
}

function layOut(text: string, metadata: Metadata): Packed {
  // KV stores UTF-8, which has no lone surrogates, and its bulk reads drop a leading byte order mark.
  const faithful = isWellFormed(text) && text.charCodeAt(0) !== 0xfeff
  return faithful
    ? { value: text, metadata }
    : { value: JSON.stringify(text), metadata: { ...metadata, j: 1 } }
}

function fits({ metadata }: Packed): boolean {
  return utf8Length(JSON.stringify(metadata)) <= metadataLimit
}

function parseText(json: string): string | undefined {
  try {
    const text: unknown = JSON.parse(json)
    return typeof text === "string" ? text : undefined
  } catch {
    return undefined
  }
}
