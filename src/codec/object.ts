import type { Adapter, Stored } from "../adapter.ts"
import { type Awaitable, isPromise, then } from "../base/awaitable.ts"
import { isKept, type Kept } from "../entry.ts"
import { copyIn, copyOut } from "./clone.ts"
import type { Codec, CodecOptions } from "./codec.ts"
import { keepsOf, lazySerializer } from "./serializer.ts"

/** What an adapter of medium "object" is given to keep. */
interface Shelved extends Kept {
  /** No object in the value is reached twice. */
  readonly tree?: boolean
  /** The serializer that made a text of the value, which structured clone would not have kept whole. */
  readonly packed?: string
}

/**
 * Hands objects to an adapter that keeps objects: copied where it asks for it (see {@link Adapter.copy}), as a text
 * only where structured clone would lose something.
 */
export function objectCodec({ copy }: Pick<Adapter, "copy">, { serializer }: CodecOptions = {}): Codec {
  const keeps = keepsOf(serializer)
  const load = lazySerializer(serializer)

  function encode(key: string, kept: Kept): Awaitable<Stored> {
    const { value, createdAt, freshUntil, ttl, grace, took, tags, marks } = kept
    const type = typeof value
    if (type === "object" && value !== null) {
      if (copy === "none" && !isPromise(value)) return kept
    } else if (type !== "function" && type !== "symbol") return kept
    const { value: own, shared, odd } = copyIn(value, keeps, key)
    const tree = shared === undefined
    const shelved: Shelved = {
      format: 1,
      value: own,
      createdAt,
      freshUntil,
      ttl,
      grace,
      took,
      tags,
      marks,
      tree,
    }
    if (!odd || copy === "clone") return shelved
    return then(load(), (by) => ({ ...shelved, value: by.stringify(own), packed: by.name }))
  }

  function decode(_: string, record: Stored): Awaitable<Kept | undefined> {
    if (!isKept(record)) return undefined
    const { packed } = record as Shelved
    if (packed !== undefined)
      return then(load(), (by) => (by.name === packed ? renewed(record, by.parse) : undefined))
    return copy === undefined ? renewed(record, (value) => copyOut(value, false)) : record
  }

  function out({ value, tree }: Shelved): unknown {
    return copy === "clone" && typeof value === "object" && value !== null
      ? copyOut(value, tree === true)
      : value
  }

  return { encode, decode, out }
}

/** `kept` with another value; `undefined` where there is none to be made. */
function renewed(kept: Kept, make: (value: never) => unknown): Kept | undefined {
  try {
    const { createdAt, freshUntil, ttl, grace, took, tags, marks } = kept
    return {
      format: 1,
      value: make(kept.value as never),
      createdAt,
      freshUntil,
      ttl,
      grace,
      took,
      tags,
      marks,
    }
  } catch {
    return undefined
  }
}
