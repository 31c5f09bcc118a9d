/** What went wrong, for callers to branch on. */
export type CacheErrorCode =
  | "ADAPTER_UNKNOWN"
  | "ADAPTER_OPTIONS"
  | "ADAPTER_UNAVAILABLE"
  | "ADAPTER_ABILITY"
  | "CACHE_MISS"
  | "CLOSED"
  | "FALLBACK_TIMEOUT"
  | "FALLBACK_RESULT"
  | "KEY_INVALID"
  | "NAME_REQUIRED"
  | "ARGUMENT_CHANGED"
  | "REENTRANT"
  | "REGION_CONFIGURED"
  | "TTL_INVALID"
  | "OPTION_INVALID"
  | "VALUE_UNSUPPORTED"
  | "VALUE_TOO_LARGE"
  | "STORE_TIMEOUT"

/** Why a read found nothing. */
export type MissReason = "absent" | "expired" | "invalidated" | "corrupt" | "unavailable"

/**
 * The one error this library throws of its own.
 *
 * Its message says what happened, to which key, and what to do; values, tokens and credentials stay out of it.
 *
 * @example
 * ```ts
 * import { CacheError, cached } from "isocache"
 *
 * try {
 *   await cached.get("nothing", { required: true })
 * } catch (error) {
 *   if (!(error instanceof CacheError && error.code === "CACHE_MISS")) throw error
 *   error.reason // "absent"
 * }
 * ```
 */
export class CacheError extends Error {
  /** "CacheError", whatever the bundler made of the class. */
  override readonly name = "CacheError"
  /** What went wrong. */
  readonly code: CacheErrorCode
  /** The key it happened to, as given. */
  readonly key?: string
  /** For `CACHE_MISS`: why there was nothing. */
  readonly reason?: MissReason

  /** For adapters and proxies of one's own: `cause` is the error behind it. */
  constructor(
    code: CacheErrorCode,
    message: string,
    details: { key?: string; reason?: MissReason; cause?: unknown } = {},
  ) {
    super(message, "cause" in details ? { cause: details.cause } : undefined)
    this.code = code
    if (details.key !== undefined) this.key = details.key
    if (details.reason !== undefined) this.reason = details.reason
  }
}

/** Shortens a key for messages and logs: the first 64 characters. */
export function shortKey(key: string): string {
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 63)}…` : key)
}

const credentials = /\/\/[^/@\s]*@/g

/** `error` without the credentials of the urls in its message. */
export function scrub(error: unknown): unknown {
  if (!(error instanceof Error) || error.message.search(credentials) < 0) return error
  const message = error.message.replace(credentials, "//")
  if (error instanceof CacheError) {
    const { code, key, reason } = error
    return new CacheError(code, message, { ...(key !== undefined && { key }), ...(reason && { reason }) })
  }
  const clean = new Error(message)
  clean.name = error.name
  return clean
}
