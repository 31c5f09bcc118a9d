import type { Adapter, Serializer } from "../adapter.ts"
import { type Awaitable, chain } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import { copyIn, copyOut } from "./clone.ts"
import type { Shelved } from "./object.ts"
import { keepsOf, lazySerializer } from "./serializer.ts"

export { copyOut } from "./clone.ts"

/**
 * What an adapter of medium "object" is given to keep of a value that is more than plain data.
 *
 * @param early - A structured clone of the value, from before this code was loaded.
 * @throws {CacheError} `VALUE_UNSUPPORTED`.
 */
export function shelve(
  key: string,
  shelved: Shelved,
  early: unknown,
  copy: Adapter["copy"],
  serializer: Serializer | undefined,
): Awaitable<Shelved> {
  const keeps = keepsOf(serializer)
  const judged = copyIn(shelved.value, keeps, key)
  const { value, shared, odd } = early === undefined || judged.odd ? judged : copyIn(early, keeps, key)
  const made = { ...shelved, value, tree: shared === undefined, rare: true }
  // WebKit's structured clone makes two of a Date that is met twice.
  if (copy === "clone" || (!odd && !hasLeaf(shared))) return made
  return chain(load(serializer), (by) => ({ ...made, value: by.stringify(value), packed: by.name }))
}

/** Whether one of the objects is more than a list or record. */
function hasLeaf(objects: ReadonlySet<object> = new Set()): boolean {
  return [...objects].some(
    (object) => !Array.isArray(object) && Object.getPrototypeOf(object) !== Object.prototype,
  )
}

/** Undoes {@link shelve}; `undefined` for what it did not make. */
export function unshelve(
  record: Shelved,
  serializer: Serializer | undefined,
): Awaitable<Shelved | undefined> {
  const { packed, value } = record
  if (packed === undefined) return renewed(record, () => copyOut(value, false))
  return chain(load(serializer), (by) =>
    by.name === packed ? renewed(record, () => by.parse(String(value))) : undefined,
  )
}

const standard = lazySerializer(undefined)

function load(serializer: Serializer | undefined): Awaitable<Serializer> {
  return serializer ?? standard()
}

/** The entry with the value that `make` makes; `undefined` where that fails. */
function renewed(kept: Kept, make: () => unknown): Shelved | undefined {
  const { createdAt, freshUntil, ttl, grace, took, tags, marks } = kept
  try {
    return { format: 1, value: make(), createdAt, freshUntil, ttl, grace, took, tags, marks, rare: true }
  } catch {
    return undefined
  }
}
