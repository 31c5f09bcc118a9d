import { CacheError, shortKey } from "../base/errors.ts"
import { scrub } from "../base/scrub.ts"
import { keyOf } from "./place.ts"

/** Those that are told by the key that was given. */
const known = new WeakSet<object>()

/** What a storage failed with, as a caller hears it: without credentials, and by the key that it gave. */
export function forCaller(error: unknown): unknown {
  const clean = scrub(error)
  if (!(clean instanceof CacheError) || clean.key === undefined || known.has(clean)) return clean
  const { code, key: full, message, reason, cause } = clean
  const key = keyOf(full)
  const own =
    key === full
      ? clean
      : new CacheError(
          code,
          message.replace(shortKey(full), () => shortKey(key)),
          { key, reason, cause },
        )
  known.add(own)
  return own
}

/** The key of an operation that is about one alone; `""` for many, and for none. */
export function only(keys: readonly string[]): string {
  return keys.length === 1 ? (keys[0] ?? "") : ""
}

/** A storage that did not answer within `ms`; `full` is the key it was asked for, `""` for none or many. */
export function lateStorage(full: string, ms: number): CacheError {
  const key = keyOf(full)
  const where = full && ` for ${shortKey(key)}`
  const error = new CacheError(
    "STORE_TIMEOUT",
    `The storage did not answer within ${ms} ms${where}. Raise storeTimeout, or look after the storage.`,
    full === "" ? {} : { key },
  )
  known.add(error)
  return error
}
