// Encodes keys and records as SQLite text, which is UTF-8: a lone surrogate would become U+FFFD there, and some drivers
// end a text at its first NUL.

/** ESC, which begins an escaped character. */
const mark = "\u001b"

/** A range of keys: from the first, to before the second, or to the end without it. */
export type KeyRange = readonly [from: string, before: string | undefined]

/**
 * Encodes a key as well-formed text without control characters. Injective, and keeps prefixes: each control character
 * and each lone surrogate becomes ESC and its code in four hexadecimal digits.
 */
export function encodeKey(key: string): string {
  // With the u flag a surrogate pair is one character: only lone surrogates match.
  return /[\p{Cc}\p{Cs}]/u.test(key) ? key.replace(/[\p{Cc}\p{Cs}]/gu, escaped) : key
}

function escaped(unit: string): string {
  return mark + unit.charCodeAt(0).toString(16).padStart(4, "0")
}

/** Decodes a key that {@link encodeKey} wrote. */
export function decodeKey(text: string): string {
  if (!text.includes(mark)) return text
  const [first = "", ...rest] = text.split(mark)
  const decoded = rest.map(
    (part) => String.fromCharCode(Number.parseInt(part.slice(0, 4), 16)) + part.slice(4),
  )
  return first + decoded.join("")
}

/** The ranges of encoded keys that start with `prefix`, in SQLite's order: by code point. */
export function prefixRanges(prefix: string): readonly KeyRange[] {
  const encoded = encodeKey(prefix)
  const own: KeyRange = [encoded, successor(encoded)]
  const last = prefix.charCodeAt(prefix.length - 1)
  // Half a pair at the end: keys that continue with the other half contain a whole character there.
  if (!(last >= 0xd800 && last < 0xdc00)) return [own]
  const before = encodeKey(prefix.slice(0, -1))
  const lead = String.fromCharCode(last)
  return [own, [`${before}${lead}\udc00`, successor(`${before}${lead}\udfff`)]]
}

/** The least text above every text that starts with `prefix`; `undefined` if there is none. */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix)
  while (points.length > 0) {
    const point = points.pop()?.codePointAt(0) ?? 0
    // Surrogates are no code points of their own: U+E000 follows U+D7FF.
    if (point < 0x10ffff) return points.join("") + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return undefined
}

const bytesMark = 0
const unitsMark = 1

/**
 * Encodes a record as what every driver keeps faithfully: plain text as it is; text with NUL or lone surrogates, and
 * bytes, as a blob whose first byte tells which. `undefined` for anything else.
 */
export function encodeRecord(record: unknown): string | Uint8Array | undefined {
  if (typeof record === "string") {
    if (isFaithful(record)) return record
    const units = Uint16Array.from({ length: record.length }, (_, i) => record.charCodeAt(i))
    return marked(unitsMark, new Uint8Array(units.buffer))
  }
  return record instanceof Uint8Array ? marked(bytesMark, record) : undefined
}

function marked(mark: number, bytes: Uint8Array): Uint8Array {
  const blob = new Uint8Array(1 + bytes.length)
  blob[0] = mark
  blob.set(bytes, 1)
  return blob
}

/** Decodes a record that {@link encodeRecord} wrote; what another program wrote becomes a text that is no record. */
export function decodeRecord(value: unknown): string | Uint8Array {
  if (typeof value === "string") return value
  // Not by class: in a `node:vm` context it is another realm's.
  if (!ArrayBuffer.isView(value)) return ""
  const blob = value as Uint8Array // Drivers return no other views.
  const content = blob.slice(1)
  if (blob[0] === bytesMark) return content
  if (blob[0] !== unitsMark || content.length % 2 !== 0) return ""
  return textOf(new Uint16Array(content.buffer))
}

function textOf(units: Uint16Array): string {
  // In chunks, because the number of arguments is limited.
  const parts: string[] = []
  for (let i = 0; i < units.length; i += 8192) parts.push(String.fromCharCode(...units.subarray(i, i + 8192)))
  return parts.join("")
}

function isFaithful(text: string): boolean {
  // Every runtime with SQLite has isWellFormed (ES2024), which TypeScript's library lacks.
  return !text.includes("\0") && (text as string & { isWellFormed(): boolean }).isWellFormed()
}
