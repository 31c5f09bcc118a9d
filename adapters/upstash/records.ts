import { escapeText, isLong, unescapeText } from "./keys.ts"

/**
 * Turns a record into what is kept in Redis: `[+nonce] [#length:key] =record`, or `~record` with lone surrogates
 * escaped. None of the marks begins JSON, so that a client that parses whatever it can leaves our records alone.
 *
 * @param nonce - Tells who wrote it, for {@link Adapter.add}: see {@link newNonce}.
 */
export function encode(key: string, record: string, nonce?: string): string {
  const writer = nonce === undefined ? "" : `+${nonce}`
  return writer + keyPart(key) + (/[\ud800-\udfff]/u.test(record) ? `~${escapeText(record)}` : `=${record}`)
}

/**
 * The record in `stored`; `undefined` where there is none, and where it is another key's (two keys of one hash).
 * Foreign text is answered as it is, for the engine to judge; and `""`, which is no record, if it should tell its long
 * key and does not, or if the client has made something else of it.
 */
export function decode(key: string, stored: unknown): string | undefined {
  if (stored === undefined || stored === null) return undefined
  if (typeof stored !== "string") return ""
  const parts = split(stored)
  if (isLong(key)) {
    if (parts?.key === undefined) return ""
    return parts.key === key ? parts.record : undefined
  }
  return parts === undefined ? stored : parts.record
}

/** The full key that is kept with a record. */
export function keyIn(stored: unknown): string | undefined {
  return typeof stored === "string" ? split(stored)?.key : undefined
}

function keyPart(key: string): string {
  if (!isLong(key)) return ""
  const text = escapeText(key)
  return `#${text.length}:${text}`
}

function split(stored: string): { readonly key: string | undefined; readonly record: string } | undefined {
  let at = stored.startsWith("+") ? 17 : 0
  let key: string | undefined
  const length = /^#(\d{1,9}):/.exec(stored.slice(at, at + 12))
  if (length !== null) {
    const from = at + length[0].length
    at = from + Number(length[1])
    key = unescapeText(stored.slice(from, at))
  }
  if (stored[at] === "=") return { key, record: stored.slice(at + 1) }
  if (stored[at] === "~") return { key, record: unescapeText(stored.slice(at + 1)) }
  return undefined
}
