import type { Adapter, Awaitable, Stored } from "../adapter.ts"
import { attempt, chain, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { inTier, isKept } from "../entry.ts"
import type { Arrival, Coder } from "./coder.ts"

/** A record as it lies in the near tier: the very object where that keeps objects, else inside of its record. */
class Copy {
  readonly record: Stored
  /** When it came, in ms since epoch. */
  readonly since: number
  /** When it must be asked for anew, in ms since epoch. */
  readonly until: number

  constructor(record: Stored, since: number, until: number) {
    this.record = record
    this.since = since
    this.until = until
  }
}

/** After so many copies that could not be removed the near tier is not asked any more. */
const maxUnsure = 1000

/**
 * The near tier: copies of what lies in the far one. It may fail without harm: a copy that could not be removed is not
 * served any more, all trouble goes to `report`, and nothing here ever throws or rejects.
 */
export class NearCopies {
  readonly #near: Adapter
  readonly #maxAge: number
  readonly #coder: Coder | undefined
  readonly #report: (error: unknown) => void
  readonly #unsure = new Set<string>()
  #isOff = false
  /** Whether it has answered later, when it was asked last: then it is not asked for what is known at once. */
  #isLate = false
  /** Whether it has copies of what was dropped while it was off. */
  #isBehind = false

  /** @param coder - Left out where `near` keeps the very object it is given. */
  constructor(near: Adapter, maxAge: number, coder: Coder | undefined, report: (error: unknown) => void) {
    this.#near = near
    this.#maxAge = maxAge
    this.#coder = coder
    this.#report = report
  }

  /** Lets the near tier open, at its leisure: until it has, and where it cannot, it is not asked. */
  open(): void {
    this.#isOff = true
    void this.#quietly(
      () => chain(this.#near.open?.(), () => this.#begin()),
      () => this.#missed(),
    )
  }

  #begin(): Awaitable<void> {
    this.#isOff = this.#isBehind || this.#unsure.size > 0
    if (!this.#isOff) return undefined
    this.#isBehind = false
    this.#unsure.clear()
    return chain(this.#near.clear(""), () => this.#begin())
  }

  /** The copy of `key`, at once where the adapter can. */
  get(key: string): Awaitable<Stored | undefined> {
    if (this.#isOff || (this.#unsure.size > 0 && this.#unsure.has(key))) return undefined
    try {
      const opened = this.#open(key, this.#ask(key))
      return isPromise(opened) ? opened.catch((error: unknown) => this.#lost(error)) : opened
    } catch (error) {
      return this.#lost(error)
    }
  }

  #ask(key: string): Awaitable<Stored | undefined> {
    const found = this.#near.get(key)
    // A copy as such is told first: on the path of every hit a look for `then` costs more than it finds.
    this.#isLate = !(found instanceof Copy) && isPromise(found)
    return found
  }

  /** The copy of `key` where it is known at once. */
  peek(key: string, time?: number): Stored | undefined {
    if (this.#isOff || (this.#unsure.size > 0 && this.#unsure.has(key))) return undefined
    const near = this.#near
    try {
      if (!near.peek && this.#isLate) return undefined
      const found = near.peek ? near.peek(key, time) : this.#ask(key)
      if (found instanceof Copy) return young(found, time)
      const copy = this.#open(key, found)
      if (!isPromise(copy)) return copy
      copy.catch(() => {})
    } catch (error) {
      this.#lost(error)
    }
    return undefined
  }

  /** Keeps a copy for what is left of its life, `maxAge` at most after it was asked for (`since`, ms since epoch). */
  keep(key: string, { record, until }: Arrival, since: number): Awaitable<void> {
    const time = now()
    const life = Math.min(until - time, this.#maxAge)
    if (this.#isOff || !(life > 0)) return undefined
    // Of an entry the engine itself knows when it ends.
    const copy = new Copy(inTier(record, "near"), since, since + (isKept(record) ? this.#maxAge : life))
    const put = (stored: Stored) =>
      chain(this.#near.set(key, stored, life), () => void this.#unsure.delete(key))
    return this.#quietly(
      () => (this.#coder ? chain(this.#coder.encode(key, { ...copy }, life), put) : put(copy)),
      () => this.drop(key),
    )
  }

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

  /** Drops copies past their life; all of them where the adapter cannot tell. */
  prune(time: number): Awaitable<unknown> {
    return this.#quietly(
      () => (this.#near.prune ? chain(this.#near.prune(time), () => undefined) : this.#near.clear("")),
      () => {},
    )
  }

  #open(key: string, found: Awaitable<Stored | undefined>): Awaitable<Stored | undefined> {
    if (found instanceof Copy) return young(found)
    if (found === undefined) return undefined
    if (isPromise(found)) return found.then((late) => this.#open(key, late))
    return (
      this.#coder &&
      chain(this.#coder.decode(key, found), (arrival) => inTier(recordOf(arrival?.record), "near"))
    )
  }

  #missed(): undefined {
    this.#isBehind = true
  }

  #lost(error: unknown): undefined {
    this.#report(error)
  }

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

function recordOf(copy: Stored): Stored | undefined {
  if (typeof copy !== "object" || copy === null || !("since" in copy && "until" in copy && "record" in copy))
    return undefined
  const { record, since, until } = copy
  if (typeof since !== "number" || typeof until !== "number") return undefined
  return young({ record, since, until })
}

/** What it holds, if it still holds. One from the future is of a clock that was set back since: its age is unknown. */
function young({ record, since, until }: Copy, time?: number): Stored | undefined {
  if (until === Infinity) return record
  const at = time ?? now()
  return at < until && at >= since ? record : undefined
}
