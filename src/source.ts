import type { Adapter, Awaitable, Serializer } from "./adapter.ts"
import { chain, isPromise } from "./base/awaitable.ts"
import { type Duration, parseDuration } from "./base/duration.ts"
import { CacheError, type CacheErrorCode } from "./base/errors.ts"
import { type CodecOptions, codecFor } from "./codec/codec.ts"
import type { Resolved, Shared } from "./kit.ts"
import type { Source } from "./policy/found.ts"
import { Store } from "./store/store.ts"
import { telling } from "./store/telling.ts"

/** A memory tier in front: `true`, its bounds, or an adapter of your own. */
export type Near =
  | boolean
  | {
      /** How many entries stay near. Default 10 000. */
      readonly maxEntries?: number | undefined
      /** How many bytes they may take, by estimate. Default `Infinity`. */
      readonly maxBytes?: number | undefined
      /** What is pushed out. Default "s3-fifo". */
      readonly policy?: "s3-fifo" | "lru" | undefined
      /** Whether values are copied. Default "clone". */
      readonly copy?: "clone" | "none" | undefined
      /** How long it may differ from what another process wrote. Default 5 seconds; unlimited where a bus reaches every writer. */
      readonly maxAge?: Duration | undefined
    }
  | Adapter

/** Where values are kept, and in what form. */
export interface StorageOptions {
  /** An alias, or an adapter object (which `close()` leaves open). */
  readonly adapter?: string | Adapter | undefined
  /** Options for the alias. */
  readonly arguments?: object | undefined
  /** A memory tier in front. Default `false`, except under `auto`. */
  readonly near?: Near | undefined
  /** For what JSON would lose. Default superjson. */
  readonly serializer?: Serializer | undefined
  /** Compress records above 1 kB (`true`), or as told. Default `false`. */
  readonly compress?: CodecOptions["compress"] | false
  /** Encrypt records with AES-256-GCM. Default off. */
  readonly encrypt?: CodecOptions["encrypt"] | false
}

/** The names in {@link StorageOptions}. */
export const storageNames = ["adapter", "arguments", "near", "serializer", "compress", "encrypt"] as const

/** Where a storage comes from, told by options; nothing is opened or loaded before the first use. */
export function sourceOf(options: StorageOptions, shared: Shared): Source {
  const { adapter } = options
  const object = isAdapter(adapter) ? adapter : undefined
  const asked = options.near ?? false
  checkNear(asked)
  checkCodec(options)
  return {
    name: object ? object.name : String(adapter),
    // What stands near is the cache's own in any case.
    owned: object === undefined || asked !== false,
    ...(object && { adapter: object }),
    derive: (more) => sourceOf({ ...options, ...more }, shared),
    open(report) {
      const load: Awaitable<Resolved> = object
        ? { adapter: object }
        : shared.resolve(String(adapter), options.arguments, report)
      return chain(load, (resolved) =>
        chain(openHeard(resolved.adapter, report), () =>
          storeOf(
            resolved.adapter,
            object === undefined,
            options,
            options.near ?? resolved.near ?? false,
            report,
          ),
        ),
      )
    },
  }
}

/** Opens `adapter`. What it reports meanwhile goes to `report`: nobody else listens yet. */
export function openHeard(adapter: Adapter, report: (error: unknown) => void): Awaitable<void> {
  const off = adapter.observe?.((event) => event.type === "error" && report(event.error))
  try {
    const opening = adapter.open?.()
    if (isPromise(opening)) return Promise.resolve(opening).finally(off)
    off?.()
    return opening
  } catch (error) {
    off?.()
    throw error
  }
}

function storeOf(
  adapter: Adapter,
  owned: boolean,
  options: StorageOptions,
  near: Near,
  report: (error: unknown) => void,
): Awaitable<Store> {
  const { serializer, compress, encrypt } = options
  const codec: CodecOptions = {
    ...(serializer && { serializer }),
    ...(compress && { compress }),
    ...(encrypt && { encrypt }),
    onTrouble: report,
  }
  if (near) {
    return import("./store/near.ts")
      .then(({ putNear, unclosed }) => putNear(owned ? adapter : unclosed(adapter), near, codec))
      .then((tiers) => chain(codecFor(tiers, { serializer }), (plain) => new Store(tiers, plain)))
  }
  const heard = telling(adapter, report)
  return chain(codecFor(heard, codec), (made) => new Store(heard, made))
}

const nearNames = ["maxEntries", "maxBytes", "policy", "copy", "maxAge"]

/** Refuses a near tier that makes no sense. */
function checkNear(near: Near): void {
  if (typeof near === "boolean") return
  if (typeof near !== "object" || near === null) {
    throw new CacheError(
      "ADAPTER_OPTIONS",
      "The option near is true, false, the bounds of a memory tier, or an adapter.",
    )
  }
  if ("get" in near) return void isAdapter(near)
  const unknown = Object.keys(near).filter((name) => !nearNames.includes(name))
  if (unknown.length > 0) {
    throw new CacheError(
      "ADAPTER_OPTIONS",
      `The option near knows no ${unknown.join(", ")}. Known: ${nearNames.join(", ")}.`,
    )
  }
  const { maxEntries = 1, maxBytes = 1, policy = "lru", copy = "none", maxAge = 0 } = near
  parseDuration(maxAge)
  judge("ADAPTER_OPTIONS", {
    "near.maxEntries must be a positive number": typeof maxEntries === "number" && maxEntries > 0,
    "near.maxBytes must be a positive number": typeof maxBytes === "number" && maxBytes > 0,
    'near.policy must be "s3-fifo" or "lru"': ["s3-fifo", "lru"].includes(policy),
    'near.copy must be "clone" or "none"': ["clone", "none"].includes(copy),
  })
}

/** Refuses a codec that makes no sense; what stands in it is judged when it is made. */
function checkCodec({ serializer, compress = true, encrypt = false }: StorageOptions): void {
  const members = [serializer?.name, serializer?.stringify, serializer?.parse].map((one) => typeof one)
  judge("OPTION_INVALID", {
    "serializer must be { name, stringify, parse }":
      serializer === undefined || members.join() === "string,function,function",
    "compress must be true, false, or { threshold, format }": /boolean|object/.test(typeof compress),
    "encrypt must be false, or { keys: [{ id, key }] }": encrypt === false || typeof encrypt === "object",
  })
}

function judge(code: CacheErrorCode, rules: { readonly [rule: string]: boolean }): void {
  for (const [rule, holds] of Object.entries(rules)) {
    if (!holds) throw new CacheError(code, `The option ${rule}.`)
  }
}

/** Whether `value` is an adapter object. @throws {CacheError} `ADAPTER_OPTIONS` for an object that is none. */
export function isAdapter(value: unknown): value is Adapter {
  if (typeof value === "string" || value === undefined) return false
  if (typeof value === "object" && value !== null) {
    const missing = ["get", "set", "delete", "clear"].filter(
      (name) => typeof Reflect.get(value, name) !== "function",
    )
    const medium: unknown = Reflect.get(value, "medium")
    if (missing.length === 0 && (medium === "object" || medium === "bytes" || medium === "text")) return true
    const what =
      missing.length > 0 ? `no method ${missing.join(", ")}` : 'no medium "object", "bytes" or "text"'
    throw new CacheError(
      "ADAPTER_OPTIONS",
      `This is no adapter: it has ${what}. Pass an alias, or an object with get, set, delete, clear, name and medium.`,
    )
  }
  throw new CacheError("ADAPTER_OPTIONS", `An adapter is an alias or an object, not a ${typeof value}.`)
}
