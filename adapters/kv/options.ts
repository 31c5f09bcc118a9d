import { CacheError } from "../../src/base/errors.ts"
import type { KVLike } from "./binding.ts"

/** Options of {@link kv}. */
export interface KVOptions {
  /** The namespace, or the name of its binding, looked up on first use. Default "CACHE". */
  readonly binding?: KVLike | string | undefined
  /**
   * How long a place that has read a key may answer from its own copy, in ms, 30 000 at least (KV counts in whole
   * seconds, rounded up). A longer one makes reads faster and what others wrote later to be seen. Default 60 000.
   */
  readonly cacheTtl?: number | undefined
}

const known = ["binding", "cacheTtl"]
const leastCacheTtl = 30_000
/** Workers KV counts seconds in 32 bits, with a sign. */
export const mostSeconds = 2_147_483_647

/**
 * Fills in the defaults; `cacheTtl` in seconds.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` on an unknown option or a wrong type.
 */
export function settingsFrom(options: KVOptions): { binding: unknown; cacheTtl: number | undefined } {
  if (typeof options !== "object" || options === null) throw wrong("takes an object of options")
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) throw wrong(`has no option ${JSON.stringify(option)}`)
  }
  const binding: unknown = options.binding === undefined ? "CACHE" : options.binding
  if (binding === "" || !["string", "object", "function"].includes(typeof binding) || binding === null) {
    throw wrong("takes as binding a KV namespace such as env.CACHE, or the name of its binding")
  }
  const { cacheTtl } = options
  if (cacheTtl !== undefined && !(typeof cacheTtl === "number" && cacheTtl >= leastCacheTtl)) {
    throw wrong(`takes as cacheTtl a number of milliseconds from ${leastCacheTtl} up (KV refuses less)`)
  }
  const seconds = cacheTtl === undefined ? undefined : Math.min(mostSeconds, Math.ceil(cacheTtl / 1000))
  return { binding, cacheTtl: seconds }
}

function wrong(what: string): CacheError {
  return new CacheError("ADAPTER_OPTIONS", `kv() ${what}. Known options: ${known.join(", ")}.`)
}
