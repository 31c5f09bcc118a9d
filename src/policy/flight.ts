import { quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { stateOf } from "../entry.ts"
import { Awaited } from "./awaited.ts"
import type { Call } from "./call.ts"
import type { Found } from "./found.ts"
import type { Policy } from "./options.ts"
import type { LoadedValue, Outcome } from "./outcome.ts"
import type { Running } from "./reentry.ts"
import { isWorker } from "./scope.ts"
import type { Mode } from "./tokens.ts"
import { thisTurn } from "./turn.ts"

const none: readonly never[] = []
const never = () => false

/**
 * One running fallback, shared by its callers: a shared promise, not a lock queue.
 *
 * It belongs to a generation of its key. An explicit write fences it: its callers still get its value, but the value is
 * not stored and no new caller joins.
 */
export class Flight extends Awaited {
  readonly key: string
  /** The options of its leader. */
  readonly policy: Policy
  /** Whether callers from other requests may wait for it. */
  readonly isShared: boolean
  readonly turn: object = thisTurn()
  /** The {@link Flights} it is registered with. */
  home: object | undefined
  /** An older flight of the same key that runs beside this one (Workers without `waitUntil`). */
  older: Flight | undefined
  /** A newer flight whose outcome the callers of this one may get. */
  next: Flight | undefined

  /** Whether all who wait for it accept a stale entry as it is. */
  servesStale: boolean | undefined
  /** Runs for the cache, not for a caller: it goes on when every caller has left. */
  background: boolean
  /** All callers have left: its value is not wanted. */
  isLeft = false
  /** Fenced by an explicit write or a challenger: its result is not stored. */
  fenced = false
  /** Fenced by a write that replaced the old entry: that is not served as stale either. */
  isReplaced = false
  /** Its value was invalidated while it loaded, by a tag that was not known when it began. */
  isInvalidated = false

  /** What its leader read, once read. */
  found: Found | undefined
  /** The versions its entry will be stored under, captured before the load: hard and soft alternate. */
  tokens: readonly string[] | undefined
  /** The keys of these versions: those of the regions, then of the tags known before the load. */
  readonly versionKeys: readonly string[]
  /** Whether a token belongs to an invalidation after its fallback started. */
  isLater: (token: string) => boolean = never
  /** Tags invalidated by this process while it ran. */
  invalidatedTags: Set<string> | undefined
  /** The context of its fallback, once it runs; there the fallback may change the tags. */
  context: { readonly tags: readonly string[] } | undefined
  /**
   * The async contexts that refer to it until it ends: a timer left behind by a load must not keep its value in memory.
   */
  contexts: readonly Running[] = none

  /** It got as far as its fallback: no back-off stopped it. */
  hasTried = false
  /** The value its fallback returned, while that is being stored. */
  loaded: LoadedValue | undefined
  outcome: Outcome | undefined
  /** Whose outcome it has: its own, or that of the challenger that replaced it. */
  by: Flight = this
  #settle!: (outcome: Outcome) => void
  /** Settles with its outcome, or that of the challenger that replaced it. Never rejects. */
  readonly done: Promise<Outcome> = new Promise((resolve) => {
    this.#settle = resolve
  })

  #read: Promise<void> | undefined
  #wasRead: (() => void) | undefined
  #controller: AbortController | undefined
  /** The abort reason of the last caller that left, if its own signal aborted. */
  #reason: unknown
  #release: (() => void) | undefined

  constructor({ place, key, policy, servesStale, scope }: Call, background = false) {
    super()
    this.servesStale = servesStale
    this.key = key
    this.policy = policy
    this.versionKeys = place.versionKeysOf(policy.tags)
    this.isShared = scope.shares
    this.background = background
  }

  /** Aborts when the last waiting caller leaves, with that caller's reason. Created on first access. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.isLeft) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Settles once {@link found} or an outcome is there. */
  get read(): Promise<void> {
    this.#read ??= new Promise((resolve) => {
      this.#wasRead = resolve
    })
    return this.#read
  }

  /** The tags its entry will carry, as far as its fallback has decided them. */
  get tags(): readonly string[] {
    const tags = this.context?.tags
    return Array.isArray(tags) ? tags : none
  }

  /** Fences older flights of its key that have an outcome or are overdue, because this one is about to load. */
  challenge(leaseTtl: number): void {
    for (let old = this.older; old; old = old.older) {
      if (old.outcome || old.isOverdue(leaseTtl)) old.fence()
    }
  }

  settle(outcome: Outcome): void {
    this.outcome ??= outcome
    for (const running of this.contexts) running.drop(this)
    this.#wasRead?.()
    this.#settle(this.outcome)
  }

  /** Records what was read last, and the versions that the entry will be stored under. */
  capture(found: Found): void {
    // A failed second read does not discard what the first one found.
    if (found.reason !== "unavailable" || !this.found) this.found = found
    this.tokens = found.tokens
    this.#wasRead?.()
  }

  /**
   * If this flight has held its key for `leaseTtl`, its callers get what `other` loads. Not on Workers: callers in
   * other requests would not be notified.
   */
  settleWith(other: Flight, leaseTtl: number): void {
    if (!this.isOverdue(leaseTtl) || isWorker()) return
    // Otherwise, where all loads of a key hang, each flight would keep all earlier ones in memory.
    if (!this.isWanted) return
    this.next = other
    other.serveAlso(this)
    other.done.then((outcome) => {
      if (this.outcome || !this.#suits(outcome)) return
      this.by = other.by
      this.settle(outcome)
    })
  }

  /**
   * Whether the outcome of a challenger will do for the callers of this flight. A stored entry will not if this flight
   * skips the read, or if the entry is too old for it. Neither will a failure: this load may still succeed, or the next
   * challenger's.
   */
  #suits(outcome: Outcome): boolean {
    const { fresh, maxAge } = this.policy
    if (outcome.type !== "found") return outcome.type === "loaded"
    const { kept, limit } = outcome.found
    return !fresh && kept !== undefined && stateOf(kept, now(), maxAge, limit) === "fresh"
  }

  /**
   * Fences it: its callers get its value, the storage does not, and other loads need not wait for its lease.
   *
   * @param mode - "soft" for a write that keeps the old entry, so that it may still be served stale. Default "hard".
   */
  fence(mode: Mode = "hard"): void {
    this.fenced = true
    this.isReplaced ||= mode === "hard"
    this.release()
  }

  /** Takes the function that releases its lease; calls it right away if the flight is already fenced. */
  hold(release: () => void): void {
    this.#release = release
    if (this.fenced) this.release()
  }

  /** Releases its lease, if it has one. */
  release(): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }

  /**
   * Aborts the fallback's signal if no caller waits any more; returns whether that is so.
   *
   * @param reason - The abort reason of the last caller; absent if that one was served.
   */
  end(reason?: unknown): boolean {
    if (this.isOccupied || this.background || this.outcome || this.isWanted) return false
    this.isLeft = true
    this.#reason = reason
    // On Workers the controller may belong to a request that is over.
    quietly(() => this.#controller?.abort(reason))
    return true
  }
}
