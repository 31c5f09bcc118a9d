import { now } from "../../src/base/clock.ts"
import { CacheError, shortKey } from "../../src/base/errors.ts"
import { nameOf } from "../../src/base/thrown.ts"

const lost = new Set([
  "AbortError",
  "InvalidStateError",
  "NotFoundError",
  "TimeoutError",
  "TransactionInactiveError",
  "UnknownError",
])

const pause = 30_000

/** Whether a database that failed at `since` is still to be left alone: for 30 s, or until the clock is moved back. */
export function isPause(since: number): boolean {
  const passed = now() - since
  return passed >= 0 && passed < pause
}

/** Whether `error` means that the connection is gone, so that another one may work. */
export function isLost(error: unknown): boolean {
  return lost.has(nameOf(error))
}

/** Whether `error` means that the browser has no more room. */
export function isFull(error: unknown): boolean {
  return nameOf(error) === "QuotaExceededError"
}

/** The `ADAPTER_UNAVAILABLE` of a database that did not open, with the cure. */
export function unavailable(name: string, error: unknown, blocked = false): CacheError {
  const [what, cure] = reasonFor(error, blocked)
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    `IndexedDB did not open the database ${shortKey(name)}: ${what}. ${cure}`,
    { cause: error },
  )
}

function reasonFor(error: unknown, blocked: boolean): readonly [what: string, cure: string] {
  switch (nameOf(error)) {
    case "SecurityError":
      return [
        "this page may not use storage",
        'Allow it (in a sandboxed frame by "allow-same-origin"), or use "memory" or "auto".',
      ]
    case "VersionError":
      return ["a newer version of this library wrote it", "Update this page, or give another `name`."]
    case "QuotaExceededError":
      return ["the browser gives it no room", 'Free some of this site\'s storage, or use "memory" or "auto".']
    case "TimeoutError":
      return blocked
        ? ["another tab keeps an older version of it open", "Close that tab."]
        : ["it took too long", 'Reload the page, close its other tabs, or use "memory" or "auto".']
    case "ReferenceError":
      return ["this runtime has no IndexedDB", 'Use "memory", or "auto", which picks what there is.']
    case "NotFoundError":
      // It is another program's, or empty: made by a page that opened it and created nothing.
      return ["it holds no cache", "Delete it if nothing needs it, or give another `name`."]
    default:
      return [
        `the browser said ${nameOf(error) || "no"}`,
        'Leave the private window, reload the page, or use "memory" or "auto".',
      ]
  }
}

/** The error a caller gets for `error`, if only the operation on `key` failed. */
export function refused(key: string | undefined, error: unknown): unknown {
  const details = key === undefined ? {} : { key }
  if (nameOf(error) === "DataCloneError") {
    // The engine's own message quotes the value (such as the source of a function), so it is not passed on.
    return new CacheError(
      "VALUE_UNSUPPORTED",
      `IndexedDB cannot keep the value of ${shortKey(key ?? "")}: it holds what structured clone refuses ` +
        "(a function, a symbol, a promise). Leave that out.",
      details,
    )
  }
  if (isFull(error)) {
    return new CacheError(
      "ADAPTER_UNAVAILABLE",
      `IndexedDB has no room for ${shortKey(key ?? "")}, even after dropping old entries. ` +
        "Set `maxBytes`, or store less.",
      { ...details, cause: error },
    )
  }
  return error
}
