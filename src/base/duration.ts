import { quietly } from "./awaitable.ts"
import { CacheError } from "./errors.ts"

type Singular = "millisecond" | "second" | "minute" | "hour" | "day" | "week"
type Name = Singular | `${Singular}s` | "ms" | "s" | "sec" | "m" | "min" | "h" | "d" | "w"

/** A unit of time, in lower, upper or title case. */
export type Unit = Name | Capitalize<Name> | Uppercase<Name>

/** Milliseconds, or text: "500ms" "30s" "30 seconds" "5m" "1 hour" "7d" "2w". `Infinity` never expires. */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`

const text =
  /^(\d+(?:\.\d*)?|\.\d+) ?(ms|milliseconds?|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)$/i

/** Parsed texts: a program uses few, and passes them with every call. */
const known = new Map<string, number>()

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * Parses a duration to milliseconds.
 *
 * @throws {CacheError} `TTL_INVALID` for anything else: `NaN`, negative numbers, unknown units, "1h30m".
 * @example parseDuration("5m") // 300000
 */
export function parseDuration(duration: Duration): number {
  if (typeof duration === "number" && duration >= 0) return duration
  if (typeof duration === "string") {
    const before = known.get(duration)
    if (before !== undefined) return before
    const [, amount, unit = ""] = text.exec(duration) ?? []
    if (amount !== undefined) {
      const ms = Number(amount) * (/^m(s|il)/i.test(unit) ? 1 : (units[unit.charAt(0).toLowerCase()] ?? 0))
      if (known.size < 100) known.set(duration, ms)
      return ms
    }
  }
  quietly(() => duration) // Marks a promise, such as that of an asynchronous ttl function, as handled.
  const given =
    typeof duration === "string"
      ? JSON.stringify(duration).slice(0, 40)
      : String(typeof duration === "number" ? duration : typeof duration)
  throw new CacheError(
    "TTL_INVALID",
    `Not a duration: ${given}. Give milliseconds, or text such as "30s", "5m", "1 hour".`,
  )
}
