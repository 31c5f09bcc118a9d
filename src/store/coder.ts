import { type Adapter, type Awaitable, isToken, type Stored } from "../adapter.ts"
import { chain } from "../base/awaitable.ts"
import { fromUtf8, isBytes, toUtf8 } from "../base/bytes.ts"
import { now } from "../base/clock.ts"
import { type Codec, type CodecOptions, codecFor } from "../codec/codec.ts"
import { freshUntil, isKept, type Kept, makeKept } from "../entry.ts"

/** A record read from a tier. */
export interface Arrival {
  readonly record: Stored
  /** When its life in the tier ends, in ms since epoch; 0 for what no tier should keep. */
  readonly until: number
}

/**
 * Encodes what a tier is given (entries, version tokens, any other objects) in one adapter's medium, and decodes it.
 * Tokens are neither compressed nor encrypted.
 */
export class Coder {
  readonly #adapter: Adapter
  readonly #options: CodecOptions
  readonly #copies: boolean
  #codec: Codec | undefined

  /** @param copies - Whether to decode to a copy if the adapter returns the object it holds. */
  constructor(adapter: Adapter, options: CodecOptions, copies = false) {
    this.#adapter = adapter
    this.#options = options
    this.#copies = copies && adapter.copy === "clone"
  }

  /** Loads the codec. After that, {@link encode} and {@link decode} are synchronous if the codec is. */
  load(): Awaitable<Codec> {
    if (this.#codec) return this.#codec
    return chain(codecFor(this.#adapter, this.#options), (codec) => {
      this.#codec ??= codec
      return this.#codec
    })
  }

  /** @throws {CacheError} `VALUE_UNSUPPORTED`, `VALUE_TOO_LARGE`; synchronously or as a rejection. */
  encode(key: string, record: Stored, ttl: number): Awaitable<Stored> {
    if (isToken(key) && typeof record === "string")
      return this.#adapter.medium === "bytes" ? toUtf8(record) : record
    const kept = isKept(record) ? record : wrap(record, ttl)
    return chain(this.load(), (codec) => codec.encode(key, kept))
  }

  /** Decodes a record. Junk is returned as it is, for the engine to reject. */
  decode(key: string, stored: Stored | undefined): Awaitable<Arrival | undefined> {
    if (stored === undefined) return undefined
    const token = isToken(key) ? tokenIn(stored) : undefined
    if (token !== undefined) return { record: token, until: Infinity }
    return chain(this.load(), (codec) =>
      chain(codec.decode(key, stored), (kept) => {
        if (!kept) return junk(stored)
        return unwrap(this.#copies ? { ...kept, value: codec.out(kept) } : kept)
      }),
    )
  }
}

/** The only mark of a wrapped object. A cache's entries have no marks, or at least two. */
const wrapped = "="

/** Wraps an object that is no entry in an entry, so that every codec accepts it. */
function wrap(value: Stored, ttl: number): Kept {
  return makeKept({ value, createdAt: now(), ttl, grace: 0, took: 0, tags: [], marks: [wrapped] })
}

function unwrap(kept: Kept): Arrival {
  const isWrapped = kept.marks.length === 1 && kept.marks[0] === wrapped
  return { record: isWrapped ? kept.value : kept, until: freshUntil(kept) + kept.grace }
}

/** A record that the codec cannot read. If it looks like an entry, it must not be taken for one. */
function junk(stored: Stored): Arrival {
  return { record: isKept(stored) ? null : stored, until: 0 }
}

/** The version token in a record, if it is one: a token is one line of text, records have a line break. */
function tokenIn(stored: Stored): string | undefined {
  if (typeof stored === "string") return stored.includes("\n") ? undefined : stored
  if (!isBytes(stored) || stored.includes(10)) return undefined
  try {
    return fromUtf8(stored)
  } catch {
    return undefined
  }
}
