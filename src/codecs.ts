/**
 * How values are stored: serializers, compression, encryption.
 *
 * @module isocache/codecs
 */

import { misuse } from "./base/errors.ts"
import { type CompressOptions, compressor } from "./codec/compress.ts"
import { keyring } from "./codec/encrypt.ts"
import { type Encryption, ownKeys } from "./codec/own-keys.ts"

export type { Serializer } from "./adapter.ts"
export type { CompressionName, CompressOptions } from "./codec/compress.ts"
export type { CryptoKeyLike, EncryptionKey, Passphrase } from "./codec/encrypt.ts"
export type { Encryption } from "./codec/own-keys.ts"
export type { ClassSerializer } from "./codec/serializer.ts"
export { type SerializableClass, type SuperjsonOptions, superjsonSerializer } from "./codec/superjson.ts"

/**
 * Checks and returns options for `compress`.
 *
 * @param options.threshold - Payloads of fewer bytes are not compressed. Default 1024.
 * @param options.format - `"gzip"` (default), `"deflate"` or `"deflate-raw"`.
 * @throws {CacheError} `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { gzip } from "isocache/codecs"
 *
 * const cache = new CacheWrapper({ compress: gzip({ threshold: 4096 }) })
 * ```
 */
export function gzip(options: CompressOptions = {}): CompressOptions {
  compressor(options)
  return { ...options }
}

/**
 * Checks keys for `encrypt`, and returns copies of them. The first key writes, all of them read. To rotate, append the
 * new key everywhere, then move it to the front, and remove the old key when its records are gone.
 *
 * @throws {CacheError} `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { encrypt } from "isocache/codecs"
 *
 * const key = crypto.getRandomValues(new Uint8Array(32)) // from your secrets, the same in every process
 * const cache = new CacheWrapper({ encrypt: encrypt({ keys: [{ id: "2026-07", key }] }) })
 * ```
 */
export function encrypt(options: Encryption): Encryption {
  const { keys, ...unknown } = Object(options) as Encryption // Checked here.
  if (Object.keys(unknown).length > 0) throw misuse("encrypt() knows keys, no more.")
  keyring(keys)
  return ownKeys({ keys })
}
