import { sha256, utf8Length } from "../../src/base/bytes.ts"
import { CacheError, shortKey } from "../../src/base/errors.ts"

/** The prefix of all keys, so that foreign keys of a shared database are never seen. */
const namespace = "isocache:"
/** The prefix of leases: no escaped key contains this. */
const leaseMark = "\\lease:"
/** Ends the readable start of a hashed key: no escaped key contains this, either. */
const hashMark = "\\#"
/** Upstash supports keys of 32 KB, which must include the additions for a lease. */
const maxKeyBytes = 32_000
/** How much of a hashed key stays readable, so that SCAN finds it by prefix. */
const headLength = 1_000

/** The Redis key of a key. Throws for a long key that could not be hashed. */
export type Locate = (key: string) => string

/**
 * Resolves the Redis keys of `keys`.
 *
 * Injective: lone surrogates, which JSON over HTTP would merge into U+FFFD, are escaped with a backslash, and
 * backslashes are doubled. A key over 32 000 bytes keeps its first 1 000 characters and ends with its SHA-256.
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
      `The key ${shortKey(key)} is too long for Redis as it is, and hashing it needs crypto.subtle, which is not available: serve the page over https, or use shorter keys.`,
      { key },
    )
  }
}

/** The Redis key of the lease on `at`. */
export function leaseOf(at: string): string {
  return namespace + leaseMark + at.slice(namespace.length)
}

/** The SCAN pattern that matches at least every key that begins with `prefix`. */
export function patternOf(prefix: string): string {
  return `${(namespace + escapeText(headOf(prefix))).replace(/[\\*?[\]^-]/g, "\\$&")}*`
}

/**
 * The key of the Redis key `at`; `undefined` if it is none of ours. Of a hashed one only the start is known: the full
 * key is stored with its record.
 */
export function keyAt(at: string): { readonly key: string; readonly hashed: boolean } | undefined {
  if (!at.startsWith(namespace)) return undefined
  const text = at.slice(namespace.length)
  if (text.startsWith(leaseMark)) return undefined
  const hashed = /^([\s\S]*)\\#[0-9a-f]{64}$/.exec(text)?.[1]
  // Two backslashes before the mark are an escaped one; then "#" is part of the key.
  if (hashed !== undefined && escapeText(unescapeText(hashed)) === hashed) {
    return { key: unescapeText(hashed), hashed: true }
  }
  return { key: unescapeText(text), hashed: false }
}

/** Whether the key is stored with its record, because the Redis key does not contain all of it. */
export function isLong(key: string): boolean {
  if (key.length * 6 + namespace.length <= maxKeyBytes) return false
  return utf8Length(escapeText(key)) + namespace.length > maxKeyBytes
}

/** Escapes lone surrogates and backslashes. */
export function escapeText(text: string): string {
  // With the u flag, the class matches lone surrogates only.
  return text.replace(/\\|[\ud800-\udfff]/gu, (unit) =>
    unit === "\\" ? "\\\\" : `\\u${unit.charCodeAt(0).toString(16)}`,
  )
}

/** Reverses {@link escapeText}; junk stays junk. */
export function unescapeText(text: string): string {
  return text.replace(/\\(?:\\|u([0-9a-f]{4}))/g, (_, code: string | undefined) =>
    code === undefined ? "\\" : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

/** The start of a key, without splitting a surrogate pair. */
function headOf(key: string): string {
  const head = key.slice(0, headLength)
  return /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head
}

/** SHA-256 of a key in hex; "" if the runtime cannot compute it. */
async function hash(key: string): Promise<string> {
  return globalThis.crypto?.subtle ? sha256(escapeText(key)) : ""
}
