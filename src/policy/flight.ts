import { quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { stateOf } from "../entry.ts"
import type { Call } from "./call.ts"
import type { Found } from "./found.ts"
import { Holder } from "./holder.ts"
import type { Policy } from "./options.ts"
import type { Brought, Outcome } from "./outcome.ts"
import type { Running } from "./reentry.ts"
import { thisTurn } from "./turn.ts"

const none: readonly never[] = []

/**
 * One running fallback, shared by its callers: a promise, not a lock queue.
 *
 * It belongs to a generation of its key: an explicit write fences it, whereupon its callers still get its value, the
 * storage does not, and nobody joins it any more.
 */
export class Flight extends Holder {
  readonly key: string
  /** What its leader asked for. */
  readonly policy: Policy
  /** Other requests may wait for it. */
  readonly isShared: boolean
  /** Those of its cache, once it is among them. */
  home: object | undefined
  readonly turn: object = thisTurn()
  /** Beaten by an explicit write or a challenger: its result is not stored. */
  fenced = false
  /** Beaten by a write that leaves nothing of the entry there was, not even as a stale one. */
  isReplaced = false
  /** What it brought was invalidated before it came, by a tag that was not known when it began. */
  isInvalidated = false
  /** All who waited have gone: nobody wants what it brings. */
  isLeft = false
  /** What ended the wait of the last of them. */
  #reason: unknown
  /** Nobody waits for it, so nobody's leaving ends it. */
  background: boolean
  outcome: Outcome | undefined
  /** Whose outcome it has: its own, or that of the challenger that took its place. */
  by: Flight = this
  /** What its fallback brought, while it is being stored. */
  brought: Brought | undefined
  /** It has called its fallback, so that no back-off of before kept it from that. */
  hasTried = false
  /** What its leader read, once read. */
  found: Found | undefined
  /** The versions its entry will be made under, hard and soft by turns, as captured before the load. */
  tokens: readonly string[] | undefined
  /** Where they are kept: the regions', then those of the tags known before the load. */
  versionKeys: readonly string[] = none
  /** What its fallback is given, once it is: it may change the tags its entry will carry. */
  context: { readonly tags: readonly string[] } | undefined
  /** Invalidations of the millisecond in which its fallback started that came before it. */
  before: readonly string[] = none
  /** Tags invalidated here while it ran. */
  invalidatedTags: Set<string> | undefined
  /** It is among these until it is over: else what a load leaves behind, such as a timer, would keep its value. */
  contexts: readonly Running[] = none
  /** An older flight of the same key that goes on beside this one (Workers without `waitUntil`). */
  beside: Flight | undefined
  #settle!: (outcome: Outcome) => void
  #read: Promise<void> | undefined
  #wasRead: (() => void) | undefined
  /** Settles with its outcome, or that of the challenger that took its place. Never rejects. */
  readonly done: Promise<Outcome> = new Promise((resolve) => {
    this.#settle = resolve
  })
  #waiting = 0
  /** How many of them have not timed out. */
  #patient = 0
  /** Older ones: those who wait for them wait for this one, too. */
  #followers: Set<Flight> | undefined
  /** A younger one that those who wait for this one wait for, too. */
  next: Flight | undefined
  #controller: AbortController | undefined
  #release: (() => void) | undefined

  constructor({ key, policy, scope }: Pick<Call, "key" | "policy" | "scope">, background = false) {
    super()
    this.key = key
    this.policy = policy
    this.isShared = scope.shares
    this.background = background
  }

  /** Aborts when the last waiting caller has gone, with that one's reason. Made when first asked for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.isLeft) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** For who finds neither {@link found} nor an outcome: settles with the first of them. */
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

  settle(outcome: Outcome): void {
    this.outcome ??= outcome
    for (const running of this.contexts) running.drop(this)
    this.#wasRead?.()
    this.#settle(this.outcome)
  }

  /** Notes what was read, the last time it was, and the versions that the load will be under. */
  capture(found: Found, versionKeys: readonly string[]): void {
    // What is lost on a second reading is not gone.
    if (found.reason !== "unavailable" || !this.found) this.found = found
    this.tokens = found.tokens
    this.versionKeys = versionKeys
    this.#wasRead?.()
  }

  /** One caller waits no longer, although it may not have left; with the last one the timers end. */
  rest(): void {
    if (--this.#patient <= 0) this.stopTimers()
  }

  /** Lets those who wait for this flight have what `other` brings. Else each that hangs would keep all those before it. */
  settleWith(other: Flight): void {
    if (!this.isWanted) return
    this.next = other
    // Each of its callers may ask for this, and in the next round again.
    other.#followers ??= new Set()
    for (const older of [this, ...(this.#followers ?? none)]) other.#followers.add(older)
    other.done.then((outcome) => {
      if (this.outcome || !this.#suits(outcome)) return
      this.by = other.by
      this.settle(outcome)
    })
  }

  /**
   * Who did not look for what is stored, or finds it too old, is not served it. And whose load may be well, for all that
   * it takes long, does not fail with its challenger: the next one may bring something.
   */
  #suits(outcome: Outcome): boolean {
    const { fresh, maxAge } = this.policy
    if (outcome.type !== "found") return outcome.type === "loaded"
    const { kept, limit } = outcome.found
    return !fresh && kept !== undefined && stateOf(kept, now(), maxAge, limit) === "fresh"
  }

  /** Beats it: its callers get its value, the storage does not, and others need not wait for its lease. */
  fence(isSoft = false): void {
    this.fenced = true
    this.isReplaced ||= !isSoft
    this.release()
  }

  /** Keeps what gives its lease back. */
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

  /** Whether somebody waits for it who has not lost patience. */
  get isAwaited(): boolean {
    return this.#patient > 0
  }

  /** Whether somebody waits for what it brings, or for an older one that is to have it. */
  get isWanted(): boolean {
    for (const older of this.#followers ?? none) if (!older.isAwaited) this.#followers?.delete(older)
    return this.isAwaited || this.#isFollowed
  }

  /** Whether more than one wait for it. */
  get isJoined(): boolean {
    return this.#waiting > 1 || this.#isFollowed
  }

  get #isFollowed(): boolean {
    return (this.#followers?.size ?? 0) > 0
  }

  enter(): void {
    this.#waiting++
    this.#patient++
  }

  /** One caller has gone: see {@link end}. */
  leave(): void {
    this.rest()
    this.#waiting--
  }

  /** Ends the fallback if all have gone, the last one served or by the `reason` of its own signal. Answers whether it did. */
  end(reason?: unknown): boolean {
    if (this.#waiting > 0 || this.background || this.outcome || this.isWanted) return false
    this.isLeft = true
    this.#reason = reason
    // On Workers the controller may belong to a request that is over.
    quietly(() => this.#controller?.abort(reason))
    return true
  }
}
