import type { Adapter, Stored } from "../adapter.ts"
import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { isObject } from "../base/kind.ts"
import { isKept, type Kept } from "../entry.ts"
import { type Copied, cloneValue, copyAgain, copyIn, copyTree } from "./clone.ts"
import type { Codec, CodecOptions } from "./codec.ts"
import { keepsOf } from "./serializer.ts"

/** What an adapter of medium "object" stores. */
export interface Shelved extends Kept {
  /** The value is plain data in which no object is referenced twice. */
  readonly tree?: boolean
  /** The serializer whose text replaces the value, because structured clone would lose part of it. */
  readonly packed?: string
}

type Rare = typeof import("./rare.ts")

// The code for what structured clone would lose. Loaded with the first such value, and available synchronously from
// then on.
let rare: Rare | undefined

/**
 * Passes objects to an adapter that keeps objects: copied if it asks for that (see {@link Adapter.copy}), and as text
 * only if structured clone would lose something.
 */
export function objectCodec({ copy }: Pick<Adapter, "copy">, { serializer }: CodecOptions = {}): Codec {
  const keeps = keepsOf(serializer)

  function encode(key: string, kept: Kept): Awaitable<Stored> {
    const { value } = kept
    if (isObject(value)) {
      if (copy === "none" && !isPromise(value)) return kept
    } else if (typeof value !== "function" && typeof value !== "symbol") return kept
    const copied = copyIn(value, keeps, key)
    const made = shelved(kept, copied)
    // WebKit's structured clone duplicates a Date that is referenced twice.
    if (copy === "clone" || (!copied.odd && !hasLeaf(copied.shared))) return made
    return chain(loadRare(), (code) => code.pack(key, made, serializer))
  }

  function decode(_: string, record: Stored): Awaitable<Shelved | undefined> {
    try {
      return opened(record)
    } catch {
      return undefined // It throws on access.
    }
  }

  function opened(record: Stored): Awaitable<Shelved | undefined> {
    if (!isKept(record)) return undefined
    const { packed, value, tags, marks } = record as Shelved
    // Other code may have written it.
    if (copy !== "clone" && copy !== "none" && !(areTexts(tags) && areTexts(marks))) return undefined
    if (packed !== undefined) return chain(loadRare(), (code) => code.unpack(record, serializer))
    if (copy !== undefined) return record
    return shelved(
      record,
      copyIn(value, () => true),
    )
  }

  function out(kept: Kept, isLast?: boolean): unknown {
    return copy === "none" || (isLast && copy !== "clone") ? kept.value : copyOf(kept)
  }

  return { encode, decode, out }
}

/** Whether all of `list` are strings. Stops at the first hole, because there may be billions. */
function areTexts(list: readonly unknown[]): boolean {
  return list.findIndex((text) => typeof text !== "string") < 0
}

/** `kept` with a copy of its value. */
function shelved(kept: Kept, { value, shared, rare }: Copied): Shelved {
  const { createdAt, freshUntil, ttl, grace, took, tags, marks } = kept
  const tree = !rare && shared === undefined
  return { format: 1, value, createdAt, freshUntil, ttl, grace, took, tags, marks, tree }
}

/** A copy of a decoded entry's value; the value itself if it cannot be copied, because other code has written it. */
export function copyOf(kept: Kept): unknown {
  const { value, made, tree } = kept as Shelved
  if (!isObject(value)) return value
  try {
    // A schema may have returned anything.
    return made ? cloneValue(value) : tree ? copyTree(value) : copyAgain(value)
  } catch {
    return value
  }
}

/** Whether any of the objects is neither an array nor a plain object. */
function hasLeaf(objects: ReadonlySet<object> = new Set()): boolean {
  return [...objects].some(
    (object) => !Array.isArray(object) && Object.getPrototypeOf(object) !== Object.prototype,
  )
}

function loadRare(): Awaitable<Rare> {
  return (
    rare ??
    import("./rare.ts").then((code) => {
      rare = code
      return code
    })
  )
}
