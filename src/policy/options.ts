import { type Duration, parseDuration } from "../base/duration.ts"
import { aBoolean, aFunction, having, judgeOptions, type Rule, type Rules, rule } from "../base/rules.ts"

/** Options of a read. */
export interface ReadOptions {
  /** An older entry is stale for this call (if it has a grace). Default: only its own deadline decides. */
  readonly maxAge?: Duration | undefined
  /** Also serve within grace. Default `false`. */
  readonly stale?: boolean | undefined
  /** Its abort rejects this caller only. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a write. */
export interface WriteOptions {
  /** How long it is fresh. 0 stores nothing. Default 5 minutes. */
  readonly ttl?: Duration | undefined
  /** How long after `ttl` it may be served stale. Default 0. */
  readonly grace?: Duration | undefined
  /** Spreads `ttl` by ± this much, once, when written. Default 0. */
  readonly jitter?: Duration | undefined
  /** Tags that `invalidateTags` finds it by. Default none. */
  readonly tags?: readonly string[] | undefined
}

/** The result of a Standard Schema's `validate`. */
export type SchemaResult<V> =
  /** It validates. */
  | { readonly value: V; readonly issues?: undefined }
  /** It does not. */
  | {
      readonly issues: readonly {
        readonly message: string
        /** Where in the value, from the outside in: property names, or objects with a name as their `key`. */
        readonly path?: readonly (PropertyKey | object)[] | undefined
      }[]
    }

/** A validator by the Standard Schema specification, version 1 (zod, valibot, arktype and others have it). */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** What the specification asks for. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1
    /** The name of the library that made the validator. */
    readonly vendor: string
    /** Validates `value`, and may transform it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** For type inference only; optional. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** How a value is loaded, validated and kept. */
export interface LoadOptions<V = unknown> extends ReadOptions, WriteOptions {
  /** How long a caller waits before it gets the stale value; 0 is stale-while-revalidate. Default `Infinity`. */
  readonly softTimeout?: Duration | undefined
  /** How long any caller waits; then the stale value, within grace, or `FALLBACK_TIMEOUT`. Default `Infinity`. */
  readonly hardTimeout?: Duration | undefined
  /** Beta of probabilistic early refresh (XFetch); 0 is off, 1 is the paper's. Default 0. */
  readonly early?: number | undefined
  /** Take the adapter's lease across processes, where it has one. Default `true`. */
  readonly lease?: boolean | undefined
  /** After this, another caller or process may load even if one load hangs. Default 30 seconds. */
  readonly leaseTtl?: Duration | undefined
  /** Load and store without reading. Default `false`. */
  readonly fresh?: boolean | undefined
  /** Whether to keep a loaded value. Default: always. */
  readonly shouldCache?: ((value: V, context: { key: string }) => boolean) | undefined
  /** How long a storage operation may take, per hundred keys, before it counts as failed. Default 2 seconds. */
  readonly storeTimeout?: Duration | undefined
  /**
   * A stored value that does not validate is a miss, a loaded one rejects. Callers get what the schema returns. The
   * value itself is stored, and validated on each read. Default none.
   */
  readonly schema?: StandardSchemaV1<unknown, V> | undefined
}

/** Options with a schema, which determines the type of the value. */
export interface Judged<V> {
  /** See {@link LoadOptions.schema}. */
  readonly schema: StandardSchemaV1<unknown, V>
}

/** {@link LoadOptions}, resolved: complete, with durations in milliseconds. */
export interface Policy {
  readonly maxAge: number
  readonly stale: boolean
  readonly signal: AbortSignal | undefined
  readonly ttl: number
  readonly grace: number
  readonly jitter: number
  readonly tags: readonly string[]
  readonly softTimeout: number
  readonly hardTimeout: number
  readonly early: number
  readonly lease: boolean
  readonly leaseTtl: number
  readonly fresh: boolean
  readonly shouldCache: ((value: never, context: { key: string }) => boolean) | undefined
  readonly storeTimeout: number
  readonly schema: StandardSchemaV1<unknown, unknown> | undefined
}

/** The defaults. */
export const defaultPolicy: Policy = {
  maxAge: Infinity,
  stale: false,
  signal: undefined,
  ttl: 300_000,
  grace: 0,
  jitter: 0,
  tags: [],
  softTimeout: Infinity,
  hardTimeout: Infinity,
  early: 0,
  lease: true,
  leaseTtl: 30_000,
  fresh: false,
  shouldCache: undefined,
  storeTimeout: 2000,
  schema: undefined,
}

const duration = (value: unknown) => {
  try {
    return parseDuration(value as Duration) // It throws on anything else.
  } catch {
    return undefined
  }
}
const words = 'duration: milliseconds, or text such as "30s", "5m", "1 hour"'
const time: Rule = [duration, `a ${words}`]
const deadline: Rule = [duration, `a ${words}`, "TTL_INVALID"]
const jitter: Rule = [
  (value) => {
    const ms = duration(value)
    return ms === Infinity ? undefined : ms
  },
  `a finite ${words}`,
  "TTL_INVALID",
]

const rules: Readonly<Record<keyof Policy, Rule>> = {
  maxAge: time,
  stale: aBoolean,
  signal: having(["addEventListener"], "an AbortSignal"),
  ttl: deadline,
  grace: deadline,
  jitter,
  tags: [
    (value) =>
      Array.isArray(value) && value.every((tag) => typeof tag === "string") ? [...new Set(value)] : undefined,
    "an array of strings",
  ],
  softTimeout: time,
  hardTimeout: time,
  early: rule((value) => typeof value === "number" && value >= 0 && value < Infinity, "a number from 0"),
  lease: aBoolean,
  leaseTtl: time,
  fresh: aBoolean,
  shouldCache: aFunction,
  storeTimeout: time,
  schema: rule(
    (value) => typeof Object(Object(value)["~standard"]).validate === "function",
    "a Standard Schema",
  ),
}

/**
 * Resolves `options` over `base`, with durations in milliseconds. Absent and `undefined` mean the same.
 *
 * @param also - Rules for options that other code reads.
 * @throws {CacheError} `OPTION_INVALID` for an unknown name or a wrong type, `TTL_INVALID` for a wrong duration.
 */
export function resolvePolicy(base: Policy, options: object | undefined, also?: Rules): Policy {
  if (options === undefined) return base
  const policy = judgeOptions(options, rules, "", "OPTION_INVALID", also, { ...base })
  return policy as object as Policy // Each member was checked against the type it has in Policy.
}

/** How long an operation on many keys may take, in ms: `storeTimeout` per hundred. */
export function bulkTimeout({ storeTimeout }: Policy, keys: readonly unknown[]): number {
  return storeTimeout * Math.max(1, Math.ceil(keys.length / 100))
}
