/** What went wrong, for callers to branch on. */
export type CacheErrorCode =
  /** No alias has that name; the message lists those that exist. */
  | "ADAPTER_UNKNOWN"
  /** An adapter's option has a wrong name or type. */
  | "ADAPTER_OPTIONS"
  /** The storage does not exist in this runtime, cannot be opened, or failed during an explicit write. */
  | "ADAPTER_UNAVAILABLE"
  /** The adapter lacks an ability that the call needs, such as listing keys. */
  | "ADAPTER_ABILITY"
  /** A read with `required: true` found nothing; `reason` says why. */
  | "CACHE_MISS"
  /** The cache was closed. */
  | "CLOSED"
  /** No value came within `hardTimeout`. */
  | "FALLBACK_TIMEOUT"
  /** The fallback returned a wrong shape or length, `schema` rejected its value, or there is nothing to `keep()`. */
  | "FALLBACK_RESULT"
  /** The key is neither a string nor made of plain values. */
  | "KEY_INVALID"
  /** A memoized function has no name to store its entries under: pass `name`. */
  | "NAME_REQUIRED"
  /** The arguments changed while the function ran, so its result has no key. */
  | "ARGUMENT_CHANGED"
  /** A fallback requests the key that it is loading. */
  | "REENTRANT"
  /** The region already has options. */
  | "REGION_CONFIGURED"
  /** A duration is negative, or cannot be read. */
  | "TTL_INVALID"
  /** An option has a wrong name, type or range; the message names it. */
  | "OPTION_INVALID"
  /** The value cannot be stored; the message says which part of it. */
  | "VALUE_UNSUPPORTED"
  /** The record is larger than the storage takes; the message says the limit. */
  | "VALUE_TOO_LARGE"
  /** The storage did not respond within `storeTimeout`. */
  | "STORE_TIMEOUT"

/** Why a read found nothing. */
export type MissReason =
  /** There is no entry. */
  | "absent"
  /** It is past its ttl, or past its grace where stale is allowed. */
  | "expired"
  /** One of its tags or regions was invalidated. */
  | "invalidated"
  /** The record is unreadable and is removed, or the schema rejects its value. */
  | "corrupt"
  /** The storage failed or timed out. */
  | "unavailable"

/** Marks the errors of every copy of this package. */
const brand = /* @__PURE__ */ Symbol.for("isocache.CacheError")

/**
 * The error class of this library.
 *
 * The message says what happened, to which key, and what to do. It never contains values, tokens or credentials.
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
  /** "CacheError", even if a bundler has renamed the class. */
  override readonly name = "CacheError"
  /** What went wrong. */
  readonly code: CacheErrorCode
  /** The key it concerns, as given. */
  declare readonly key?: string
  /** Why there was no value (`CACHE_MISS` only). */
  declare readonly reason?: MissReason

  /** For your own adapters and proxies. `cause` is the underlying error. */
  constructor(
    code: CacheErrorCode,
    message: string,
    {
      key,
      reason,
      cause,
    }: { key?: string | undefined; reason?: MissReason | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    if (key !== undefined) this.key = key
    if (reason !== undefined) this.reason = reason
  }

  static {
    // biome-ignore lint/complexity/noThisInStatic: a class that names itself is `_CacheError` in the build and in logs.
    Object.defineProperty(this.prototype, brand, { value: true })
  }

  /** True for the errors of every copy of this package: bundled copies share one cache. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: asked of a subclass, it is the subclass.
    return Object.hasOwn(this.prototype, brand) ? brand in Object(value) : super[Symbol.hasInstance](value)
  }
}

/** A key for messages and logs: quoted, at most 64 characters. */
export function shortKey(key: string): string {
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 63)}…` : key)
}

/** The error for invalid arguments: `OPTION_INVALID`. */
export function misuse(message: string): CacheError {
  return new CacheError("OPTION_INVALID", message)
}

/** The error for a result whose arguments no longer match `key`. `who` was called with them. */
export function argumentChanged(who: string, key: string): CacheError {
  return new CacheError(
    "ARGUMENT_CHANGED",
    `The arguments of ${who} changed while it ran. Change copies of them.`,
    { key },
  )
}

/** The error of every verb after `close()`. */
export function closed(): CacheError {
  return new CacheError("CLOSED", "This cache is closed. Make a new one, or close it later.")
}
