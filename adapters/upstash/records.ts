import { escapeText, isLong, unescapeText } from "./keys.ts"

/**
 * Encodes a record for Redis: `[+nonce] [#length:key] =record`, or `~record` with lone surrogates escaped. No mark
 * begins valid JSON, so that a client that parses values leaves our records alone.
 *
 * @param nonce - Identifies the writer, for {@link Adapter.add}: see {@link newNonce}.
 */
export function encode(key: string, record: string, nonce?: string): string {
  const writer = nonce === undefined ? "" : `+${nonce}`
  return writer + keyPart(key) + (/[\ud800-\udfff]/u.test(record) ? `~${escapeText(record)}` : `=${record}`)
}

/**
 * The record in `stored`; `undefined` if there is none, or if it is another key's (two keys with one hash). Foreign
 * text is returned as it is, for the engine to judge; as `""`, which is no record, if it should contain its long key
 * and does not, or if the client has parsed it into something else.
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

/** The full key that is stored with a record. */
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
