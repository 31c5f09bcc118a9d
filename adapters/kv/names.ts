import type { Awaitable } from "../../src/adapter.ts"
import { isWellFormed, sha256, utf8Length } from "../../src/base/bytes.ts"

/** What all names of this library begin with: the rest of a shared namespace is never listed, read or cleared. */
const own = "isocache:"
/** Set apart from plain names by a word that no plain name contains. */
const hashed = "#sha256:"
const hashLength = 64
/** Bytes that Workers KV takes for a name. */
const maxName = 512
/** Bytes of a hashed key that stay legible, so that a prefix finds it. */
const maxHead = maxName - own.length - hashed.length - hashLength

/**
 * The name under which `key` lies in the namespace: the key itself behind the library's mark, or else the SHA-256 of
 * a key that is too long, is not valid Unicode, or looks like a hash, behind as much of the key as there is room for.
 *
 * Injective, and never a name that KV refuses ("", ".", "..").
 */
export function nameOf(key: string): Awaitable<string> {
  return isPlain(key) ? own + key : hashName(key)
}

/** The beginning that all names have whose keys start with `prefix`. Names of other keys may have it too. */
export function namePrefix(prefix: string): string {
  return own + headOf(prefix)
}

/** Reads a listed name: its key, or as much of the key as a hashed name tells. */
export function keyIn(name: string): { readonly key: string } | { readonly head: string } {
  const rest = name.slice(own.length)
  const at = rest.lastIndexOf(hashed)
  return at < 0 ? { key: rest } : { head: rest.slice(0, at) }
}

/** Whether the key behind `name` was hashed: then the record must tell it. */
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
  // JSON writes lone surrogates as escapes: UTF-8 alone would make them all the same.
  return own + headOf(key) + hashed + (await sha256(JSON.stringify(key)))
}

/**
 * The longest beginning of `key` that is valid Unicode and has room. If one key starts with another, so do their heads.
 */
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
