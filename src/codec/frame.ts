import { concat, fromUtf8, isBytes, isWellFormed, toUtf8 } from "../base/bytes.ts"
import { isKept, type Kept } from "../entry.ts"
import { checksum } from "./checksum.ts"

/**
 * The parts of a record besides the payload.
 *
 * A record is one line followed by a payload:
 *
 *     offset  length
 *     0       2       "i1", the version of this format
 *     2       8       a checksum of all that follows, as UTF-8, in hexadecimal
 *     10      1       "p" the payload is plain JSON, "r" it is a serializer's
 *     11      1       "-" not compressed, "g" by gzip, "d" by deflate, "w" by deflate-raw
 *     12      1       "-" in clear, "e" encrypted: 12 bytes of nonce, the text of AES-256-GCM, 16 bytes of its tag
 *     13      …       the header, a JSON array without line breaks
 *     …       1       "\n"
 *     …       …       the payload
 *
 * The header is `[createdAt, freshUntil, ttl, grace, took, tags, marks, serializer, key id]`. For the second to fourth
 * item `null` means Infinity. A negative `freshUntil` means that the entry was expired at that time. The last two are
 * `null` or omitted if there are none. The header is never encrypted.
 *
 * In a text record the payload is the text itself, or base64 if compressed or encrypted; it contains no lone surrogate.
 * A bytes record is UTF-8, except for a compressed or encrypted payload.
 */
export interface Frame {
  /** The entry without its value. */
  readonly kept: Kept
  /** The serializer's name; absent for plain JSON. */
  readonly serializer?: string | undefined
  /** Default "-". */
  readonly compression?: Compression
  /** The id of the encryption key. */
  readonly keyId?: string | undefined
}

/** How a payload is compressed: not at all, or with gzip, deflate or deflate-raw. */
export type Compression = "-" | "g" | "d" | "w"

/** A parsed record. */
export interface Opened<Payload> extends Frame {
  /** Flags and header: encryption binds the payload to them. */
  readonly line: string
  readonly compression: Compression
  readonly payload: Payload
}

/** Records of more characters or bytes are neither written nor read. */
export const maxRecord = 67_108_864

/** The flags and header of a record. */
export function lineOf({ kept, serializer, compression = "-", keyId }: Frame): string {
  const { createdAt, freshUntil, ttl, grace, took, tags, marks } = kept
  const header: unknown[] = [createdAt, freshUntil, ttl, grace, took, tags, marks]
  if (serializer !== undefined || keyId !== undefined) header.push(serializer ?? null)
  if (keyId !== undefined) header.push(keyId)
  // JSON writes Infinity as null.
  return `${serializer === undefined ? "p" : "r"}${compression}${keyId === undefined ? "-" : "e"}${JSON.stringify(header)}`
}

/** Builds a text record. */
export function closeText(line: string, payload: string): string {
  const rest = `${line}\n${payload}`
  return `i1${checksum(toUtf8(rest))}${rest}`
}

/** Builds a bytes record. */
export function closeBytes(line: string, payload: Uint8Array): Uint8Array {
  const record = concat(toUtf8(`i1........${line}\n`), payload)
  record.set(toUtf8(checksum(record.subarray(start))), 2)
  return record
}

/** Where the first line begins. */
const start = 10

/** Parses a text record; `undefined` for anything that {@link closeText} did not make. */
export function openText(record: unknown): Opened<string> | undefined {
  if (typeof record !== "string" || record.length > maxRecord || !record.startsWith("i1")) return undefined
  const rest = record.slice(start)
  const end = rest.indexOf("\n")
  if (end < 0 || checksum(toUtf8(rest)) !== record.slice(2, start)) return undefined
  // The checksum cannot tell: a lone surrogate and U+FFFD are the same in UTF-8.
  if (!isWellFormed(rest)) return undefined
  return opened(rest.slice(0, end), rest.slice(end + 1))
}

/** Parses a bytes record; `undefined` for anything that {@link closeBytes} did not make. */
export function openBytes(record: unknown): Opened<Uint8Array> | undefined {
  if (!isBytes(record) || record.length > maxRecord) return undefined
  if (record[0] !== 105 || record[1] !== 49) return undefined // "i1"
  const rest = record.subarray(start)
  const end = rest.indexOf(10)
  if (end < 0 || checksum(rest) !== fromUtf8(record.subarray(2, start))) return undefined
  return opened(fromUtf8(rest.subarray(0, end)), rest.subarray(end + 1))
}

function opened<Payload>(line: string, payload: Payload): Opened<Payload> | undefined {
  const [kind, compression, secrecy] = line
  if (compression !== "-" && compression !== "g" && compression !== "d" && compression !== "w")
    return undefined
  const header: unknown = JSON.parse(line.slice(3))
  if (!Array.isArray(header)) return undefined
  const [createdAt, freshUntil, ttl, grace, took, tags, marks, serializer, keyId]: unknown[] = header
  const kept = {
    format: 1,
    value: undefined,
    createdAt,
    freshUntil: freshUntil ?? Infinity,
    ttl: ttl ?? Infinity,
    grace: grace ?? Infinity,
    took,
    tags,
    marks,
  }
  if (!isKept(kept) || !kept.tags.every(isText) || !kept.marks.every(isText)) return undefined
  // Flags and header must agree.
  const by = isText(serializer) ? serializer : undefined
  const id = isText(keyId) ? keyId : undefined
  if (kind !== (by === undefined ? "p" : "r") || secrecy !== (id === undefined ? "-" : "e")) return undefined
  return { kept, compression, serializer: by, keyId: id, line, payload }
}

function isText(value: unknown): value is string {
  return typeof value === "string"
}
