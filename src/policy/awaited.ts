import { Holder } from "./holder.ts"

/** What callers wait for: a flight, which may also have to serve the callers of older flights of its key. */
export abstract class Awaited extends Holder {
  /** How many callers have not left. */
  #waiting = 0
  /** How many of them have not timed out. */
  #patient = 0
  /** Older flights whose callers may get this one's outcome. */
  #followers: Set<Awaited> | undefined

  enter(): void {
    this.#waiting++
    this.#patient++
  }

  /** One caller has left. */
  leave(): void {
    this.rest()
    this.#waiting--
  }

  /** One caller has timed out or left. The timers stop with the last one. */
  rest(): void {
    if (--this.#patient <= 0) this.stopTimers()
  }

  /** Serves the callers of `older`, and those that `older` serves, with the outcome of this one. */
  serveAlso(older: Awaited): void {
    // A set, because each caller may ask for this, again in each round.
    this.#followers ??= new Set()
    for (const one of [older, ...(older.#followers ?? [])]) this.#followers.add(one)
  }

  /** Whether any caller has not left. */
  protected get isOccupied(): boolean {
    return this.#waiting > 0
  }

  /** Whether any caller still waits, that is, has not timed out. */
  get isAwaited(): boolean {
    return this.#patient > 0
  }

  /** Whether any caller waits for this one, or for an older one that is to get its outcome. */
  get isWanted(): boolean {
    for (const older of this.#followers ?? []) if (!older.isAwaited) this.#followers?.delete(older)
    return this.isAwaited || this.#isFollowed
  }

  /** Whether more than one caller waits. */
  get isJoined(): boolean {
    return this.#waiting > 1 || this.#isFollowed
  }

  get #isFollowed(): boolean {
    return (this.#followers?.size ?? 0) > 0
  }
}
