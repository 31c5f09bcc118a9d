import { CacheError } from "../../src/base/errors.ts"

/** Options of {@link indexeddb}. */
export interface IndexedDBOptions {
  /** The database's name. Caches of one name share their entries. Default "isocache". */
  readonly name?: string | undefined
  /** How many entries it keeps, about; the least recently used go first. `Infinity` lifts it. Default 10 000. */
  readonly maxEntries?: number | undefined
  /** How many bytes it keeps, about, by estimate. Default `Infinity`: the browser's quota is the bound. */
  readonly maxBytes?: number | undefined
}

/** The options, complete. */
export interface Settings {
  readonly name: string
  readonly maxEntries: number
  readonly maxBytes: number
}

const known = ["name", "maxEntries", "maxBytes"]

/**
 * Fills in the defaults.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` on an unknown option or a wrong type.
 */
export function settingsFrom(options: IndexedDBOptions): Settings {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new CacheError("ADAPTER_OPTIONS", `indexeddb() takes an object of options: ${known.join(", ")}.`)
  }
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) {
      throw new CacheError(
        "ADAPTER_OPTIONS",
        `indexeddb() has no option "${option}". Known: ${known.join(", ")}. Remove or rename it.`,
      )
    }
  }
  const { name = "isocache", maxEntries = 10_000, maxBytes = Infinity } = options
  if (typeof name !== "string") {
    throw new CacheError("ADAPTER_OPTIONS", "indexeddb(): name must be a string, the name of the database.")
  }
  return { name, maxEntries: bound("maxEntries", maxEntries), maxBytes: bound("maxBytes", maxBytes) }
}

function bound(option: string, value: unknown): number {
  if (typeof value === "number" && value >= 1 && (value === Infinity || Number.isInteger(value))) return value
  throw new CacheError(
    "ADAPTER_OPTIONS",
    `indexeddb(): ${option} must be a whole number from 1 up, or Infinity for no such bound.`,
  )
}
