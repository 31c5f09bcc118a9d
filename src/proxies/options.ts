import { CacheError } from "../base/errors.ts"

/** Refuses options that are no object, and names that do not exist. */
export function checkNames(who: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new CacheError("ADAPTER_OPTIONS", `${who} takes an object of options: ${known.join(", ")}.`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new CacheError(
      "ADAPTER_OPTIONS",
      `${who} has no option ${JSON.stringify(name)}. Known: ${known.join(", ")}.`,
    )
  }
}

/** A whole number from 1 up. */
export function count(what: string, value: unknown): number {
  if (
    typeof value === "number" &&
    (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY) &&
    value >= 1
  )
    return value
  throw new CacheError("ADAPTER_OPTIONS", `The option ${what} must be a whole number from 1 up.`)
}
