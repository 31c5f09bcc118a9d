import { judgeOptions, type Rule, rule } from "../../src/base/rules.ts"
import type { KVLike } from "./binding.ts"

/** Options of {@link kv}. */
export interface KVOptions {
  /** The namespace, or the name of its binding, looked up on first use. Default "CACHE". */
  readonly binding?: KVLike | string | undefined
  /**
   * How long a place that has read a key may answer from its own copy, in ms, 30 000 at least (KV counts in whole
   * seconds, rounded up). A longer one makes reads faster, and what others wrote is seen later. Default 60 000.
   */
  readonly cacheTtl?: number | undefined
}

const minCacheTtl = 30_000
/** Workers KV counts seconds in 32 bits, with a sign. */
export const maxSeconds = 2_147_483_647

const rules: Readonly<Record<keyof KVOptions, Rule>> = {
  binding: rule(
    (value) => value !== "" && value !== null && ["string", "object", "function"].includes(typeof value),
    "a KV namespace such as env.CACHE, or the name of its binding",
  ),
  cacheTtl: rule(
    (value) => typeof value === "number" && value >= minCacheTtl,
    `milliseconds, from ${minCacheTtl} up: KV refuses less`,
  ),
}

/**
 * Fills in the defaults; `cacheTtl` in seconds.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` on an unknown option or a wrong type.
 */
export function settingsFrom(options: KVOptions): { binding: unknown; cacheTtl: number | undefined } {
  judgeOptions(options, rules, " of kv()")
  const { binding = "CACHE", cacheTtl } = options
  const seconds = cacheTtl === undefined ? undefined : Math.min(maxSeconds, Math.ceil(cacheTtl / 1000))
  return { binding, cacheTtl: seconds }
}
