import { aCount, judgeOptions, type Rule, rule } from "../../src/base/rules.ts"

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

const rules: Readonly<Record<keyof IndexedDBOptions, Rule>> = {
  name: rule((value) => typeof value === "string", "a text, the name of the database"),
  maxEntries: aCount,
  maxBytes: aCount,
}

/**
 * Fills in the defaults.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` on an unknown option or a wrong type.
 */
export function settingsFrom(options: IndexedDBOptions): Settings {
  judgeOptions(options, rules, " of indexeddb()")
  const { name = "isocache", maxEntries = 10_000, maxBytes = Infinity } = options
  return { name, maxEntries, maxBytes }
}
