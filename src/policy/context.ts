import type { Duration } from "../base/duration.ts"
import { CacheError, shortKey } from "../base/errors.ts"
import type { Entry, Kept } from "../entry.ts"
import type { Call } from "./call.ts"
import { toEntry } from "./entries.ts"
import type { Flight } from "./flight.ts"
import { type Found, isLive } from "./found.ts"
import { type Policy, resolvePolicy } from "./options.ts"

/** What a fallback is given, and what it may decide. */
export interface LoadContext<V = unknown> {
  /** The key as given, arrays in canonical text. */
  readonly key: string
  /** Aborts when the last waiting caller has gone. */
  readonly signal: AbortSignal
  /** The entry being replaced; hidden after a hard invalidation. */
  readonly stale: Entry<V> | undefined
  /** How long the value will be fresh. Writable; reads as milliseconds. */
  ttl: Duration
  /** How long it may be served stale after that. Writable; reads as milliseconds. */
  grace: Duration
  /** The tags that `invalidateTags` finds it by. Writable. */
  tags: string[]
  /** Return the value, store nothing. */
  skip(): void
  /**
   * "Not modified": returns the stale value and renews its ttl. Its grace and tags stay, unless the call's options or
   * this context set others. Throws if there is no stale value.
   */
  keep(): V
}

/** Makes the value of a key. */
export type Fallback<V> = (context: LoadContext<V>) => V | Promise<V>

/** Makes the `V` that a typed key asks for; with an untyped key, an `R` inferred from what it returns. */
export type FallbackOf<V, R> = unknown extends V
  ? (context: LoadContext<V>) => R | Promise<R>
  : NoInfer<Fallback<V>>

/** Any value. `unknown` would absorb the types in a union with it. */
export type Anything = NonNullable<unknown> | null | undefined

/** The context of one load. */
export class Context implements LoadContext {
  readonly key: string
  ttl: Duration
  grace: Duration
  tags: string[]
  skipped = false
  /** The entry that {@link keep} renews. */
  renewed: Kept | undefined
  readonly #flight: Flight
  readonly #call: Call
  readonly #found: Found
  #kept: unknown
  #copy: Entry<unknown> | undefined

  constructor(flight: Flight, call: Call, found: Found) {
    const { name, policy } = call
    this.key = name
    this.ttl = policy.ttl
    this.grace = policy.grace
    this.tags = [...policy.tags]
    this.#flight = flight
    this.#call = call
    this.#found = found
  }

  get signal(): AbortSignal {
    return this.#flight.signal
  }

  get stale(): Entry<unknown> | undefined {
    const found = this.#found
    // An entry past its grace counts as gone, even before it is pruned.
    if (isLive(found)) this.#copy ??= toEntry(found.kept, this.#call.engine, found.limit)
    return this.#copy
  }

  /** What the fallback has decided, read like options: `undefined` means unset, invalid values throw. */
  decided(policy: Policy): Policy {
    const { ttl, grace, tags } = this
    const isAsBefore = ttl === policy.ttl && grace === policy.grace
    if (isAsBefore && Array.isArray(tags) && tags.length === 0 && policy.tags.length === 0) return policy
    return resolvePolicy(policy, { ttl, grace, tags })
  }

  /** The value as stored, if `value` is what {@link keep} returned and a schema has transformed it. */
  keptAs(value: unknown): { readonly raw: unknown } | undefined {
    const { renewed } = this
    if (!renewed?.made || !Object.is(value, this.#kept)) return undefined
    return { raw: this.#call.engine.out(renewed.made) }
  }

  // Getters instead of methods, so that a fallback may destructure the context.
  get skip(): () => void {
    return () => {
      this.skipped = true
    }
  }

  get keep(): () => unknown {
    return () => {
      const { kept } = this.#found
      if (this.stale && kept) {
        this.#renew(kept)
        this.#kept = this.#call.engine.out(kept)
        return this.#kept
      }
      throw new CacheError(
        "FALLBACK_RESULT",
        `There is no stale value of ${shortKey(this.key)} to keep: check context.stale first.`,
        { key: this.key },
      )
    }
  }

  /** Takes ttl, grace and tags from `kept`, unless the call's options or the fallback set them. */
  #renew(kept: Kept): void {
    const { policy, given } = this.#call
    this.renewed = kept
    if (given?.ttl === undefined && this.ttl === policy.ttl) this.ttl = kept.ttl
    if (given?.grace === undefined && this.grace === policy.grace) this.grace = kept.grace
    const isAsGiven = Array.isArray(this.tags) && this.tags.join() === policy.tags.join()
    if (isAsGiven) this.tags = [...new Set([...this.tags, ...kept.tags])]
  }
}
