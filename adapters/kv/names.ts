import type { Awaitable } from "../../src/adapter.ts"
import { isWellFormed, sha256, utf8Length } from "../../src/base/bytes.ts"

/** The start of all names of this library: the rest of a shared namespace is never listed, read or cleared. */
const own = "isocache:"
/** Distinguishes hashed names from plain ones, which never contain it. */
const hashed = "#sha256:"
const hashLength = 64
/** The longest name in Workers KV, in bytes. */
const maxName = 512
/** How many bytes of a hashed key stay readable, so that a prefix finds it. */
const maxHead = maxName - own.length - hashed.length - hashLength

/**
 * The name of `key` in the namespace: the library's mark and the key itself; or, for a key that is too long, is not
 * valid Unicode, or looks like a hash, its SHA-256 after as much of the key as fits. Injective, and never a name that
 * KV refuses ("", ".", "..").
 *
 * Injective, and never a name that KV refuses ("", ".", "..").
 */
export function nameOf(key: string): Awaitable<string> {
  return isPlain(key) ? own + key : hashName(key)
}

/** The start of the names of all keys that start with `prefix`. Names of other keys may have it, too. */
export function namePrefix(prefix: string): string {
  return own + headOf(prefix)
}

/** Parses a listed name: its key, or the part of it that a hashed name contains. */
export function keyIn(name: string): { readonly key: string } | { readonly head: string } {
  const rest = name.slice(own.length)
  const at = rest.lastIndexOf(hashed)
  return at < 0 ? { key: rest } : { head: rest.slice(0, at) }
}

/** Whether `name` is that of a hashed key, which must then be stored in the record. */
export function isHashed(name: string): boolean {
  return name.includes(hashed, own.length)
}

function isPlain(key: string): boolean {
  return (
    own.length + key.length <= maxName &&
    !key.includes(hashed) &&
    isWellFormed(key) &&
    utf8Length(key) <= maxName - own.length
  )
}

async function hashName(key: string): Promise<string> {
  // JSON escapes lone surrogates; UTF-8 alone would make them all the same.
  return own + headOf(key) + hashed + (await sha256(JSON.stringify(key)))
}

/** The longest valid Unicode prefix of `key` that fits. If one key starts with another, so do these prefixes. */
function headOf(key: string): string {
  let head = ""
  let size = 0
  for (const character of key) {
    size += utf8Length(character)
    if (size > maxHead || !isWellFormed(character)) break
    head += character
  }
  return head
}
