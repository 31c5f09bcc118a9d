import { type Adapter, type Awaitable, isToken, type Stored } from "../adapter.ts"
import { chain } from "../base/awaitable.ts"
import { fromUtf8, isBytes, toUtf8 } from "../base/bytes.ts"
import { now } from "../base/clock.ts"
import { type Codec, type CodecOptions, codecFor } from "../codec/codec.ts"
import { freshUntil, isKept, type Kept, makeKept } from "../entry.ts"

/** What was read from a tier. */
export interface Arrival {
  readonly record: Stored
  /** Until when it lives there, in ms since epoch; 0 for what no tier should keep. */
  readonly until: number
}

/**
 * Turns what a tier is given (entries, version tokens, any other objects) into records of one adapter's medium, and
 * back. Tokens are neither compressed nor encrypted.
 */
export class Coder {
  readonly #adapter: Adapter
  readonly #options: CodecOptions
  readonly #copies: boolean
  #codec: Codec | undefined

  /** @param copies - Whether to decode to a copy, where the adapter answers the very object it holds. */
  constructor(adapter: Adapter, options: CodecOptions, copies = false) {
    this.#adapter = adapter
    this.#options = options
    this.#copies = copies && adapter.copy === "clone"
  }

  /** Loads the codec. From then on {@link encode} and {@link decode} answer at once where the codec does. */
  load(): Awaitable<Codec> {
    if (this.#codec) return this.#codec
    return chain(codecFor(this.#adapter, this.#options), (codec) => {
      this.#codec ??= codec
      return this.#codec
    })
  }

  /** @throws {CacheError} `VALUE_UNSUPPORTED`, `VALUE_TOO_LARGE`; at once, or as a rejection. */
  encode(key: string, record: Stored, ttl: number): Awaitable<Stored> {
    if (isToken(key) && typeof record === "string")
      return this.#adapter.medium === "bytes" ? toUtf8(record) : record
    const kept = isKept(record) ? record : wrap(record, ttl)
    return chain(this.load(), (codec) => codec.encode(key, kept))
  }

  /** What `stored` stands for. Junk comes as it is, for the engine to judge. */
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

/** The one mark of an object wrapped as an entry. An entry of a cache has two marks or more, or none. */
const wrapped = "="

/** An object that is no entry in the shape of one, so that every codec can take it. */
function wrap(value: Stored, ttl: number): Kept {
  return makeKept({ value, createdAt: now(), ttl, grace: 0, took: 0, tags: [], marks: [wrapped] })
}

function unwrap(kept: Kept): Arrival {
  const isWrapped = kept.marks.length === 1 && kept.marks[0] === wrapped
  return { record: isWrapped ? kept.value : kept, until: freshUntil(kept) + kept.grace }
}

/** A record that the codec cannot read. If it looks like an entry all the same, it must not be taken for one. */
function junk(stored: Stored): Arrival {
  return { record: isKept(stored) ? null : stored, until: 0 }
}

/** The version token in a record, if it is one: tokens are one line of text, records have a line break. */
function tokenIn(stored: Stored): string | undefined {
  if (typeof stored === "string") return stored.includes("\n") ? undefined : stored
  if (!isBytes(stored) || stored.includes(10)) return undefined
  try {
    return fromUtf8(stored)
  } catch {
    return undefined
  }
}
