import { type Duration, parseDuration } from "./base/duration.ts"
import { CacheError, misuse } from "./base/errors.ts"
import type { CacheOptions } from "./wrapper.ts"

type Read = (text: string, name: string) => unknown

/** The options that can be set by text, each with its parser. */
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
  tags: (text) =>
    text
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
}

/** Options of adapters that stay text, even if they look like a number. */
const texts = ["path", "name", "url", "token", "binding", "policy", "copy"]

/** The options below `near`. */
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
 * With the prefix `"cache"` the names are `cache.adapter`, `cache.ttl`, `cache.arguments.path`,
 * `cache.near.maxEntries`, `cache.regions.users.ttl` and so on. Numbers, booleans and durations are parsed, except for
 * arguments that adapters take as text (`path`, `name`, `url`, `token`, `binding`, `policy`, `copy`). Regions in
 * regions cannot be set. Environment variables may be written `CACHE_ADAPTER`, `CACHE_SOFT_TIMEOUT`,
 * `CACHE_ARGUMENTS_PATH`, `CACHE_REGIONS_USERS_TTL` (region names are then in lower case). The record is not changed;
 * names without the prefix are ignored.
 *
 * @throws {CacheError} `OPTION_INVALID` for an unknown name (known ones are listed) or a wrong value, `TTL_INVALID` for
 * a wrong duration.
 *
 * @example
 * ```ts
 * import { CacheWrapper, optionsFrom } from "isocache"
 *
 * const cache = new CacheWrapper(optionsFrom({ CACHE_ADAPTER: "memory", CACHE_TTL: "10 minutes" }, "cache"))
 * ```
 */
export function optionsFrom(record: object, prefix = "cache"): CacheOptions {
  const start = typeof prefix === "string" ? prefix.replace(/\.$/, "") : ""
  if (typeof record !== "object" || record === null || start === "") {
    throw misuse("optionsFrom takes a record of settings and what the names of ours begin with.")
  }
  const options: Node = {}
  const settings: readonly (readonly [name: string, value: unknown])[] = Object.entries(record)
  for (const [name, value] of settings) {
    if (value === undefined || value === null) continue
    const path = pathOf(name, start)
    if (path) put(options, path, value, name)
  }
  // Every member was made by its parser.
  return options as unknown as CacheOptions
}

interface Node {
  [name: string]: unknown
}

/** The parts of a name below the prefix; `undefined` for a name without the prefix. */
function pathOf(name: string, prefix: string): string[] | undefined {
  if (name.startsWith(`${prefix}.`)) return name.slice(prefix.length + 1).split(".")
  const upper = `${prefix.toUpperCase().replaceAll(".", "_")}_`
  return name.startsWith(upper) ? pathOfWords(name.slice(upper.length).toLowerCase().split("_")) : undefined
}

function pathOfWords([first = "", ...rest]: readonly string[]): string[] {
  const [second = "", ...more] = rest
  if (first === "regions" && more.length > 0) return [first, second, ...pathOfWords(more)]
  if ((first === "arguments" || first === "near") && rest.length > 0) return [first, camel(rest)]
  return [camel([first, ...rest])]
}

function camel(words: readonly string[]): string {
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("")
}

/** Sets `value` at `path`. A region has no inner regions here. */
function put(options: Node, path: readonly string[], value: unknown, name: string, isRegion = false): void {
  const [first = "", second = "", ...more] = path
  if (first === "regions" && more.length > 0 && !isRegion) {
    const into = (region: Node) => put(region, more, value, name, true)
    child(options, first, (regions) => child(regions, second, into))
  } else if (first === "arguments" && path.length === 2) {
    child(options, first, (node) => set(node, second, texts.includes(second) ? value : guess(value)))
  } else if (first === "near" && path.length === 2) {
    const read = readBy(nearReaders, second, value, name)
    // Once turned off it stays off, whatever else is set.
    if (options["near"] !== false) child(options, first, (node) => set(node, second, read))
  } else if (path.length === 1 && Object.hasOwn(readers, first)) {
    const read = readBy(readers, first, value, name)
    // An option of the near tier turns it on.
    if (first !== "near" || read !== true || typeof options["near"] !== "object") set(options, first, read)
  } else {
    throw invalid(name, [
      ...Object.keys(readers),
      "arguments.*",
      "near.*",
      ...(isRegion ? [] : ["regions.*.*"]),
    ])
  }
}

/** Sets the member `name`, which may be any text, even "__proto__". */
function child(options: Node, name: string, fill: (node: Node) => void): void {
  const known: unknown = Object.getOwnPropertyDescriptor(options, name)?.value
  // The object at `near` may belong to the record: it is copied. Copying the others each time would take minutes.
  const node = typeof known === "object" ? (name === "near" ? { ...known } : (known as Node)) : {}
  fill(node)
  set(options, name, node)
}

function set(node: Node, name: string, value: unknown): void {
  Object.defineProperty(node, name, { value, enumerable: true, configurable: true, writable: true })
}

function readBy(known: typeof readers, option: string, value: unknown, name: string): unknown {
  const reader = Object.hasOwn(known, option) ? known[option] : undefined
  if (!reader) throw invalid(name, Object.keys(known))
  return typeof value === "string" ? reader(value.trim(), name) : value
}

/** The number or boolean that an adapter's argument looks like, else its text. The adapter checks it. */
function guess(value: unknown): unknown {
  if (typeof value !== "string") return value
  const text = value.trim()
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true"
  const number = Number(text)
  // A number only if its text is exactly that: "007" and long ids stay text.
  if (/^-?(\d+(\.\d+)?|Infinity)$/.test(text) && String(number) === text) return number
  return /^[1-9](\.\d+)?e\d+$/i.test(text) && number < Infinity ? number : value
}

function duration(text: string, name: string): number {
  const isNumber = /^\d+(\.\d+)?$/.test(text)
  try {
    return parseDuration(isNumber ? Number(text) : text === "Infinity" ? Infinity : (text as Duration)) // checks it
  } catch (cause) {
    throw new CacheError(
      "TTL_INVALID",
      `The setting ${name} must be a duration: milliseconds, or text such as "30s", "5m", "1 hour".`,
      { cause },
    )
  }
}

function number(text: string, name: string): number {
  const value = text === "" ? Number.NaN : Number(text)
  if (Number.isNaN(value)) throw misuse(`The setting ${name} must be a number.`)
  return value
}

function boolean(text: string, name: string): boolean {
  const known: Readonly<Record<string, boolean>> = {
    true: true,
    yes: true,
    on: true,
    "1": true,
    false: false,
    no: false,
    off: false,
    "0": false,
  }
  const value = Object.hasOwn(known, text.toLowerCase()) ? known[text.toLowerCase()] : undefined
  if (value === undefined) throw misuse(`The setting ${name} must be true or false.`)
  return value
}

function invalid(name: string, known: readonly string[]): CacheError {
  return misuse(`There is no setting ${JSON.stringify(name)}. Known: ${known.join(", ")}.`)
}
