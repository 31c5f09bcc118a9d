import { concat, toUtf8 } from "../base/bytes.ts"
import { soon } from "../base/clock.ts"
import { CacheError, misuse } from "../base/errors.ts"
import { isWorkerd } from "../base/runtime.ts"

/** A key and its id, which records refer to. */
export interface EncryptionKey {
  /** Stored unencrypted in every record that the key has written. */
  readonly id: string
  /** An AES-GCM key of 256 bits, its 32 bytes, or a passphrase to derive it from. */
  readonly key: CryptoKeyLike | Uint8Array | Passphrase
}

/** A `CryptoKey`, described by shape because not every project has the platform's type. */
export interface CryptoKeyLike {
  /** Its algorithm. */
  readonly algorithm: {
    /** "AES-GCM". */
    readonly name: string
  }
  /** "secret". */
  readonly type: string
  /** Whether its bytes can be exported. Not required. */
  readonly extractable: boolean
  /** "encrypt" and "decrypt". */
  readonly usages: readonly string[]
}

/**
 * Derives a key by PBKDF2 with SHA-256: once, when the first record is written or read with it.
 *
 * That takes some tenths of a second, which count towards the `storeTimeout` of waiting operations. Cloudflare's
 * network refuses more than 100 000 rounds (a local workerd does not): use a 32-byte key there.
 */
export interface Passphrase {
  /** Any non-empty text. */
  readonly passphrase: string
  /** At least 8 bytes, the same wherever records are read; not secret. */
  readonly salt: string | Uint8Array
  /**
   * Default and minimum 600 000.
   *
   * @see OWASP Password Storage Cheat Sheet.
   */
  readonly iterations?: number | undefined
}

/** Encrypts with one key, decrypts with several. */
export interface Keyring {
  /** The id of the key that encrypts. */
  readonly writes: string
  /**
   * Encrypts `payload` with the first key.
   *
   * @param bound - A text that must be the same for decryption: it is authenticated, but not stored.
   */
  seal(payload: Uint8Array, bound: string): Promise<Uint8Array>
  /**
   * Decrypts what the key `id` has encrypted.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE` if the key is not available, so that the record cannot be judged.
   * @throws {Error} For an unknown id, a wrong key, or modified data.
   */
  unseal(sealed: Uint8Array, bound: string, id: string): Promise<Uint8Array>
}

const nonceLength = 12
const minIterations = 600_000

/**
 * Encrypts with AES-256-GCM and the first key; decrypts with any. Nonces are 96 random bits: one key is safe for 2³²
 * records (NIST SP 800-38D, 8.3); then put a new one first.
 *
 * @throws {CacheError} `OPTION_INVALID` without keys, for two keys with one id, or for a key that is not 256 bits long.
 */
export function keyring(keys: readonly EncryptionKey[]): Keyring {
  if (!Array.isArray(keys) || keys.length === 0)
    throw wrong("needs keys: [{ id, key }], the one that writes first")
  const known = new Map<string, () => Promise<CryptoKey>>()
  for (const one of keys) {
    const id: unknown = one?.id
    if (typeof id !== "string" || id === "") throw wrong("needs an id for every key, a text")
    if (known.has(id)) throw wrong(`has two keys with the id ${JSON.stringify(id)}`)
    known.set(id, importer(id, one.key, known.size === 0))
  }
  const [writes = ""] = known.keys()

  async function seal(payload: Uint8Array, bound: string): Promise<Uint8Array> {
    const iv = crypto.getRandomValues(new Uint8Array(nonceLength))
    const key = await find(writes)
    return concat(
      iv,
      new Uint8Array(await crypto.subtle.encrypt(gcm(iv, bound), key, new Uint8Array(payload))),
    )
  }

  async function unseal(sealed: Uint8Array, bound: string, id: string): Promise<Uint8Array> {
    const iv = new Uint8Array(sealed.subarray(0, nonceLength))
    const text = new Uint8Array(sealed.subarray(nonceLength))
    const key = await find(id)
    return new Uint8Array(await crypto.subtle.decrypt(gcm(iv, bound), key, text))
  }

  async function find(id: string): Promise<CryptoKey> {
    const load = known.get(id)
    if (load === undefined) throw wrong(`has no key with the id ${JSON.stringify(id)} that a record names`)
    try {
      return await load()
    } catch (cause) {
      const what = `encrypt: the key ${JSON.stringify(id)} cannot be made here. See the cause.`
      throw new CacheError("ADAPTER_UNAVAILABLE", what, { cause })
    }
  }

  return { writes, seal, unseal }
}

function gcm(iv: Uint8Array<ArrayBuffer>, bound: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: toUtf8(bound) }
}

/** Returns a function that makes the key. Checks now what can be checked. */
function importer(id: string, key: unknown, writes: boolean): () => Promise<CryptoKey> {
  const named = `the key ${JSON.stringify(id)}`
  if (key instanceof Uint8Array) {
    if (key.length !== 32) throw wrong(`needs 32 bytes for ${named}, not ${key.length}`)
    const bytes = new Uint8Array(key)
    return once(() => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]))
  }
  if (typeof key !== "object" || key === null)
    throw wrong(`needs bytes, a CryptoKey or a passphrase for ${named}`)
  if ("passphrase" in key) {
    const derivation = passphrase(named, key)
    return once(() => derive(derivation))
  }
  const { algorithm, usages } = key as Partial<CryptoKey>
  if (algorithm?.name !== "AES-GCM" || Reflect.get(algorithm, "length") !== 256) {
    throw wrong(`needs an AES-GCM key of 256 bits for ${named}`)
  }
  if (!usages?.includes("decrypt") || (writes && !usages.includes("encrypt"))) {
    throw wrong(`needs the usages "encrypt" and "decrypt" for ${named}`)
  }
  // Its algorithm shows that it is one.
  return () => Promise.resolve(key as CryptoKey)
}

/** Loads once for all callers, and again after a failure. On Workers no request waits for what another has begun. */
function once(load: () => Promise<CryptoKey>): () => Promise<CryptoKey> {
  let known: CryptoKey | undefined
  let running: Promise<CryptoKey> | undefined
  const over = (): void => {
    running = undefined
  }
  const begin = (): Promise<CryptoKey> => {
    const loading = load()
    if (isWorkerd())
      soon(over) // A turn belongs to one request.
    else loading.then(over, over)
    return loading
  }
  return async () => {
    if (known) return known
    running ??= begin()
    known = await running
    return known
  }
}

interface Derivation {
  readonly secret: Uint8Array<ArrayBuffer>
  readonly salt: Uint8Array<ArrayBuffer>
  readonly iterations: number
}

function passphrase(named: string, key: object): Derivation {
  const { passphrase, salt, iterations = minIterations, ...unknown }: Partial<Passphrase> = key
  if (Object.keys(unknown).length > 0)
    throw wrong(`knows passphrase, salt and iterations of ${named}, no more`)
  if (typeof passphrase !== "string" || passphrase === "") throw wrong(`needs a passphrase for ${named}`)
  const bytes = typeof salt === "string" ? toUtf8(salt) : salt instanceof Uint8Array && new Uint8Array(salt)
  if (!bytes || bytes.length < 8) throw wrong(`needs a salt of at least 8 bytes for ${named}`)
  if (!Number.isSafeInteger(iterations) || iterations < minIterations) {
    throw wrong(`needs at least ${minIterations} iterations for ${named}`)
  }
  return { secret: toUtf8(passphrase), salt: bytes, iterations }
}

async function derive({ secret, salt, iterations }: Derivation): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"])
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations }
  const gcm = { name: "AES-GCM", length: 256 }
  return crypto.subtle.deriveKey(how, base, gcm, false, ["encrypt", "decrypt"])
}

function wrong(what: string): CacheError {
  return misuse(`encrypt ${what}.`)
}
