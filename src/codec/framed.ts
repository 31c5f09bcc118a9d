import type { Stored } from "../adapter.ts"
import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { fromBase64, fromUtf8, isWellFormed, toBase64, toUtf8 } from "../base/bytes.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import type { Kept } from "../entry.ts"
import { copyIn } from "./clone.ts"
import type { Codec, CodecOptions } from "./codec.ts"
import { compressor, decompress } from "./compress.ts"
import { type Keyring, keyring } from "./encrypt.ts"
import {
  closeBytes,
  closeText,
  type Frame,
  lineOf,
  maxRecord,
  type Opened,
  openBytes,
  openText,
} from "./frame.ts"
import { copyOf, type Shelved } from "./object.ts"
import { isPlainJson, parseJson } from "./serialize.ts"
import { isClassSerializer, keepsOf, lazySerializer } from "./serializer.ts"
import { tooLarge, written } from "./written.ts"

/** The most bytes that fit into a record as base64. Finding out by encoding them would take seconds. */
const maxBytes = (maxRecord / 4) * 3

/**
 * Makes records of text or bytes (see {@link Frame}): serialize, compress, encrypt. Synchronous if nothing has to be
 * loaded, compressed or encrypted.
 *
 * @throws {CacheError} `OPTION_INVALID` for invalid options of compression or encryption.
 */
export function framedCodec(medium: "text" | "bytes", options: CodecOptions = {}): Codec {
  const { serializer, onTrouble } = options
  const keeps = keepsOf(serializer)
  const load = lazySerializer(serializer)
  const compress = options.compress && compressor(options.compress)
  const keys = options.encrypt && keyring(options.encrypt.keys)
  // The user's own serializer gets every value: it was chosen for the format of its text.
  const mayBePlain = serializer === undefined || isClassSerializer(serializer)
  let marks: readonly string[] = []

  function encode(key: string, kept: Kept): Awaitable<Stored> {
    const { value } = kept
    if (mayBePlain && isPlainJson(value)) {
      return close(key, { kept }, written(key, JSON, value))
    }
    if (mayBePlain && lengthOf(value) > maxBytes) throw tooLarge(key)
    // Copying rejects what cannot be kept, and takes the value as it is now, before the serializer is loaded.
    const copy = copyIn(value, keeps, key).value
    return chain(load(), (by) =>
      close(key, { kept, serializer: by.name }, wellFormed(key, written(key, by, copy))),
    )
  }

  function close(key: string, frame: Frame, text: string): Awaitable<Stored> {
    if (text.length > maxRecord) throw tooLarge(key)
    if (compress || keys) return seal(key, frame, text)
    const line = lineOf(frame)
    return bounded(key, medium === "text" ? closeText(line, text) : closeBytes(line, toUtf8(text)))
  }

  async function seal(key: string, frame: Frame, text: string): Promise<Stored> {
    const bytes = bounded(key, toUtf8(text)) // A longer one could not be read.
    const [compression, short] = compress ? await compress(bytes) : (["-", bytes] as const)
    const line = lineOf({ ...frame, compression, keyId: keys?.writes })
    const sealed = keys ? await keys.seal(short, bound(key, line)) : short
    if (medium === "bytes") return bounded(key, closeBytes(line, sealed))
    return bounded(key, closeText(line, sealed === bytes ? text : toBase64(sealed)))
  }

  function decode(key: string, record: Stored): Awaitable<Kept | undefined> {
    try {
      const opened = medium === "text" ? openText(record) : openBytes(record)
      if (opened === undefined) return undefined
      const { payload, keyId, compression } = opened
      if (keys && keyId === undefined) {
        throw unreadable(key, "is in clear, and only encrypted ones are trusted here")
      }
      const text = keyId === undefined && compression === "-" ? asText(payload) : unseal(key, opened)
      const kept = chain(text, (whole) => read(key, opened, whole))
      return isPromise(kept) ? kept.catch(fail) : kept
    } catch (error) {
      return fail(error)
    }
  }

  async function unseal(key: string, opened: Opened<string | Uint8Array>): Promise<string> {
    const { payload, keyId, compression, line } = opened
    const sealed = typeof payload === "string" ? fromBase64(payload) : payload
    if (keyId !== undefined && !keys) throw unreadable(key, "is encrypted, and there are no keys to read it")
    const short = keys && keyId !== undefined ? await decrypted(keys, key, sealed, line, keyId) : sealed
    return asText(await decompress(compression, short))
  }

  /** One array for entries with the same marks, which lets hits be decided in a few steps: see `hits.ts`. */
  function shared(own: readonly string[]): readonly string[] {
    if (own.length !== marks.length || own.some((mark, at) => mark !== marks[at])) marks = own
    return marks
  }

  function read(key: string, frame: Frame, text: string): Awaitable<Shelved> {
    const { serializer: name } = frame
    const kept = { ...frame.kept, marks: shared(frame.kept.marks) }
    if (name === undefined) return { ...kept, value: parseJson(text), tree: true }
    return chain(load(), (by) => {
      if (by.name !== name)
        throw unreadable(key, `is by the serializer ${JSON.stringify(name)}, not by ${by.name}`)
      // How to copy the value, for a near tier that keeps it.
      return chain(by.parse(text), (value) => ({ ...kept, value, tree: isPlainJson(value) }))
    })
  }

  /** Junk is a miss. What can be fixed is reported. What could not be examined may not be junk, so it is an error. */
  function fail(error: unknown): undefined {
    if (!(error instanceof CacheError)) return
    if (error.code === "ADAPTER_UNAVAILABLE") throw error
    onTrouble?.(error)
  }

  return { encode, decode, out: (kept, isLast) => (isLast ? kept.value : copyOf(kept)) }
}

function lengthOf(value: unknown): number {
  try {
    return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.byteLength : 0
  } catch {
    return 0 // Not readable: the copy fails on it and reports the path.
  }
}

async function decrypted(
  keys: Keyring,
  key: string,
  sealed: Uint8Array,
  line: string,
  id: string,
): Promise<Uint8Array> {
  try {
    return await keys.unseal(sealed, bound(key, line), id)
  } catch (cause) {
    if (cause instanceof CacheError) throw cause
    throw unreadable(
      key,
      `was not sealed by the key ${JSON.stringify(id)} as it is now, or was for another key`,
      cause,
    )
  }
}

/**
 * What an encrypted payload is bound to: its header and its key. As JSON, because UTF-8 does not distinguish all keys.
 */
function bound(key: string, line: string): string {
  return `${line}\n${JSON.stringify(key)}`
}

function asText(payload: string | Uint8Array): string {
  return typeof payload === "string" ? payload : fromUtf8(payload)
}

/** Rejects lone surrogates, which a UTF-8 storage does not keep. JSON escapes them, but a user's serializer may not. */
function wellFormed(key: string, text: string): string {
  if (isWellFormed(text)) return text
  const message = `The value for ${shortKey(key)} cannot be stored: its serializer wrote a lone surrogate. Escape it.`
  throw new CacheError("VALUE_UNSUPPORTED", message, { key })
}

function bounded<T extends string | Uint8Array>(key: string, record: T): T {
  if (record.length > maxRecord) throw tooLarge(key)
  return record
}

function unreadable(key: string, why: string, cause?: unknown): CacheError {
  const message = `The record for ${shortKey(key)} ${why}.`
  return new CacheError("CACHE_MISS", message, { key, reason: "corrupt", cause })
}
