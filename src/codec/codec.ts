import type { Adapter, Serializer, Stored } from "../adapter.ts"
import type { Awaitable } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import type { CompressOptions } from "./compress.ts"
import { objectCodec } from "./object.ts"
import type { Encryption } from "./own-keys.ts"

/** How values are stored. They are serialized, then compressed, then encrypted. */
export interface CodecOptions {
  /** For values that JSON would lose. Default superjson. */
  readonly serializer?: Serializer | undefined
  /** Compress records above 1 kB (`true`), or as specified. Default off. */
  readonly compress?: true | CompressOptions | undefined
  /** Encrypt records with AES-256-GCM: the first key writes, all keys read. Default off. */
  readonly encrypt?: Encryption | undefined
  /** Called with the reason why a record could not be read. */
  readonly onTrouble?: ((error: unknown) => void) | undefined
}

/** Converts what a cache keeps to a record in the adapter's medium, and back. */
export interface Codec {
  /**
   * The record for `kept`, with the value as it is at the call.
   *
   * @throws {CacheError} `VALUE_UNSUPPORTED`, `VALUE_TOO_LARGE`; synchronously or as a rejection.
   */
  encode(key: string, kept: Kept): Awaitable<Stored>
  /**
   * The entry in a record; `undefined` for junk. Never throws. Rejects with `ADAPTER_UNAVAILABLE` if the record could
   * not be examined, because its encryption key is not available.
   */
  decode(key: string, record: Stored): Awaitable<Kept | undefined>
  /**
   * The value of a decoded entry as a copy, for the caller to own. It may be the value itself if no other caller will
   * be given it (`isLast`) and the storage does not hold the same object.
   */
  out(kept: Kept, isLast?: boolean): unknown
}

/** The fastest codec for the medium of `adapter` and these options. Loads only what it needs. */
export function codecFor(
  adapter: Pick<Adapter, "medium" | "copy">,
  options: CodecOptions = {},
): Awaitable<Codec> {
  const { medium } = adapter
  if (medium === "object" && !options.compress && !options.encrypt) return objectCodec(adapter, options)
  return import("./framed.ts").then(({ framedCodec }) =>
    framedCodec(medium === "text" ? "text" : "bytes", options),
  )
}
