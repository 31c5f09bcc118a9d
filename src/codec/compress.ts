import { concat } from "../base/bytes.ts"
import { CacheError, misuse } from "../base/errors.ts"
import { isRecord } from "../base/rules.ts"
import { type Compression, maxRecord } from "./frame.ts"

/** How values are compressed. */
export interface CompressOptions {
  /** Payloads of fewer bytes are not compressed. Default 1024. */
  readonly threshold?: number | undefined
  /** Default `"gzip"`; `"deflate"` and `"deflate-raw"` are a few bytes shorter. */
  readonly format?: CompressionName | undefined
}

/** The formats that every runtime's `CompressionStream` supports. */
export type CompressionName = "gzip" | "deflate" | "deflate-raw"

const formats = [
  ["gzip", "g"],
  ["deflate", "d"],
  ["deflate-raw", "w"],
] as const satisfies readonly (readonly [CompressionName, Compression])[]

/** Compresses a payload; returns the method and the result, or `"-"` and the payload itself if that saves nothing. */
export type Compressor = (payload: Uint8Array) => Promise<readonly [Compression, Uint8Array]>

/**
 * Compresses what is long enough, if that makes it shorter.
 *
 * @throws {CacheError} `OPTION_INVALID` for an unknown format, an invalid threshold, or an unknown option.
 */
export function compressor(options: true | CompressOptions): Compressor {
  const given = options === true ? {} : options
  if (!isRecord(given)) throw wrong("takes an object")
  const { threshold = 1024, format = "gzip", ...unknown } = given
  const [surplus] = Object.keys(unknown)
  if (surplus !== undefined) throw wrong(`has no option "${surplus}"`)
  const [, flag] = formats.find(([name]) => name === format) ?? []
  if (!flag) throw wrong("has no such format")
  if (typeof threshold !== "number" || !(threshold >= 0)) throw wrong("needs a threshold of 0 bytes or more")
  return async (payload) => {
    if (payload.length < threshold) return ["-", payload]
    const short = await through(() => new CompressionStream(format), payload, payload.length)
    return short === undefined || short.length >= payload.length ? ["-", payload] : [flag, short]
  }
}

/**
 * Reverses {@link compressor}. Stops as soon as the result is longer than any record, whatever length the payload
 * claims.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if this runtime cannot decompress it.
 * @throws {Error} If the payload is corrupt or too long.
 */
export async function decompress(compression: Compression, payload: Uint8Array): Promise<Uint8Array> {
  const [name] = formats.find(([, flag]) => flag === compression) ?? []
  if (!name) return payload
  const long = await through(() => new DecompressionStream(name), payload, maxRecord)
  if (!long) throw new RangeError("The record is longer than any when decompressed.")
  return long
}

/**
 * The output of the stream that `make` creates; `undefined` as soon as it exceeds `limit` bytes.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if the runtime has no such stream.
 */
async function through(
  make: () => CompressionStream | DecompressionStream,
  payload: Uint8Array,
  limit: number,
): Promise<Uint8Array | undefined> {
  const stream = made(make)
  const writer = stream.writable.getWriter()
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.readable.getReader()
  const feeding = feed(writer, payload)
  // If it fails, so does the reader.
  feeding.catch(() => {})
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      reader.cancel().catch(() => {})
      writer.abort().catch(() => {})
      return undefined
    }
    parts.push(value)
  }
  await feeding
  return concat(...parts)
}

function made<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    const what =
      "compress: this runtime lacks CompressionStream, or its format. Update it, or compress nowhere."
    throw new CacheError("ADAPTER_UNAVAILABLE", what, { cause })
  }
}

/**
 * Writes small pieces: some runtimes expand a whole piece at once, in the worst case to a thousand times its length.
 */
async function feed(writer: WritableStreamDefaultWriter<BufferSource>, payload: Uint8Array): Promise<void> {
  const piece = 16_384
  for (let at = 0; at < payload.length; at += piece) {
    await writer.ready
    await writer.write(new Uint8Array(payload.subarray(at, at + piece)))
  }
  await writer.close()
}

function wrong(what: string): CacheError {
  const cure = 'Pass true, or { threshold, format } with format "gzip", "deflate" or "deflate-raw".'
  return misuse(`compress ${what}. ${cure}`)
}
