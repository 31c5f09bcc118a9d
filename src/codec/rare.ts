import type { Serializer } from "../adapter.ts"
import { type Awaitable, chain } from "../base/awaitable.ts"
import type { Kept } from "../entry.ts"
import { copyOut } from "./clone.ts"
import type { Shelved } from "./object.ts"
import { lazySerializer } from "./serializer.ts"

/** What is to be kept, with a text in place of the value. */
export function pack(shelved: Shelved, serializer: Serializer | undefined): Awaitable<Shelved> {
  return chain(load(serializer), (by) => ({
    ...shelved,
    value: by.stringify(shelved.value),
    packed: by.name,
  }))
}

/** What an adapter hands back of a value that is more than plain data; `undefined` for what is none of ours. */
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
