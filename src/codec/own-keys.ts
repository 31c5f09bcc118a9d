import { tryClone } from "./clone.ts"
import type { EncryptionKey } from "./encrypt.ts"

/** What records are encrypted with. */
export interface Encryption {
  /** At least one. */
  readonly keys: readonly EncryptionKey[]
}

/**
 * `encrypt` with keys of its own: whoever has given them may wipe their bytes.
 *
 * Here, and not beside the keyring, which is loaded when the first record is written: by then they may be wiped. What
 * makes no sense is left for that to refuse.
 */
export function ownKeys(encrypt: Encryption): Encryption {
  const { keys } = encrypt
  if (!Array.isArray(keys)) return encrypt
  return { keys: keys.map((one) => ({ ...one, key: tryClone(one?.key) })) }
}
