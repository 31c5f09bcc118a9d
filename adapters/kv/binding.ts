import { CacheError } from "../../src/base/errors.ts"
import { workers } from "../../src/base/workers.ts"

/** What a read of one name yields. */
export interface KVFound {
  /** `null` where there is none. */
  readonly value: string | null
  /** What was put beside it. */
  readonly metadata: unknown
}

/** What {@link KVLike.list} answers: one page, and how to get the next. */
export type KVPage =
  /** The last one. */
  | { readonly list_complete: true; readonly keys: readonly KVListed[] }
  /** One that others follow. */
  | { readonly list_complete: false; readonly keys: readonly KVListed[]; readonly cursor: string }

/** A name in a page, with what was put beside its value. */
export interface KVListed {
  /** As the namespace knows it. */
  readonly name: string
  /** What was put beside its value. */
  readonly metadata?: unknown
}

/** How a value is read. */
export interface KVReadOptions {
  /** In what form. */
  type: "text"
  /** Seconds that the reader's location may answer from its own copy. */
  cacheTtl?: number
}

/** What is put beside a value. */
export interface KVWriteOptions {
  /** Seconds, 60 at least. */
  expirationTtl?: number
  /** Anything JSON keeps, 1 024 bytes at most. */
  metadata?: unknown
}

/** As much of a Workers KV namespace as {@link kv} uses. The binding in a Worker's `env` is one. */
export interface KVLike {
  /** The value of one name. */
  getWithMetadata(key: string, options: KVReadOptions): Promise<KVFound>
  /** Up to 100 keys in one operation. A missing one is `null`, or found with the value `null`. */
  getWithMetadata(keys: string[], options: KVReadOptions): Promise<Map<string, KVFound | null>>
  /** Replaces a value. */
  put(key: string, value: string, options?: KVWriteOptions): Promise<void>
  /** Removes a name. */
  delete(key: string): Promise<void>
  /** A page of the names that start with `prefix`, 1 000 at most. */
  list(options?: { prefix?: string; cursor?: string }): Promise<KVPage>
}

/**
 * The namespace behind `binding`: the object itself, or what the Worker's `env` holds under that name now.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if there is none, or if it is something else.
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

/** Whether `value` is a Workers KV namespace, told by its methods. */
export function isKV(value: unknown): value is KVLike {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false
  // A binding to another Worker answers to any method name, and to `fetch`, which a namespace has not.
  const has = (name: string) => typeof Reflect.get(value, name) === "function"
  return methods.every(has) && !has("fetch")
}
