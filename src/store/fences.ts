/** A read or write of the far tier that is under way. */
export interface Ticket {
  readonly key: string
  readonly writes: boolean
  /** Something came across it: what it brings may be outdated already. */
  beaten: boolean
}

/**
 * Keeps what is outdated out of the near tier: a read that began before a write of its key, or during one, and writes
 * that cross each other.
 */
export class Fences {
  readonly #running = new Map<string, Ticket[]>()
  readonly #clearing: string[] = []
  /** How many writes have begun. */
  writes = 0

  /** Something begins: a write beats what is under way, and whatever begins before it ends. */
  begin(key: string, writes: boolean): Ticket {
    if (writes) this.writes++
    const running = this.#running.get(key)
    let beaten = this.#clearing.length > 0 && this.#clearing.some((prefix) => key.startsWith(prefix))
    for (const other of running ?? []) {
      beaten ||= other.writes
      other.beaten ||= writes
    }
    const ticket = { key, writes, beaten }
    if (running) running.push(ticket)
    else this.#running.set(key, [ticket])
    return ticket
  }

  /** It is over; answers whether nothing came across. */
  end(ticket: Ticket): boolean {
    const running = this.#running.get(ticket.key) ?? []
    if (running.length > 1) running.splice(running.indexOf(ticket), 1)
    else if (running[0] === ticket) this.#running.delete(ticket.key)
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
    this.#clearing.push(prefix)
    return () => {
      this.#clearing.splice(this.#clearing.indexOf(prefix), 1)
    }
  }
}
