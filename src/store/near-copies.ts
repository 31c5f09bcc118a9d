import type { Adapter, Awaitable, Stored } from "../adapter.ts"
import { attempt, chain, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { isObject } from "../base/kind.ts"
import { inTier, isKept } from "../entry.ts"
import type { Arrival, Coder } from "./coder.ts"

/**
 * A record with its life. A near tier that keeps objects keeps the object itself, any other an encoding of its members.
 */
class Copy {
  readonly record: Stored
  /** When far was asked for it, in ms since epoch. */
  readonly since: number
  /** When far must be asked again, in ms since epoch. */
  readonly until: number

  constructor(record: Stored, since: number, until: number) {
    this.record = record
    this.since = since
    this.until = until
  }
}

/** If more copies than this could not be removed, the near tier is turned off. */
const maxUnsure = 1000

/**
 * The near tier: copies of entries in the far one. It may fail without harm: a copy that could not be removed is no
 * longer served, errors go to `report`, and nothing here ever throws or rejects.
 */
export class NearCopies {
  readonly #near: Adapter
  readonly #maxAge: number
  readonly #coder: Coder | undefined
  readonly #report: (error: unknown) => void
  /** The keys of copies that could not be removed. */
  readonly #unsure = new Set<string>()
  /** Whether the tier is off: not open yet, or with too many copies that could not be removed. */
  #isOff = false
  /** Whether it last returned a promise. Then {@link peek} does not ask it. */
  #answersLater = false
  /** Whether a copy should have been dropped while the tier was off, so that it may be outdated. */
  #isBehind = false

  /** @param coder - Omitted if `near` keeps the objects it is given. */
  constructor(near: Adapter, maxAge: number, coder: Coder | undefined, report: (error: unknown) => void) {
    this.#near = near
    this.#maxAge = maxAge
    this.#coder = coder
    this.#report = report
  }

  /** Starts to open the near tier, without waiting for it. Until then the tier is off. */
  open(): void {
    this.#isOff = true
    void this.#quietly(
      () => chain(this.#near.open?.(), () => this.#begin()),
      () => this.#missed(),
    )
  }

  /**
   * Turns the tier on. It is cleared first if it may have outdated copies, and again if more came up in the meantime.
   */
  #begin(): Awaitable<void> {
    this.#isOff = this.#isBehind
    if (!this.#isOff) return undefined
    this.#isBehind = false
    this.#unsure.clear()
    return chain(this.#near.clear(""), () => this.#begin())
  }

  /** The copy of `key`; synchronous where the adapter is. */
  get(key: string): Awaitable<Stored | undefined> {
    if (this.#isOff || (this.#unsure.size > 0 && this.#unsure.has(key))) return undefined
    try {
      const record = this.#unpack(key, this.#ask(key))
      return isPromise(record) ? record.catch((error: unknown) => this.#lost(error)) : record
    } catch (error) {
      return this.#lost(error)
    }
  }

  #ask(key: string): Awaitable<Stored | undefined> {
    const found = this.#near.get(key)
    // `instanceof` first: on the path of every hit, looking for `then` costs more.
    this.#answersLater = !(found instanceof Copy) && isPromise(found)
    return found
  }

  /** The copy of `key`, if known synchronously. */
  peek(key: string, time?: number): Stored | undefined {
    if (this.#isOff || (this.#unsure.size > 0 && this.#unsure.has(key))) return undefined
    const near = this.#near
    try {
      if (!near.peek && this.#answersLater) return undefined
      const found = near.peek ? near.peek(key, time) : this.#ask(key)
      if (found instanceof Copy) return young(found, time)
      const record = this.#unpack(key, found)
      if (!isPromise(record)) return record
      record.catch(() => {})
    } catch (error) {
      this.#lost(error)
    }
    return undefined
  }

  /**
   * Keeps a copy for the rest of its life, but only until `maxAge` after it was asked for (`since`, ms since epoch).
   */
  keep(key: string, { record, until }: Arrival, since: number): Awaitable<void> {
    const time = now()
    const life = Math.min(until - time, this.#maxAge)
    if (this.#isOff || !(life > 0)) return undefined
    // The engine itself knows when an entry expires.
    const copy = new Copy(inTier(record, "near"), since, since + (isKept(record) ? this.#maxAge : life))
    const put = (stored: Stored) =>
      chain(this.#near.set(key, stored, life), () => void this.#unsure.delete(key))
    return this.#quietly(
      () => (this.#coder ? chain(this.#coder.encode(key, { ...copy }, life), put) : put(copy)),
      () => this.drop(key),
    )
  }

  /** Removes the copy of `key`. */
  drop(key: string): Awaitable<void> {
    if (this.#isOff) return this.#missed()
    return this.#quietly(
      () => chain(this.#near.delete(key), () => void this.#unsure.delete(key)),
      () => {
        this.#unsure.add(key)
        this.#isOff ||= this.#unsure.size > maxUnsure
      },
    )
  }

  /** Removes the copies of all keys under `prefix`. */
  clear(prefix: string): Awaitable<void> {
    if (this.#isOff) return this.#missed()
    return this.#quietly(
      () => this.#near.clear(prefix),
      () => {
        this.#isOff = true
        this.#missed()
      },
    )
  }

  /** Drops copies past their life; all copies if the adapter cannot tell. */
  prune(time: number): Awaitable<unknown> {
    return this.#quietly(
      () => (this.#near.prune ? chain(this.#near.prune(time), () => undefined) : this.#near.clear("")),
      () => {},
    )
  }

  /** The record in the near tier's answer. */
  #unpack(key: string, found: Awaitable<Stored | undefined>): Awaitable<Stored | undefined> {
    if (found instanceof Copy) return young(found)
    if (found === undefined) return undefined
    if (isPromise(found)) return found.then((late) => this.#unpack(key, late))
    return (
      this.#coder &&
      chain(this.#coder.decode(key, found), (arrival) => inTier(recordOf(arrival?.record), "near"))
    )
  }

  /** A copy should have been dropped and was not. */
  #missed(): undefined {
    this.#isBehind = true
  }

  #lost(error: unknown): undefined {
    this.#report(error)
  }

  /** Runs `work`; if that fails, reports the error and runs `failed`. */
  #quietly(work: () => Awaitable<void>, failed: () => Awaitable<void>): Awaitable<void> {
    const recover = (error: unknown): Awaitable<void> => {
      this.#report(error)
      return failed()
    }
    try {
      const result = work()
      return isPromise(result) ? attempt(() => result).catch(recover) : result
    } catch (error) {
      return recover(error)
    }
  }
}

/** The record of a decoded copy, if it is valid and not too old. */
function recordOf(copy: Stored): Stored | undefined {
  if (!isObject(copy) || !("since" in copy && "until" in copy && "record" in copy)) return undefined
  const { record, since, until } = copy
  if (typeof since !== "number" || typeof until !== "number") return undefined
  return young({ record, since, until })
}

/** The record, unless it is too old. A copy from the future has an unknown age: the clock was moved back. */
function young({ record, since, until }: Copy, time?: number): Stored | undefined {
  if (until === Infinity) return record
  const at = time ?? now()
  return at < until && at >= since ? record : undefined
}
