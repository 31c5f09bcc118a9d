import { tryClone } from "./clone.ts"
import type { EncryptionKey } from "./encrypt.ts"

/** What records are encrypted with. */
export interface Encryption {
  /** At least one. */
  readonly keys: readonly EncryptionKey[]
}

/**
 * A copy of `encrypt` with copies of its keys: the caller may wipe the bytes it has given.
 *
 * Not in the file of the keyring, which is loaded only when the first record is written: by then they may be wiped.
 * What makes no sense is left for the keyring to refuse.
 */
export function ownKeys(encrypt: Encryption): Encryption {
  const { keys } = encrypt
  if (!Array.isArray(keys)) return encrypt
  return { keys: keys.map((one) => ({ ...one, key: tryClone(one?.key) })) }
}
