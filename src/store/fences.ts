import { now } from "../base/clock.ts"

/** A read or write of the far tier that is under way. */
export interface Ticket {
  readonly key: string
  readonly writes: boolean
  /** Something came across it: what it brings may be outdated already. */
  beaten: boolean
  /** When it began, ms since epoch. */
  readonly since: number
  /** When it is taken for dead, ms since epoch: on Workers its request may be over. */
  readonly until: number
}

/** Milliseconds that an operation may take before it is taken for dead. */
export const maxWait = 10_000

/**
 * Keeps what is outdated out of the near tier: a read that began before a write of its key, or during one, and writes
 * that cross each other.
 */
export class Fences {
  readonly #running = new Map<string, Ticket[]>()
  #clearing: { readonly prefix: string; readonly until: number }[] = []
  /** How many writes have begun. */
  writes = 0

  /** Something begins: a write beats what is under way, and whatever begins before it ends. */
  begin(key: string, writes: boolean): Ticket {
    if (writes) this.writes++
    const time = now()
    const running: Ticket[] = []
    for (const other of this.#running.get(key) ?? []) {
      if (time < other.until) running.push(other)
      // It is not told any more of what comes across it: what it brings counts as outdated.
      else other.beaten = true
    }
    if (this.#clearing.length > 0) this.#clearing = this.#clearing.filter(({ until }) => time < until)
    let beaten = this.#clearing.some(({ prefix }) => key.startsWith(prefix))
    for (const other of running) {
      beaten ||= other.writes
      other.beaten ||= writes
    }
    const ticket = { key, writes, beaten, since: time, until: time + maxWait }
    running.push(ticket)
    this.#running.set(key, running)
    return ticket
  }

  /** It is over; answers whether nothing came across. */
  end(ticket: Ticket): boolean {
    const running = this.#running.get(ticket.key) ?? []
    const at = running.indexOf(ticket)
    if (at >= 0) running.splice(at, 1)
    if (running.length === 0) this.#running.delete(ticket.key)
    // One that was taken for dead writes all the same.
    else if (ticket.writes) for (const other of running) other.beaten = true
    return !ticket.beaten
  }

  /** Beats what is under way on `key`. */
  beat(key: string): void {
    for (const ticket of this.#running.get(key) ?? []) ticket.beaten = true
  }

  /** Beats what is under way on keys that begin with `prefix`. */
  beatAll(prefix: string): void {
    for (const key of this.#running.keys()) if (key.startsWith(prefix)) this.beat(key)
  }

  /** Keys that begin with `prefix` are being cleared: beats all that is under way until the answer is called. */
  clear(prefix: string): () => void {
    this.writes++
    this.beatAll(prefix)
    const clearing = { prefix, until: now() + maxWait }
    this.#clearing.push(clearing)
    return () => {
      this.#clearing = this.#clearing.filter((other) => other !== clearing)
      this.beatAll(prefix)
    }
  }
}
