import { quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { stateOf } from "../entry.ts"
import { Awaited } from "./awaited.ts"
import type { Call } from "./call.ts"
import type { Found } from "./found.ts"
import type { Policy } from "./options.ts"
import type { Brought, Outcome } from "./outcome.ts"
import type { Running } from "./reentry.ts"
import { isWorker } from "./scope.ts"
import type { Mode } from "./tokens.ts"
import { thisTurn } from "./turn.ts"

const none: readonly never[] = []
const never = () => false

/**
 * One running fallback, shared by its callers: a promise, not a lock queue.
 *
 * It belongs to a generation of its key: an explicit write fences it. Then its callers still get its value, the storage
 * does not, and nobody joins it any more.
 */
export class Flight extends Awaited {
  readonly key: string
  /** What its leader asked for. */
  readonly policy: Policy
  /** Whether other requests may wait for it. */
  readonly isShared: boolean
  readonly turn: object = thisTurn()
  /** The flights of its cache, once it is one of them. */
  home: object | undefined
  /** An older flight of the same key that goes on beside this one (Workers without `waitUntil`). */
  beside: Flight | undefined
  /** A younger flight whose outcome the callers of this one may get. */
  next: Flight | undefined

  /** Whether all who wait for it are content with a stale entry as it is. */
  servesStale: boolean | undefined
  /** Nobody waits for it, so nobody's leaving ends it. */
  background: boolean
  /** All who waited have gone: nobody wants what it brings. */
  isLeft = false
  /** Beaten by an explicit write or a challenger: its result is not stored. */
  fenced = false
  /** Beaten by a write that ends the entry there was: it is not served as a stale one either. */
  isReplaced = false
  /** What it brought was invalidated before it came, by a tag that was not known when it began. */
  isInvalidated = false

  /** What its leader read, once read. */
  found: Found | undefined
  /** The versions its entry will be made under, captured before the load: hard and soft alternate. */
  tokens: readonly string[] | undefined
  /** The keys of these versions: of the regions, then of the tags known before the load. */
  readonly versionKeys: readonly string[]
  /** Whether a token is that of an invalidation that came after its fallback started. */
  isLater: (token: string) => boolean = never
  /** Tags invalidated here while it ran. */
  invalidatedTags: Set<string> | undefined
  /** The context of its fallback, once there is one: there the fallback may change the tags of the entry. */
  context: { readonly tags: readonly string[] } | undefined
  /** The contexts that refer to it until it is over: a timer that a load leaves behind must not keep its value. */
  contexts: readonly Running[] = none

  /** It has got as far as its fallback: no back-off has stopped it. */
  hasTried = false
  /** What its fallback brought, while it is being stored. */
  brought: Brought | undefined
  outcome: Outcome | undefined
  /** Whose outcome it has: its own, or that of the challenger that took its place. */
  by: Flight = this
  #settle!: (outcome: Outcome) => void
  /** Settles with its outcome, or that of the challenger that took its place. Never rejects. */
  readonly done: Promise<Outcome> = new Promise((resolve) => {
    this.#settle = resolve
  })

  #read: Promise<void> | undefined
  #wasRead: (() => void) | undefined
  #controller: AbortController | undefined
  /** Why the last caller has gone, if its own signal aborted. */
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

  /** Aborts when the last waiting caller has gone, with that one's reason. Made when first asked for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.isLeft) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** For a caller that sees neither {@link found} nor an outcome yet: settles when one of them is there. */
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

  /** Beats older flights of its key, as it is about to load: those that have their outcome, or are overdue. */
  challenge(leaseTtl: number): void {
    for (let old = this.beside; old; old = old.beside) {
      if (old.outcome || old.isOverdue(leaseTtl)) old.fence()
    }
  }

  settle(outcome: Outcome): void {
    this.outcome ??= outcome
    for (const running of this.contexts) running.drop(this)
    this.#wasRead?.()
    this.#settle(this.outcome)
  }

  /** Notes what was read last, and the versions that the entry will be made under. */
  capture(found: Found): void {
    // A second read that fails does not undo what the first one found.
    if (found.reason !== "unavailable" || !this.found) this.found = found
    this.tokens = found.tokens
    this.#wasRead?.()
  }

  /**
   * Lets those who wait for this flight have what `other` brings, if this one has held its key for `leaseTtl`. Not on
   * Workers, where other requests would not hear of it.
   */
  settleWith(other: Flight, leaseTtl: number): void {
    if (!this.isOverdue(leaseTtl) || isWorker()) return
    // Otherwise, where all loads of a key hang, each flight would keep all those before it in memory.
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
   * Whether the outcome of a challenger does for the callers of this flight. What it found in the storage does not if
   * this one skips the read, or if it is too old for this one. Its failure does not either: this load may still end
   * well, or the next challenger bring a value.
   */
  #suits(outcome: Outcome): boolean {
    const { fresh, maxAge } = this.policy
    if (outcome.type !== "found") return outcome.type === "loaded"
    const { kept, limit } = outcome.found
    return !fresh && kept !== undefined && stateOf(kept, now(), maxAge, limit) === "fresh"
  }

  /**
   * Beats it: its callers get its value, the storage does not, and others need not wait for its lease.
   *
   * @param mode - "soft" for what leaves the entry there was, so that it may still be served stale. Default "hard".
   */
  fence(mode: Mode = "hard"): void {
    this.fenced = true
    this.isReplaced ||= mode === "hard"
    this.release()
  }

  /** Takes the function that gives its lease back; calls it at once if the flight is beaten already. */
  hold(release: () => void): void {
    this.#release = release
    if (this.fenced) this.release()
  }

  /** Gives its lease back, if it has one. */
  release(): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }

  /**
   * Aborts the fallback's signal if nobody waits any more. Answers whether that is so.
   *
   * @param reason - That of the signal by which the last caller has gone; absent if that one was served.
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
