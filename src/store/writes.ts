import { type Awaitable, isToken, type Stored } from "../adapter.ts"
import { chain, isPromise, together } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import type { Arrival } from "./coder.ts"
import type { Ticket } from "./fences.ts"
import type { Tiers } from "./reads.ts"

/** An entry to write. */
export type Item = readonly [key: string, record: Stored, ttl: number]

/**
 * Writes two tiers: far first, then near.
 *
 * While a write is pending, near has no copies of its keys. So it does not matter whether a write that failed or timed
 * out has reached far. Other near tiers are notified when it has ended, successfully or not.
 */
export class Writes {
  readonly #tiers: Tiers

  constructor(tiers: Tiers) {
    this.#tiers = tiers
  }

  set([key, record, ttl]: Item): Awaitable<void> {
    const { far, coder } = this.#tiers
    const until = now() + ttl
    return chain(coder.encode(key, record, ttl), (stored) =>
      this.#write(
        [key],
        () => far.set(key, stored, ttl),
        () => ({ record, until }),
      ),
    )
  }

  setMany(items: readonly Item[]): Awaitable<void> {
    const { far, coder } = this.#tiers
    const time = now()
    const last = new Map(items.map((item) => [item[0], item]))
    const unique = [...last.values()]
    const encoded = together<Stored>(unique.map((item) => () => coder.encode(...item)))
    const put = (stored: readonly Stored[]): Awaitable<void> => {
      const entries = unique.map(([key, , ttl], at) => [key, stored[at], ttl] as const)
      return this.#write(
        [...last.keys()],
        () => far.setMany?.(entries),
        (_, key) => {
          const [, record, ttl] = last.get(key) ?? [key, undefined, 0]
          return { record, until: time + ttl }
        },
      )
    }
    return chain(encoded, put)
  }

  add([key, record, ttl]: Item): Awaitable<boolean> {
    const { far, coder } = this.#tiers
    const until = now() + ttl
    return chain(coder.encode(key, record, ttl), (stored) =>
      this.#write(
        [key],
        () => far.add?.(key, stored, ttl) ?? false,
        (added) => (added ? { record, until } : undefined),
      ),
    )
  }

  delete(key: string): Awaitable<boolean> {
    return this.#write([key], () => this.#tiers.far.delete(key))
  }

  deleteMany(keys: readonly string[]): Awaitable<number> {
    return this.#write([...new Set(keys)], () => this.#tiers.far.deleteMany?.(keys) ?? 0)
  }

  clear(prefix: string): Awaitable<void> {
    const { far, fences } = this.#tiers
    const end = fences.clear(prefix)
    const before = this.#clear(prefix)
    const others = this.#announced(() => far.clear(prefix), [], [prefix])
    return finished(others.write, before, () => {
      end()
      others.tell()
      return this.#clear(prefix)
    })
  }

  /**
   * Writes to far, with no copies of `keys` near in the meantime.
   *
   * @param arrivalOf - What near may keep of a key after that. Default: nothing.
   */
  #write<T>(
    keys: readonly string[],
    toFar: () => Awaitable<T>,
    arrivalOf?: (result: T, key: string) => Arrival | undefined,
  ): Awaitable<T> {
    const { fences, messages } = this.#tiers
    messages.listen()
    const tickets = keys.map((key) => fences.begin(key, true))
    const before = all(keys.map((key) => this.#drop(key)))
    const others = this.#announced(toFar, keys)
    return finished(others.write, before, (done) => {
      const wroteNothing = done?.result === false && arrivalOf !== undefined
      others.tell(wroteNothing)
      return all(tickets.map((ticket) => this.#end(ticket, done && arrivalOf?.(done.result, ticket.key))))
    })
  }

  /** `write` runs `toFar`, and announces its begin if it is asynchronous; `tell` announces its end. */
  #announced<T>(toFar: () => Awaitable<T>, keys: readonly string[], prefixes?: readonly string[]) {
    const { teller } = this.#tiers
    let hasBegun = false
    return {
      write(): Awaitable<T> {
        const result = toFar()
        hasBegun = isPromise(result)
        if (hasBegun) teller?.begin(keys, prefixes)
        return result
      },
      tell(wroteNothing = false): void {
        if (hasBegun) teller?.end(keys, prefixes)
        else if (!wroteNothing) teller?.tell(keys, prefixes)
      },
    }
  }

  /** Ends a write: keeps `arrival` near, unless it is outdated. */
  #end(ticket: Ticket, arrival: Arrival | undefined): Awaitable<void> {
    const { copies, tokens, fences } = this.#tiers
    const { key } = ticket
    const isOurs = arrival && !isToken(key) && !fences.isOld(ticket)
    const kept = isOurs ? copies.keep(key, arrival, ticket.since) : undefined
    // The copy may arrive after that of a later write, and is then dropped.
    if (isPromise(kept)) return kept.then(() => (fences.end(ticket) ? undefined : copies.drop(key)))
    if (!fences.end(ticket) || !arrival) return this.#drop(key)
    if (isToken(key) && typeof arrival.record === "string") tokens.set(key, arrival.record, ticket.since)
    return undefined
  }

  #drop(key: string): Awaitable<void> {
    const { copies, tokens } = this.#tiers
    if (!isToken(key)) return copies.drop(key)
    tokens.delete(key)
    return undefined
  }

  #clear(prefix: string): Awaitable<void> {
    this.#tiers.tokens.clear(prefix)
    return this.#tiers.copies.clear(prefix)
  }
}

/** Runs `work`, then `over` in any case, and returns the result of `work`. Neither `before` nor `over` fails. */
function finished<T>(
  work: () => Awaitable<T>,
  before: Awaitable<void>,
  over: (done?: { readonly result: T }) => Awaitable<void>,
): Awaitable<T> {
  const failed = (error: unknown): Awaitable<never> =>
    chain(over(), () => {
      throw error
    })
  let result: Awaitable<T>
  try {
    result = work()
  } catch (error) {
    return failed(error)
  }
  if (!isPromise(result) && !isPromise(before)) {
    const value = result
    return chain(over({ result: value }), () => value)
  }
  return Promise.all([result, before]).then(([value]) => chain(over({ result: value }), () => value), failed)
}

function all(works: readonly Awaitable<void>[]): Awaitable<void> {
  return works.some(isPromise) ? Promise.all(works).then(() => undefined) : undefined
}
