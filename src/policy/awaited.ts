import { Holder } from "./holder.ts"

/** What callers wait for: a flight, which may have to serve the callers of older ones of its key as well. */
export abstract class Awaited extends Holder {
  /** How many callers have not gone. */
  #waiting = 0
  /** How many of them have not timed out. */
  #patient = 0
  /** Older ones whose callers may get its outcome. */
  #followers: Set<Awaited> | undefined

  enter(): void {
    this.#waiting++
    this.#patient++
  }

  /** One caller has gone. */
  leave(): void {
    this.rest()
    this.#waiting--
  }

  /** One caller has timed out or gone. With the last one the timers end. */
  rest(): void {
    if (--this.#patient <= 0) this.stopTimers()
  }

  /** Lets the callers of `older`, and those whose callers that one serves, have the outcome of this one. */
  serveAlso(older: Awaited): void {
    // A set: each of its callers may ask for this, and in the next round again.
    this.#followers ??= new Set()
    for (const one of [older, ...(older.#followers ?? [])]) this.#followers.add(one)
  }

  /** Whether somebody has not gone. */
  protected get isOccupied(): boolean {
    return this.#waiting > 0
  }

  /** Whether somebody waits for it who has not timed out. */
  get isAwaited(): boolean {
    return this.#patient > 0
  }

  /** Whether somebody waits for it, or for an older one that is to have its outcome. */
  get isWanted(): boolean {
    for (const older of this.#followers ?? []) if (!older.isAwaited) this.#followers?.delete(older)
    return this.isAwaited || this.#isFollowed
  }

  /** Whether more than one wait for it. */
  get isJoined(): boolean {
    return this.#waiting > 1 || this.#isFollowed
  }

  get #isFollowed(): boolean {
    return (this.#followers?.size ?? 0) > 0
  }
}
