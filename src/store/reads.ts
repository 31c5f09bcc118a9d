import { type Adapter, type Awaitable, inStep, isToken, type Stored, tokenMark } from "../adapter.ts"
import { chain, isPromise, together } from "../base/awaitable.ts"
import { soon } from "../base/clock.ts"
import { inTier, isKept } from "../entry.ts"
import type { Arrival, Coder } from "./coder.ts"
import type { Ticket } from "./fences.ts"
import type { Messages, NearState } from "./messages.ts"
import type { NearCopies } from "./near-copies.ts"
import type { Teller } from "./telling.ts"
import type { Tokens } from "./tokens.ts"

/** The parts of a tiered adapter. */
export interface Tiers extends NearState {
  readonly far: Adapter
  /** Encodes for far. */
  readonly coder: Coder
  readonly messages: Messages
  /** Absent without a bus. */
  readonly teller: Teller | undefined
}

/** Far's last answer. */
interface Last {
  readonly key: string
  /** How many writes had begun by then. */
  readonly writes: number
  /** `undefined` if it was absent. */
  readonly record: Stored | undefined
}

/** Reads two tiers: near first, then far. What far returns is kept near. */
export class Reads {
  readonly #tiers: Tiers
  readonly #copies: NearCopies
  readonly #tokens: Tokens
  /** Whether far's last answer was synchronous. */
  #isPrompt = false
  /** The last answer of a synchronous far tier, until the turn ends: one read asks more than once. */
  #last: Last | undefined

  constructor(tiers: Tiers) {
    this.#tiers = tiers
    this.#copies = tiers.copies
    this.#tokens = tiers.tokens
  }

  get(key: string): Awaitable<Stored | undefined> {
    if (isToken(key)) return this.#token(key)
    if (this.#last && this.#isLast(key, this.#last)) return this.#last.record
    const copy = this.#copies.get(key)
    if (isPromise(copy)) return copy.then((late) => late ?? this.#ask(key))
    return copy === undefined ? this.#ask(key) : copy
  }

  /** What is known synchronously: near, or from a synchronous far tier; `""` for a token known to be absent. */
  peek(key: string, time?: number): Stored | undefined {
    if (this.#last && this.#isLast(key, this.#last)) return this.#last.record
    return (isToken(key) ? this.#tokens.get(key) : this.#copies.peek(key, time)) ?? this.#peekFar(key)
  }

  /** Whether `last` is the answer for `key`, and nothing has been written since. */
  #isLast(key: string, last: Last): boolean {
    return last.key === key && last.writes === this.#tiers.fences.writes
  }

  #note(key: string, record: Stored | undefined): void {
    if (!this.#last) soon(() => (this.#last = undefined))
    this.#last = { key, writes: this.#tiers.fences.writes, record }
  }

  /** Drops the copies of `keys`, so that far is asked; also in far, which may itself be tiered. */
  forget(keys: readonly string[]): Awaitable<void> {
    const { far, fences } = this.#tiers
    this.#last = undefined
    const drop = (key: string) => {
      if (key === tokenMark) {
        fences.clear(key)()
        return this.#tokens.clear(key)
      }
      // Outdates pending reads, which may bring the old value.
      fences.end(fences.begin(key, true))
      return isToken(key) ? this.#tokens.doubt(key) : this.#copies.drop(key)
    }
    const drops = together<void>([() => far.forget?.(keys), ...keys.map((key) => () => drop(key))])
    return chain(drops, () => undefined)
  }

  #peekFar(key: string): Stored | undefined {
    const { far, coder } = this.#tiers
    if (far.peek) {
      const stored = far.peek(key)
      const arrival = stored === undefined ? undefined : coder.decode(key, stored)
      if (!isPromise(arrival)) return inTier(arrival?.record, "far")
      arrival.catch(() => {})
      return undefined
    }
    if (!this.#isPrompt) return undefined
    const record = this.#ask(key)
    if (isPromise(record)) {
      record.catch(() => {})
      return undefined
    }
    if (record !== undefined) return record
    if (isToken(key)) return ""
    this.#note(key, undefined)
    return undefined
  }

  getMany(keys: readonly string[]): Awaitable<readonly (Stored | undefined)[]> {
    const unique = [...new Set(keys)]
    const near = together(unique.map((key) => () => this.#near(key)))
    const answer = (found: readonly (Stored | undefined)[]): Awaitable<readonly (Stored | undefined)[]> => {
      const known = new Map(unique.map((key, at) => [key, found[at]]))
      const missing = unique.filter((key) => known.get(key) === undefined)
      const inOrder = (far: ReadonlyMap<string, Stored | undefined>) =>
        keys.map((key) => {
          const record = known.get(key) ?? far.get(key)
          return record === "" && isToken(key) ? undefined : record
        })
      return missing.length === 0 ? inOrder(known) : chain(this.#askMany(missing), inOrder)
    }
    return chain(near, answer)
  }

  /** Near's record of `key`. A token that is being read is awaited; an absent one is `""`. */
  #near(key: string): Awaitable<Stored | undefined> {
    if (!isToken(key)) return this.#copies.get(key)
    return this.#tokens.get(key) ?? this.#tokens.asked(key)?.then((token) => token ?? "")
  }

  #token(key: string): Awaitable<Stored | undefined> {
    const token = this.#tokens.get(key)
    if (token !== undefined) return token === "" ? undefined : token
    const running = this.#tokens.asked(key)
    if (running) return running
    const answer = this.#ask(key)
    if (isPromise(answer)) this.#tokens.share(key, answer)
    return answer
  }

  #ask(key: string): Awaitable<Stored | undefined> {
    const { far, coder, fences, messages } = this.#tiers
    messages.listen()
    const ticket = fences.begin(key, false)
    const lost = (error: unknown): never => {
      fences.end(ticket)
      throw error
    }
    try {
      const stored = far.get(key)
      this.#isPrompt = !isPromise(stored)
      const arrival = chain(stored, (late) => coder.decode(key, late))
      if (!isPromise(arrival)) return this.#arrive(ticket, arrival)
      return arrival.then((late) => this.#arrive(ticket, late), lost)
    } catch (error) {
      return lost(error)
    }
  }

  #askMany(keys: readonly string[]): Awaitable<ReadonlyMap<string, Stored | undefined>> {
    const { far, coder, fences, messages } = this.#tiers
    messages.listen()
    const tickets = keys.map((key) => fences.begin(key, false))
    const arrive = (all: readonly (Arrival | undefined)[]) =>
      new Map(tickets.map((ticket, at) => [ticket.key, this.#arrive(ticket, all[at])]))
    const lost = (error: unknown): never => {
      for (const ticket of tickets) fences.end(ticket)
      throw error
    }
    try {
      const arrivals = chain(far.getMany?.(keys) ?? [], (records) => {
        const found = inStep(keys, records)
        return together(keys.map((key, at) => () => coder.decode(key, found[at])))
      })
      if (!isPromise(arrivals)) return arrive(arrivals)
      const found = arrivals.then(arrive, lost)
      for (const key of keys.filter(isToken)) {
        const answer = found.then((all) => all.get(key))
        this.#tokens.share(key, answer)
      }
      return found
    } catch (error) {
      return lost(error)
    }
  }

  /** Keeps near what came from far, unless it is outdated; returns the record. */
  #arrive(ticket: Ticket, arrival: Arrival | undefined): Stored | undefined {
    const { copies, tokens, fences } = this.#tiers
    const { key } = ticket
    const record = arrival?.record
    if (isToken(key)) {
      if (fences.end(ticket) && (record === undefined || typeof record === "string"))
        tokens.set(key, record ?? "", ticket.since)
      else tokens.count()
      return record === "" ? undefined : record
    }
    const kept = arrival && !fences.isOld(ticket) ? copies.keep(key, arrival, ticket.since) : undefined
    if (!isPromise(kept)) fences.end(ticket)
    // The copy may arrive after that of a later write, and is then dropped. The reader need not wait for that.
    else kept.then(() => (fences.end(ticket) ? undefined : copies.drop(key)))
    if (!isKept(record)) return record
    const own = inTier(record, "far")
    if (this.#isPrompt) this.#note(key, own)
    return own
  }
}
