import type { CodecOptions } from "./codec/codec.ts"
import { type CompressOptions, compressor } from "./codec/compress.ts"
import { type EncryptionKey, keyring } from "./codec/encrypt.ts"

export type { Serializer } from "./adapter.ts"
export type { CompressionName, CompressOptions } from "./codec/compress.ts"
export type { EncryptionKey, Passphrase } from "./codec/encrypt.ts"
export type { ClassSerializer } from "./codec/serializer.ts"
export { type SerializableClass, type SuperjsonOptions, superjsonSerializer } from "./codec/superjson.ts"

/**
 * Checks options for `compress`, and answers them.
 *
 * @param options.threshold - Payloads of fewer bytes stay as they are. Default 1024.
 * @param options.format - `"gzip"` (default), `"deflate"` or `"deflate-raw"`.
 * @throws {CacheError} `OPTION_INVALID`.
 */
export function gzip(options: CompressOptions = {}): CompressOptions {
  compressor(options)
  return { ...options }
}

/**
 * Checks keys for `encrypt`, and answers them. The first one writes, all read; so a new key is put first, and an old
 * one taken out when what it wrote is gone.
 *
 * @throws {CacheError} `OPTION_INVALID`.
 */
export function encrypt(options: {
  readonly keys: readonly EncryptionKey[]
}): NonNullable<CodecOptions["encrypt"]> {
  keyring(options?.keys)
  return { keys: [...options.keys] }
}
