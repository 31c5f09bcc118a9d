import { CacheError } from "../../src/base/errors.ts"
import { workers } from "../../src/base/workers.ts"

/** The result of reading one name. */
export interface KVFound {
  /** `null` if there is none. */
  readonly value: string | null
  /** Its metadata. */
  readonly metadata: unknown
}

/** The result of {@link KVLike.list}: one page, and the cursor of the next. */
export type KVPage =
  /** The last page. */
  | { readonly list_complete: true; readonly keys: readonly KVListed[] }
  /** A page that others follow. */
  | { readonly list_complete: false; readonly keys: readonly KVListed[]; readonly cursor: string }

/** A name in a page, with its metadata. */
export interface KVListed {
  /** As the namespace has it. */
  readonly name: string
  /** Its metadata. */
  readonly metadata?: unknown
}

/** Options of a read. */
export interface KVReadOptions {
  /** The form of the value. */
  type: "text"
  /** How long the reader's location may answer from its own copy, in seconds. */
  cacheTtl?: number
}

/** Options of a write. */
export interface KVWriteOptions {
  /** In seconds, at least 60. */
  expirationTtl?: number
  /** Any JSON value of up to 1 024 bytes. */
  metadata?: unknown
}

/** The part of a Workers KV namespace that {@link kv} uses. A binding in a Worker's `env` fits. */
export interface KVLike {
  /** Reads one name. */
  getWithMetadata(key: string, options: KVReadOptions): Promise<KVFound>
  /** Reads up to 100 names in one operation. A missing one is `null`, or has the value `null`. */
  getWithMetadata(keys: string[], options: KVReadOptions): Promise<Map<string, KVFound | null>>
  /** Writes a value. */
  put(key: string, value: string, options?: KVWriteOptions): Promise<void>
  /** Removes a name. */
  delete(key: string): Promise<void>
  /** Lists a page of up to 1 000 names that start with `prefix`. */
  list(options?: { prefix?: string; cursor?: string }): Promise<KVPage>
}

/**
 * The namespace of `binding`: the object itself, or what the Worker's `env` currently holds under that name.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if it is missing or is something else.
 */
export function namespaceOf(binding: unknown): KVLike {
  if (typeof binding !== "string") {
    if (isKV(binding)) return binding
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      `kv(): the binding is not a Workers KV namespace. Give kv({ binding: env.CACHE }), and ${inWrangler("CACHE")}`,
    )
  }
  const found = workers.env?.()?.[binding]
  if (isKV(found)) return found
  const name = JSON.stringify(binding)
  const what =
    workers.env === undefined
      ? `kv(): the binding ${name} cannot be looked up outside of a Worker (no "cloudflare:workers" here).`
      : `kv(): the binding ${name} is ${found === undefined ? "missing" : "not a Workers KV namespace"}.`
  throw new CacheError(
    "ADAPTER_UNAVAILABLE",
    `${what} Give the namespace itself, kv({ binding: env.CACHE }), or ${inWrangler(binding)}`,
  )
}

function inWrangler(binding: string): string {
  return `put into wrangler.toml:\n\n[[kv_namespaces]]\nbinding = ${JSON.stringify(binding)}\nid = "<the namespace's id>"`
}

const methods = ["getWithMetadata", "put", "delete", "list"]

/** Whether `value` is a Workers KV namespace, recognized by its methods. */
export function isKV(value: unknown): value is KVLike {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false
  // A binding to another Worker claims to have any method, including `fetch`, which a namespace lacks.
  const has = (name: string) => typeof Reflect.get(value, name) === "function"
  return methods.every(has) && !has("fetch")
}
