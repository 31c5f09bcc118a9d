// The text that a serializer makes of a value, checked alike for every medium.
import type { Serializer } from "../adapter.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import { maxRecord } from "./frame.ts"

/**
 * Serializes `value`.
 *
 * @throws {CacheError} `VALUE_UNSUPPORTED` if the serializer fails or returns no string, `VALUE_TOO_LARGE`.
 */
export function written(key: string, by: Pick<Serializer, "stringify">, value: unknown): string {
  try {
    const text: unknown = by.stringify(value)
    if (typeof text === "string") return text
    throw new TypeError(`stringify() returned ${typeof text}, not a string.`)
  } catch (cause) {
    if (cause instanceof CacheError) throw cause
    // A string longer than the engine supports.
    if (cause instanceof RangeError) throw tooLarge(key)
    const message = `The value for ${shortKey(key)} cannot be stored: the serializer failed on it.`
    throw new CacheError("VALUE_UNSUPPORTED", message, { key, cause })
  }
}

/** The error for a value that no record can hold. */
export function tooLarge(key: string): CacheError {
  const message = `The value for ${shortKey(key)} is too large: a record has at most ${maxRecord >> 20} MiB.`
  return new CacheError("VALUE_TOO_LARGE", `${message} Store it in parts.`, { key })
}
