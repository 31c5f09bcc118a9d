import type { Adapter, Serializer, Stored } from "../adapter.ts"
import type { Awaitable } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import type { CompressOptions } from "./compress.ts"
import { objectCodec } from "./object.ts"
import type { Encryption } from "./own-keys.ts"

/** In what form values are kept. The order is serialize, compress, encrypt. */
export interface CodecOptions {
  /** For what JSON would lose. Default superjson. */
  readonly serializer?: Serializer | undefined
  /** Compress records above 1 kB (`true`), or as told. Default off. */
  readonly compress?: true | CompressOptions | undefined
  /** Encrypt records with AES-256-GCM: the first key writes, all read. Default off. */
  readonly encrypt?: Encryption | undefined
  /** Hears why a record could not be read. */
  readonly onTrouble?: ((error: unknown) => void) | undefined
}

/** Turns what a cache keeps into a record in the adapter's medium, and back. */
export interface Codec {
  /**
   * The record for `kept`. The value is taken as it is at the call.
   *
   * @throws {CacheError} `VALUE_UNSUPPORTED`, `VALUE_TOO_LARGE`; at once, or as a rejection.
   */
  encode(key: string, kept: Kept): Awaitable<Stored>
  /**
   * What the record holds; `undefined` for junk. Never throws. Rejects with `ADAPTER_UNAVAILABLE` where the record
   * could not be looked at, because its encryption key cannot be made here.
   */
  decode(key: string, record: Stored): Awaitable<Kept | undefined>
  /**
   * The value of a decoded entry, for a caller to own: a copy. It may be the value itself if nobody else will be given
   * it (`isLast`) and the storage does not hold the same object.
   */
  out(kept: Kept, isLast?: boolean): unknown
}

/** The shortest way between entries and the medium of `adapter`. Loads what it needs, and only that. */
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
