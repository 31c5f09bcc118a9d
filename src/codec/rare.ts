import type { Serializer } from "../adapter.ts"
import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import type { Shelved } from "./object.ts"
import { lazySerializer } from "./serializer.ts"
import { written } from "./written.ts"

/**
 * `shelved` with its value replaced by the serializer's text.
 *
 * @throws {CacheError} As {@link written}.
 */
export function pack(key: string, shelved: Shelved, serializer: Serializer | undefined): Awaitable<Shelved> {
  return chain(load(serializer), (by) => ({
    ...shelved,
    value: written(key, by, shelved.value),
    packed: by.name,
  }))
}

/** What {@link pack} received; `undefined` for junk, and for the text of another serializer. */
export function unpack(record: Shelved, serializer: Serializer | undefined): Awaitable<Shelved | undefined> {
  const { packed, ...rest } = record
  return chain(load(serializer), (by) => {
    if (by.name !== packed) return undefined
    try {
      const shelved = chain(by.parse(String(rest.value)), (value) => ({ ...rest, value, tree: false }))
      return isPromise(shelved) ? shelved.catch(() => undefined) : shelved
    } catch {
      return undefined
    }
  })
}

const standard = lazySerializer(undefined)

function load(serializer: Serializer | undefined): Awaitable<Serializer> {
  return serializer ?? standard()
}
