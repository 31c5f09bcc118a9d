import { tryClone } from "./clone.ts"
import type { EncryptionKey } from "./encrypt.ts"

/** The keys that records are encrypted with. */
export interface Encryption {
  /** At least one. */
  readonly keys: readonly EncryptionKey[]
}

/**
 * Copies `encrypt` and its keys, so that the caller may wipe the bytes it has passed.
 *
 * Not in the keyring's file, which is loaded when the first record is written: they may be wiped by then. Invalid
 * options are left for the keyring to reject.
 */
export function ownKeys(encrypt: Encryption): Encryption {
  const { keys } = encrypt
  if (!Array.isArray(keys)) return encrypt
  return { keys: keys.map((one) => ({ ...one, key: tryClone(one?.key) })) }
}
