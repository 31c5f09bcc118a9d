import type { Flight } from "./flight.ts"

/** The flights of one storage, by storage key. */
export class Flights {
  readonly #running = new Map<string, Flight>()

  get(key: string): Flight | undefined {
    return this.#running.get(key)
  }

  /** Registers `flight`; an older one of its key goes on beside it and is fenced with it. */
  add(flight: Flight): void {
    flight.beside = this.#running.get(flight.key)
    // Bounded, since flights of requests that are over never end.
    let at: Flight = flight
    for (let count = 0; at.beside && count < 64; count++) at = at.beside
    for (let old = at.beside; old; old = old.beside) old.fence()
    at.beside = undefined
    this.#running.set(flight.key, flight)
  }

  /** `flight` begins to load: older ones of its key that have held it for `leaseTtl` are beaten. */
  challenge(flight: Flight, leaseTtl: number): void {
    for (let old = flight.beside; old; old = old.beside) if (old.isOverdue(leaseTtl)) old.fence()
  }

  remove(flight: Flight): void {
    let at = this.#running.get(flight.key)
    if (at === flight) {
      if (flight.beside) this.#running.set(flight.key, flight.beside)
      else this.#running.delete(flight.key)
    }
    for (; at; at = at.beside) if (at.beside === flight) at.beside = flight.beside
  }

  /** Beats the flights of `key`: what they bring is not stored, and later callers start anew. A soft one leaves what is stale. */
  fence(key: string, isSoft?: boolean): void {
    if (this.#running.size === 0) return
    for (let at = this.#running.get(key); at; at = at.beside) at.fence(isSoft)
    this.#running.delete(key)
  }

  /** Beats every flight that `beaten` names. */
  fenceWhere(beaten: (flight: Flight) => boolean, isSoft?: boolean): void {
    for (const flight of [...this.#running.values()]) {
      for (let at: Flight | undefined = flight; at; at = at.beside) {
        if (!beaten(at)) continue
        this.fence(at.key, isSoft)
        break
      }
    }
  }
}
