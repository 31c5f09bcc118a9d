import { type Adapter, type Awaitable, assertAdapter } from "./adapter.ts"
import { currentProcess, variable } from "./base/environment.ts"
import { CacheError } from "./base/errors.ts"
import { memoryRules } from "./base/rules.ts"
import { scrub } from "./base/scrub.ts"
import { workers } from "./base/workers.ts"
import type { Resolved } from "./kit.ts"
import { openHeard, orClosed } from "./source.ts"

/** Makes an adapter from the options given with its alias. Must return a new one each time: the cache closes it. */
export type LoadAdapter = (options: never) => Awaitable<Adapter>

interface Alias {
  readonly load: LoadAdapter
  /** The names of its options, if known. */
  readonly options?: readonly string[]
}

const aliases = new Map<string, Alias>([
  [
    "memory",
    {
      load: async (o) => (await import("../adapters/memory.ts")).memory(o),
      options: Object.keys(memoryRules),
    },
  ],
  [
    "indexeddb",
    {
      load: async (o) => (await import("../adapters/indexeddb.ts")).indexeddb(o),
      options: ["name", "maxEntries", "maxBytes"],
    },
  ],
  ["kv", { load: async (o) => (await import("../adapters/kv.ts")).kv(o), options: ["binding", "cacheTtl"] }],
  [
    "upstash",
    {
      load: async (o) => (await import("../adapters/upstash.ts")).upstash(o),
      options: ["url", "token", "client"],
    },
  ],
  [
    "sqlite",
    {
      load: async (o) => (await import("../adapters/sqlite.ts")).sqlite(o),
      options: ["path", "maxEntries", "maxBytes"],
    },
  ],
  ["none", { load: async () => (await import("../adapters/none.ts")).none(), options: [] }],
])

const registry: unique symbol = /* @__PURE__ */ Symbol.for("isocache.aliases")

/** The registered aliases, shared by all copies of this package, which also share one cache. */
function registered(): Map<string, Alias> {
  const known: unknown = Reflect.get(globalThis, registry)
  if (known instanceof Map) return known
  const made = new Map<string, Alias>()
  // globalThis is frozen: they join this copy's own.
  return Reflect.defineProperty(globalThis, registry, { value: made }) ? made : aliases
}

/**
 * Adds an alias: `use(name, options)` then loads its adapter with `load(options)`.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` if the name is empty or taken by this library, or `load` is not a function.
 *
 * @example
 * ```ts
 * import { CacheWrapper, registerAlias } from "isocache"
 * import { memory } from "isocache/adapters/memory"
 *
 * registerAlias("small", () => memory({ maxEntries: 100 }))
 * const cache = new CacheWrapper({ adapter: "small" })
 * ```
 */
export function registerAlias(name: string, load: LoadAdapter): void {
  if (typeof name !== "string" || name === "" || name === "auto" || aliases.has(name)) {
    throw new CacheError(
      "ADAPTER_OPTIONS",
      `${quoted(name)} cannot be registered as an alias. Use another name.`,
    )
  }
  if (typeof load !== "function") {
    throw new CacheError(
      "ADAPTER_OPTIONS",
      `The alias ${quoted(name)} needs a function that loads its adapter.`,
    )
  }
  registered().set(name, { load })
}

function aliasOf(name: string): Alias | undefined {
  return aliases.get(name) ?? registered().get(name)
}

/** Rejects an alias or an option name that does not exist. */
export function checkAlias(name: string, options: object | undefined): void {
  const alias = aliasOf(name)
  if (!alias && name !== "auto") {
    const known = ["auto", ...aliases.keys(), ...registered().keys()].join(", ")
    throw new CacheError("ADAPTER_UNKNOWN", `No adapter is called ${quoted(name)}. Known: ${known}.`)
  }
  const known = name === "auto" ? [] : alias?.options
  for (const option of Object.keys(options ?? {})) {
    if (!known || known.includes(option)) continue
    const cure = known.length > 0 ? `Known: ${known.join(", ")}.` : "It takes none."
    throw new CacheError("ADAPTER_OPTIONS", `The adapter ${name} has no option ${quoted(option)}. ${cure}`)
  }
}

/**
 * Whether the storage of an alias lies outside of its adapter, so that another adapter with the same options shares it.
 */
export function hasOwnStorage(alias: unknown): boolean {
  return alias === "kv" || alias === "upstash" || alias === "indexeddb"
}

/** Loads the adapter of an alias. */
export async function loadAlias(
  name: string,
  options: object | undefined,
  report: (error: unknown) => void,
): Promise<Resolved> {
  if (name === "auto") return openDefault(report)
  // checkAlias has checked the alias and the names; the factory checks the values.
  const adapter: unknown = await aliasOf(name)?.load((options ?? {}) as never)
  assertAdapter(adapter, `The alias ${quoted(name)}`)
  return { adapter }
}

/**
 * Opens what this runtime offers: the adapter named by `ISOCACHE_ADAPTER`, Upstash if its two variables are set, a
 * Worker's KV, IndexedDB, SQLite, else memory. It tries them, rather than relying on the runtime's name. What cannot be
 * opened is replaced by memory, with one report.
 */
async function openDefault(report: (error: unknown) => void): Promise<Resolved> {
  try {
    const name = await standardAlias()
    checkAlias(name, undefined)
    const { adapter } = await loadAlias(name, undefined, report)
    await orClosed(adapter, () => openHeard(adapter, report))
    return { adapter, near: name !== "memory" && name !== "none" && name !== "upstash" }
  } catch (error) {
    report(error)
    return loadAlias("memory", undefined, report)
  }
}

async function standardAlias(): Promise<string> {
  const asked = variable("ISOCACHE_ADAPTER")
  if (asked && asked !== "auto") return asked
  if (variable("UPSTASH_REDIS_REST_URL") && variable("UPSTASH_REDIS_REST_TOKEN")) return "upstash"
  if (await hasKv()) return "kv"
  if (typeof Reflect.get(globalThis, "indexedDB") === "object") return "indexeddb"
  return (await hasSqlite()) ? "sqlite" : "memory"
}

async function hasKv(): Promise<boolean> {
  const binding = workers.env?.()?.["CACHE"]
  return binding !== undefined && (await import("../adapters/kv/binding.ts")).isKV(binding)
}

async function hasSqlite(): Promise<boolean> {
  if (currentProcess().getBuiltinModule === undefined) return false
  return (await import("../adapters/sqlite/driver.ts")).hasSqlite()
}

/** A name for a message, without credentials, because it may be a url. */
function quoted(name: unknown): string {
  return typeof name === "string" ? JSON.stringify(scrub(name)) : `A ${typeof name}`
}
