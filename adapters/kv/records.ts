import { isWellFormed, utf8Length } from "../../src/base/bytes.ts"
import { isObject } from "../../src/base/kind.ts"

/** What lies beside a value. Short names, for there is little room. */
interface Metadata {
  /** When the record's life ends, in ms since epoch. KV itself counts from 60 seconds up. */
  readonly e?: number
  /** The record's first line; the value holds what follows it. */
  readonly h?: string
  /** The key, where the name is a hash; 1 says that the value's first line tells it, as JSON. */
  readonly k?: string | 1
  /** The value is JSON of the text, because UTF-8 would not keep it. */
  readonly j?: 1
}

/** A record as it is put. */
export interface Packed {
  readonly value: string
  readonly metadata: Metadata
}

/** Bytes of JSON that Workers KV takes beside a value. */
const metadataLimit = 1024

/**
 * Lays out `record` as value and metadata: its first line, the key (where the name is a hash) and the deadline go
 * into the metadata as far as they fit, so that listings show them, and the rest into the value.
 *
 * @param key - The key if its name is a hash, else `undefined`.
 */
export function pack(record: string, key: string | undefined, deadline: number): Packed {
  const life = deadline === Infinity ? {} : { e: deadline }
  const whole = layOut(record, life)
  const split = splitUp(record, life) ?? whole
  if (key === undefined) return fits(split) ? split : whole
  // The key is put in before the header: without it a listing must read the value.
  for (const { value, metadata } of canLieBeside(key) ? [split, whole] : []) {
    const named = { value, metadata: { ...metadata, k: key } }
    if (fits(named)) return named
  }
  const value = `${JSON.stringify(key)}\n${whole.value}`
  return { value, metadata: { ...whole.metadata, k: 1 } }
}

/**
 * Puts a record together again.
 *
 * `undefined` for a record past its life and for one that is another key's. What {@link pack} has not laid out comes
 * back as it is, for the reader to judge; as `""`, which is no record, if it should tell its key and does not.
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

/** The full key of a record whose name is a hash; `undefined` if its metadata (and its value, if given) do not tell. */
export function keyOf(value: string | undefined, { k }: Metadata): string | undefined {
  if (k !== 1) return k
  return value === undefined ? undefined : parseText(value.slice(0, Math.max(0, value.indexOf("\n"))))
}

/** Whether the record's life lasts at `now`. */
export function isAlive({ e }: Metadata, now: number): boolean {
  return e === undefined || e > now
}

/** Reads metadata as far as it makes sense. */
export function metadataOf(metadata: unknown): Metadata {
  if (!isObject(metadata)) return {}
  const { e, h, k, j } = metadata as Readonly<Record<string, unknown>> // any object can be asked for members
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

/** Whether `text` may be put into metadata: it has room, and is ASCII. workerd logs a warning for anything else. */
function canLieBeside(text: string): boolean {
  return text.length <= metadataLimit && /^[\0-\x7f]*$/.test(text)
}

function layOut(text: string, metadata: Metadata): Packed {
  // KV keeps UTF-8, which has no lone surrogates, and its bulk reads drop a leading byte order mark.
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
