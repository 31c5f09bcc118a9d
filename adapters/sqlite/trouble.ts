import { CacheError, shortKey } from "../../src/base/errors.ts"
import { isObject } from "../../src/base/kind.ts"
import { messageOf } from "../../src/base/thrown.ts"

/** The result codes of SQLite that are distinguished, and what their messages say if there is no code. */
const kinds = {
  busy: { code: 5, text: /\blocked\b/ },
  io: { code: 10, text: /disk I\/O/ },
  readonly: { code: 8, text: /readonly/ },
  corrupt: { code: 11, text: /malformed/ },
  full: { code: 13, text: /disk is full/ },
  toobig: { code: 18, text: /too big/ },
  notadb: { code: 26, text: /not a database/ },
  // One of the disk errors (io): the file is shorter than it must be.
  cut: { code: 522, text: /short read/ },
} as const

/** Whether the system failed a file operation: another process may just have removed the file. */
export function isInputOutput(error: unknown): boolean {
  return is(error, "io")
}

/** Whether SQLite reports that the file is damaged, or is no database. */
export function isDamage(error: unknown): boolean {
  return is(error, "corrupt") || is(error, "notadb") || is(error, "cut")
}

/** Whether another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return is(error, "busy")
}

/** Whether the file or the disk is read-only. */
export function isReadOnly(error: unknown): boolean {
  return is(error, "readonly")
}

/** Whether the tables do not fit the statements: dropped, changed or badly filled by another release. */
export function isOtherSchema(error: unknown): boolean {
  return /no such (table|column)|has no column|too large to be/.test(messageOf(error))
}

/** Turns what the driver threw into a `CacheError` with the cure; a `CacheError` passes unchanged. */
export function explain(error: unknown, file: string, key?: string): CacheError {
  if (error instanceof CacheError) return error
  const details = key === undefined ? { cause: error } : { key, cause: error }
  const at = key === undefined ? "" : ` at key ${shortKey(key)}`
  if (is(error, "toobig")) {
    return new CacheError("VALUE_TOO_LARGE", `SQLite keeps at most 1 GB a value${at}: store less.`, details)
  }
  return new CacheError("ADAPTER_UNAVAILABLE", `The cache file ${file} ${cure(error)}${at}.`, details)
}

/** The error that the file cannot be opened, with the cure. */
export function unavailable(file: string, cause: unknown): CacheError {
  if (cause instanceof CacheError) return cause
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    `The cache file ${file} cannot be opened (${messageOf(cause)}). ` +
      "Give sqlite({ path }) a file, or ISOCACHE_DIR a folder, that this process may write to.",
    { cause },
  )
}

function cure(error: unknown): string {
  if (isDamage(error)) return "is damaged again after it was made anew; look at the disk"
  if (is(error, "full"))
    return "cannot grow, the disk is full; free some space, or delete it and lower maxBytes"
  if (isReadOnly(error)) return "may not be written; give it to this user or choose another path"
  if (isBusy(error)) return "stays locked by another process; let that one finish its transaction"
  // SQLite mistakes a quota for a broken disk.
  const cure = isInputOutput(error) ? "; look at the disk, and at this user's quota" : ""
  return `failed (${messageOf(error)})${cure}`
}

function is(error: unknown, kind: keyof typeof kinds): boolean {
  if (!isObject(error)) return false
  const { code, text } = kinds[kind]
  // The low byte is the primary code. Deno sometimes omits the code.
  if ("errcode" in error && typeof error.errcode === "number") {
    return error.errcode === code || (error.errcode & 0xff) === code
  }
  return text.test(messageOf(error))
}
