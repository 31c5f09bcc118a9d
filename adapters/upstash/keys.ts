import { sha256, utf8Length } from "../../src/base/bytes.ts"
import { CacheError, shortKey } from "../../src/base/errors.ts"

/** Every key lies under this, so that foreign keys of a shared database are never seen. */
const namespace = "isocache:"
/** Leases lie apart: an escaped key never holds this. */
const leaseMark = "\\lease:"
/** Ends the readable head of a hashed key: an escaped key never holds this either. */
const hashMark = "\\#"
/** Upstash takes keys of 32 KB; what a key grows by as a lease must fit in, too. */
const maxKeyBytes = 32_000
/** How much of a hashed key stays readable, so that SCAN finds it by its prefix. */
const headLength = 1_000

/** Where a key lies in Redis. Throws for a long key that could not be hashed. */
export type Locate = (key: string) => string

/**
 * Finds out where `keys` lie.
 *
 * Injective: lone surrogates, which JSON over HTTP would merge into U+FFFD, are escaped with a backslash, and a
 * backslash by a second one. What is over 32 000 bytes keeps its first 1 000 characters and ends in its SHA-256.
 */
export async function locate(keys: Iterable<string>): Promise<Locate> {
  const hashed = new Map<string, string>()
  for (const key of keys) {
    if (!hashed.has(key) && isLong(key)) hashed.set(key, await hash(key))
  }
  return (key) => {
    const digest = hashed.get(key)
    if (digest === undefined) return namespace + escapeText(key)
    if (digest !== "") return namespace + escapeText(headOf(key)) + hashMark + digest
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      `The key ${shortKey(key)} is too long for Redis as it is, and hashing it needs crypto.subtle, which is not there: serve the page over https, or use shorter keys.`,
      { key },
    )
  }
}

/** Where the lease on the key that lies `at` lies. */
export function leaseOf(at: string): string {
  return namespace + leaseMark + at.slice(namespace.length)
}

/** The pattern for SCAN that matches at least every key beginning with `prefix`. */
export function patternOf(prefix: string): string {
  return `${(namespace + escapeText(headOf(prefix))).replace(/[\\*?[\]^-]/g, "\\$&")}*`
}

/**
 * The key that lies `at`; `undefined` where none of ours does. Of a hashed one only the head is known: the full
 * key is kept with its record.
 */
export function keyAt(at: string): { readonly key: string; readonly hashed: boolean } | undefined {
  if (!at.startsWith(namespace)) return undefined
  const text = at.slice(namespace.length)
  if (text.startsWith(leaseMark)) return undefined
  const hashed = /^([\s\S]*)\\#[0-9a-f]{64}$/.exec(text)?.[1]
  // Two backslashes before the mark are an escaped one, and then "#" is a letter of the key.
  if (hashed !== undefined && escapeText(unescapeText(hashed)) === hashed) {
    return { key: unescapeText(hashed), hashed: true }
  }
  return { key: unescapeText(text), hashed: false }
}

/** Whether the key is kept with its record, since where it lies does not tell it. */
export function isLong(key: string): boolean {
  if (key.length * 6 + namespace.length <= maxKeyBytes) return false
  return utf8Length(escapeText(key)) + namespace.length > maxKeyBytes
}

/** Escapes lone surrogates and backslashes. */
export function escapeText(text: string): string {
  // With the flag "u" the class matches lone surrogates only.
  return text.replace(/\\|[\ud800-\udfff]/gu, (unit) =>
    unit === "\\" ? "\\\\" : `\\u${unit.charCodeAt(0).toString(16)}`,
  )
}

/** Undoes {@link escapeText}; junk comes out as junk. */
export function unescapeText(text: string): string {
  return text.replace(/\\(?:\\|u([0-9a-f]{4}))/g, (_, code: string | undefined) =>
    code === undefined ? "\\" : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

/** The beginning of a key, never cutting a surrogate pair. */
function headOf(key: string): string {
  const head = key.slice(0, headLength)
  return /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head
}

/** SHA-256 of a key in hex; "" where the runtime cannot. */
async function hash(key: string): Promise<string> {
  return globalThis.crypto?.subtle ? sha256(escapeText(key)) : ""
}
