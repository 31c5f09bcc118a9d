import { quietly } from "../base/awaitable.ts"
import { left, now } from "../base/clock.ts"
import { stateOf } from "../entry.ts"
import type { Call } from "./call.ts"
import type { Found } from "./found.ts"
import type { Policy } from "./options.ts"
import type { Brought, Outcome } from "./outcome.ts"
import { alarm } from "./timeout.ts"
import { thisTurn } from "./turn.ts"

/**
 * One running fallback, shared by its callers: a promise, not a lock queue.
 *
 * It belongs to a generation of its key: an explicit write fences it, whereupon its callers still get its value, the
 * storage does not, and nobody joins it any more.
 */
export class Flight {
  readonly key: string
  /** What its leader asked for. */
  readonly policy: Policy
  /** Other requests may wait for it. */
  readonly isShared: boolean
  /** Those of its cache, once it is among them. */
  home: object | undefined
  /** When it last gave a sign of life: it began, asked for its lease, or started its fallback. */
  #aliveAt: number = now()
  /** The longest `leaseTtl` that a timer has seen end since then. */
  #overdueFor = -1
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
  versionKeys: readonly string[] = []
  /** The tags its entry will carry; the fallback may change them. */
  tags: () => readonly string[] = () => []
  /** Invalidations of the millisecond in which its fallback started that came before it. */
  before: readonly string[] = []
  /** Tags invalidated here while it ran. */
  invalidatedTags: Set<string> | undefined
  /** It is among these until it is over: else what a load leaves behind, such as a timer, would keep its value. */
  readonly contexts: Map<string, Flight>[] = []
  /** An older flight of the same key that goes on beside this one (Workers without `waitUntil`). */
  beside: Flight | undefined
  #settle!: (outcome: Outcome) => void
  #read: Promise<void> | undefined
  #wasRead = (): void => {}
  /** Settles with its outcome, or that of the challenger that took its place. Never rejects. */
  readonly done: Promise<Outcome> = new Promise((resolve) => {
    this.#settle = resolve
  })
  #waiting = 0
  /** How many of them have not timed out. */
  #patient = 0
  /** Older ones: those who wait for them wait for this one, too. */
  readonly #followers = new Set<Flight>()
  /** A younger one that those who wait for this one wait for, too. */
  next: Flight | undefined
  #controller: AbortController | undefined
  /** By `leaseTtl`. */
  #shared: Map<number, { readonly promise: Promise<unknown>; readonly cancel: () => void }> | undefined
  #release: (() => void) | undefined

  constructor({ key, policy, scope }: Pick<Call, "key" | "policy" | "scope">, background = false) {
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

  settle(outcome: Outcome): void {
    this.outcome ??= outcome
    for (const flights of this.contexts) flights.delete(this.key)
    this.#wasRead()
    this.#settle(this.outcome)
  }

  /** Notes what was read, the last time it was, and the versions that the load will be under. */
  capture(found: Found, versionKeys: readonly string[]): void {
    // What is lost on a second reading is not gone.
    if (found.reason !== "unavailable" || !this.found) this.found = found
    this.tokens = found.tokens
    this.versionKeys = versionKeys
    this.#wasRead()
  }

  /** What followers wait on: its end, or that it has held its key for `leaseTtl`. One timer for all of them. */
  shared(leaseTtl: number): Promise<unknown> {
    if (leaseTtl === Infinity) return this.done
    this.#shared ??= new Map()
    const known = this.#shared.get(leaseTtl)
    if (known) return known.promise
    let cancel = () => {}
    const promise = new Promise<void>((resolve) => {
      const wait = () => {
        const since = this.#aliveAt
        cancel = alarm(Math.max(0, left(since, leaseTtl)), () => {
          // It has given a sign of life since.
          if (this.#aliveAt !== since) return wait()
          this.#overdueFor = Math.max(this.#overdueFor, leaseTtl)
          resolve()
        })
      }
      wait()
      this.done.then(() => {
        cancel()
        resolve()
      })
    })
    this.#shared.set(leaseTtl, { promise, cancel: () => cancel() })
    return promise
  }

  /** One caller waits no longer, although it may not have left; with the last one the timers end. */
  rest(): void {
    if (--this.#patient > 0) return
    for (const { cancel } of this.#shared?.values() ?? []) cancel()
    this.#shared = undefined
  }

  /** Gives a sign of life: it may hold its key for `leaseTtl` from now on. */
  live(): void {
    this.#overdueFor = -1
    this.#aliveAt = now()
  }

  /** Whether it has held its key for as long as one may. */
  isOverdue(leaseTtl: number): boolean {
    // What a timer has told stays true when the clock is set back. Where none ran, nobody knows how long it has been.
    return leaseTtl <= this.#overdueFor || Math.abs(now() - this.#aliveAt) >= leaseTtl
  }

  /** Lets those who wait for this flight have what `other` brings. Else each that hangs would keep all those before it. */
  settleWith(other: Flight): void {
    if (!this.#isWanted()) return
    this.next = other
    // Each of its callers may ask for this, and in the next round again.
    for (const older of [this, ...this.#followers]) other.#followers.add(older)
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
  #isWanted(): boolean {
    for (const older of this.#followers) if (!older.isAwaited) this.#followers.delete(older)
    return this.isAwaited || this.#followers.size > 0
  }

  /** Whether more than one wait for it. */
  get isJoined(): boolean {
    return this.#waiting > 1 || this.#followers.size > 0
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
    if (this.#waiting > 0 || this.background || this.outcome || this.#isWanted()) return false
    this.isLeft = true
    this.#reason = reason
    // On Workers the controller may belong to a request that is over.
    quietly(() => this.#controller?.abort(reason))
    return true
  }
}
