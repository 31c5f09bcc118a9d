import { type Duration, parseDuration } from "./base/duration.ts"
import { CacheError } from "./base/errors.ts"
import type { RegionOptions } from "./regions.ts"
import type { CacheOptions } from "./wrapper.ts"

/** Options read from flat settings: those of a cache, and of its regions by name. */
export interface SettingsOptions extends CacheOptions {
  /** For `cache.region(name, options)`. */
  readonly regions: { readonly [name: string]: RegionOptions<unknown, unknown> }
}

type Read = (text: string, name: string) => unknown

/** What may be set by text, with how it is read. */
const readers: { readonly [name: string]: Read } = {
  adapter: (text) => text,
  prefix: (text) => text,
  ttl: duration,
  grace: duration,
  jitter: duration,
  maxAge: duration,
  softTimeout: duration,
  hardTimeout: duration,
  leaseTtl: duration,
  storeTimeout: duration,
  early: number,
  stale: boolean,
  lease: boolean,
  fresh: boolean,
  compress: boolean,
  near: boolean,
  tags: (text) => text.split(",").map((tag) => tag.trim()).filter((tag) => tag !== ""),
}

/** What may be set below `near`. */
const nearReaders: { readonly [name: string]: Read } = {
  maxEntries: number,
  maxBytes: number,
  policy: (text) => text,
  copy: (text) => text,
  maxAge: duration,
}

/**
 * Reads options from flat text settings: environment variables, a Worker's vars, or a parsed file.
 *
 * With the prefix `"cache"` the names are `cache.adapter`, `cache.ttl`, `cache.arguments.path`, `cache.near.maxEntries`,
 * `cache.regions.users.ttl` and so on; numbers, booleans and durations are made of their text. Environment variables
 * may be written `CACHE_ADAPTER`, `CACHE_SOFT_TIMEOUT`, `CACHE_ARGUMENTS_PATH`, `CACHE_REGIONS_USERS_TTL` (region names
 * are lower case then). The record is not changed; what does not begin with the prefix is left alone.
 *
 * @throws {CacheError} `OPTION_INVALID` for a name that does not exist (the known ones are listed) or a value that does
 * not fit, `TTL_INVALID` for a wrong duration.
 */
export function optionsFrom(record: { readonly [name: string]: unknown }, prefix = "cache"): SettingsOptions {
  const options: Node = { regions: {} }
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined || value === null) continue
    const path = pathOf(name, prefix.replace(/\.$/, ""))
    if (path) put(options, path, value, name)
  }
  // Every member was made by its reader above.
  return options as unknown as SettingsOptions
}

interface Node {
  [name: string]: unknown
}

/** The parts of a name below the prefix; `undefined` for a name that is none of ours. */
function pathOf(name: string, prefix: string): string[] | undefined {
  if (name.startsWith(`${prefix}.`)) return name.slice(prefix.length + 1).split(".")
  const upper = `${prefix.toUpperCase().replaceAll(".", "_")}_`
  if (!name.startsWith(upper)) return undefined
  const words = name.slice(upper.length).toLowerCase().split("_")
  const [first = "", second = "", ...rest] = words
  if (first === "regions") return [first, second, camel(rest)]
  if (first === "arguments" || first === "near") return words.length > 1 ? [first, camel([second, ...rest])] : words
  return [camel(words)]
}

function camel(words: readonly string[]): string {
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("")
}

function put(options: Node, path: readonly string[], value: unknown, name: string): void {
  const [first = "", ...rest] = path
  const [second = ""] = rest
  if (first === "regions" && rest.length >= 2 && options["regions"]) {
    const regions = options["regions"] as { [name: string]: Node } // Made so above, filled only here.
    // A region may be called anything, "__proto__" included.
    if (!Object.hasOwn(regions, second)) Object.defineProperty(regions, second, { value: {}, enumerable: true })
    const region = Object.getOwnPropertyDescriptor(regions, second)?.value
    if (rest[1] === "regions") throw invalid(name, Object.keys(readers))
    return put(region, rest.slice(1), value, name)
  }
  if (first === "arguments" && rest.length === 1) return void child(options, first, (node) => set(node, second, guess(value)))
  if (first === "near" && rest.length === 1) {
    return void child(options, first, (node) => set(node, second, read(nearReaders, second, value, name)))
  }
  if (rest.length > 0) throw invalid(name, [...Object.keys(readers), "arguments.*", "near.*", "regions.*.*"])
  set(options, first, read(readers, first, value, name))
}

function child(options: Node, name: string, fill: (node: Node) => void): void {
  const known = options[name]
  const node: Node = typeof known === "object" && known !== null ? { ...known } : {}
  fill(node)
  options[name] = node
}

function set(node: Node, name: string, value: unknown): void {
  Object.defineProperty(node, name, { value, enumerable: true, configurable: true, writable: true })
}

function read(known: typeof readers, option: string, value: unknown, name: string): unknown {
  const reader = Object.hasOwn(known, option) ? known[option] : undefined
  if (!reader) throw invalid(name, Object.keys(known))
  return typeof value === "string" ? reader(value.trim(), name) : value
}

/** An adapter judges its arguments itself; numbers and booleans are told from text by their looks. */
function guess(value: unknown): unknown {
  if (typeof value !== "string") return value
  if (value === "true" || value === "false") return value === "true"
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
}

function duration(text: string): number {
  const isNumber = /^\d+(\.\d+)?$/.test(text)
  return parseDuration(isNumber ? Number(text) : text === "Infinity" ? Number.POSITIVE_INFINITY : (text as Duration)) // judged there
}

function number(text: string, name: string): number {
  const value = text === "" ? Number.NaN : Number(text)
  if (Number.isNaN(value)) throw new CacheError("OPTION_INVALID", `The setting ${name} must be a number.`)
  return value
}

function boolean(text: string, name: string): boolean {
  const known: Readonly<Record<string, boolean>> = { true: true, yes: true, on: true, "1": true, false: false, no: false, off: false, "0": false }
  const value = Object.hasOwn(known, text.toLowerCase()) ? known[text.toLowerCase()] : undefined
  if (value === undefined) throw new CacheError("OPTION_INVALID", `The setting ${name} must be true or false.`)
  return value
}

function invalid(name: string, known: readonly string[]): CacheError {
  return new CacheError("OPTION_INVALID", `There is no setting ${JSON.stringify(name)}. Known: ${known.join(", ")}.`)
}
