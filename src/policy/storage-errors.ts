// The errors of a storage, as callers see them.
import { CacheError, shortKey } from "../base/errors.ts"
import { scrub } from "../base/scrub.ts"
import { keyOf } from "./place.ts"

/** Errors whose `key` is already the caller's. */
const named = new WeakSet<object>()

/** The error of a storage as its caller sees it: without credentials, and with the key that the caller gave. */
export function forCaller(error: unknown): unknown {
  const clean = scrub(error)
  if (!(clean instanceof CacheError) || clean.key === undefined || named.has(clean)) return clean
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
  named.add(own)
  return own
}

/** The key of an operation on a single one; `""` for many or none. */
export function only(keys: readonly string[]): string {
  return keys.length === 1 ? (keys[0] ?? "") : ""
}

/** The error of a storage that did not respond within `ms`; `full` is the storage key, `""` for none or many. */
export function lateStorage(full: string, ms: number): CacheError {
  const key = keyOf(full)
  const where = full && ` for ${shortKey(key)}`
  const error = new CacheError(
    "STORE_TIMEOUT",
    `The storage did not answer within ${ms} ms${where}. Raise storeTimeout, or check the storage.`,
    full === "" ? {} : { key },
  )
  named.add(error)
  return error
}
