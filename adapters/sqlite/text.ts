// Keys and records on their way into SQLite text, which is UTF-8: a lone surrogate would become U+FFFD there, and some
// drivers end a text at its first NUL.

/** ESC: begins an escaped character. */
const mark = "\u001b"

/** A range of keys: from the first one on, before the second one; without it to the end. */
export type KeyRange = readonly [from: string, before: string | undefined]

/**
 * Writes a key as well-formed text without control characters. Injective, and keeps prefixes: each control
 * character and each lone surrogate becomes ESC and its code in four hexadecimal digits.
 */
export function encodeKey(key: string): string {
  // With the u flag a pair of surrogates is one character: only lone ones match.
  return /[\p{Cc}\p{Cs}]/u.test(key) ? key.replace(/[\p{Cc}\p{Cs}]/gu, escaped) : key
}

function escaped(unit: string): string {
  return mark + unit.charCodeAt(0).toString(16).padStart(4, "0")
}

/** Reads a key that {@link encodeKey} wrote. */
export function decodeKey(text: string): string {
  if (!text.includes(mark)) return text
  const [first = "", ...rest] = text.split(mark)
  const decoded = rest.map(
    (part) => String.fromCharCode(Number.parseInt(part.slice(0, 4), 16)) + part.slice(4),
  )
  return first + decoded.join("")
}

/** The ranges of encoded keys that start with `prefix`, in the order of SQLite: by code point. */
export function prefixRanges(prefix: string): readonly KeyRange[] {
  const encoded = encodeKey(prefix)
  const own: KeyRange = [encoded, successor(encoded)]
  const last = prefix.charCodeAt(prefix.length - 1)
  // Half a pair at the end: keys in which the other half follows hold a whole character there.
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
    // Surrogates are no code points of their own: the next one after U+D7FF is U+E000.
    if (point < 0x10ffff) return points.join("") + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return undefined
}

const bytesMark = 0
const unitsMark = 1

/**
 * Writes a record as what every driver keeps faithfully: plain text as it is; text with NUL or lone surrogates, and
 * bytes, as a blob whose first byte says which. `undefined` for anything else.
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

/** Reads a record that {@link encodeRecord} wrote; what another hand wrote becomes a text that is no record. */
export function decodeRecord(value: unknown): string | Uint8Array {
  if (typeof value === "string") return value
  // Not by its class: in a `node:vm` context it is another realm's.
  if (!ArrayBuffer.isView(value)) return ""
  const blob = value as Uint8Array // No driver gives other views.
  const content = blob.slice(1)
  if (blob[0] === bytesMark) return content
  if (blob[0] !== unitsMark || content.length % 2 !== 0) return ""
  return textOf(new Uint16Array(content.buffer))
}

function textOf(units: Uint16Array): string {
  // In parts: the arguments of a call are limited.
  const parts: string[] = []
  for (let i = 0; i < units.length; i += 8192) parts.push(String.fromCharCode(...units.subarray(i, i + 8192)))
  return parts.join("")
}

function isFaithful(text: string): boolean {
  // Every runtime that has SQLite has isWellFormed (ES2024), which the library of types does not know.
  return !text.includes("\0") && (text as string & { isWellFormed(): boolean }).isWellFormed()
}
