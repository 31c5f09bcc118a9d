import type { Flight } from "./flight.ts"
import { isWorker } from "./scope.ts"
import type { Mode } from "./tokens.ts"

const maxRunning = 10_000
const maxCaches = 100

/** The flights of one cache on one storage, by storage key. */
export class Flights {
  readonly #running = new Map<string, Flight>()
  readonly #all: Set<Flights>
  /** Whether new flights are beaten from the start: see {@link end}. */
  isOver = false

  /** @param all - The `Flights` of all caches on this storage that have some under way. */
  constructor(all: Set<Flights>) {
    this.#all = all
  }

  get(key: string): Flight | undefined {
    return this.#running.get(key)
  }

  /** Registers `flight`; an older one of its key goes on beside it and is fenced with it. */
  add(flight: Flight): void {
    flight.home = this
    flight.fenced = this.isOver
    flight.beside = this.#running.get(flight.key)
    // Bounded, since on Workers flights of requests that are over never end.
    let at: Flight = flight
    for (let count = 0; at.beside && count < 64; count++) at = at.beside
    for (let old = at.beside; old; old = old.beside) old.fence()
    at.beside = undefined
    this.#running.set(flight.key, flight)
    this.#all.add(this)
    if (this.#running.size > maxRunning) this.#forget(maxRunning)
    if (this.#all.size <= maxCaches) return
    // Hanging flights of caches that nobody has any more, such as one made for each request, would stay for ever.
    let looks = 0
    for (const flights of this.#all) {
      if (looks++ > 1) return
      this.#all.delete(flights)
      this.#all.add(flights)
      flights.#forget(0)
    }
  }

  /**
   * Beats flights that hang and that nobody waits for, oldest first, until no more than `most` are left or the oldest
   * does not qualify. One that somebody waits for is looked at again after the others.
   */
  #forget(most: number): void {
    for (const flight of this.#running.values()) {
      if (this.#running.size <= most) return
      // On Workers whoever waits may be a request that is over.
      if (flight.isAwaited && !isWorker()) {
        this.#running.delete(flight.key)
        this.#running.set(flight.key, flight)
        return
      }
      if (!flight.isOverdue(flight.policy.leaseTtl)) return
      this.fenceOwn(flight.key)
    }
  }

  remove(flight: Flight): void {
    let at = this.#running.get(flight.key)
    if (at === flight) {
      if (flight.beside) this.#running.set(flight.key, flight.beside)
      else this.#drop(flight.key)
    }
    for (; at; at = at.beside) if (at.beside === flight) at.beside = flight.beside
  }

  /**
   * Beats the flights of `key`, whichever cache they are of: what they bring is not stored, and later callers start
   * anew. `mode` as in {@link Flight.fence}.
   */
  fence(key: string, mode?: Mode): void {
    if (this.#all.size > 0) for (const flights of this.#all) flights.fenceOwn(key, mode)
  }

  /** As {@link fence}, for every flight that `beaten` says yes to. */
  fenceWhere(beaten: (flight: Flight) => boolean, mode?: Mode): void {
    for (const flights of this.#all) flights.fenceOwnWhere(beaten, mode)
  }

  /** As {@link fenceWhere}, for those of this cache alone. */
  fenceOwnWhere(beaten: (flight: Flight) => boolean, mode?: Mode): void {
    for (const flight of [...this.#running.values()]) {
      for (let at: Flight | undefined = flight; at; at = at.beside) {
        if (!beaten(at)) continue
        this.fenceOwn(at.key, mode)
        break
      }
    }
  }

  /** Beats all flights there are, and all that come: a call made before may still begin a load. */
  end(): void {
    this.isOver = true
    this.fenceOwnWhere(() => true)
  }

  /** As {@link fence}, for those of this cache alone. */
  fenceOwn(key: string, mode?: Mode): void {
    for (let at = this.#running.get(key); at; at = at.beside) at.fence(mode)
    this.#drop(key)
  }

  #drop(key: string): void {
    this.#running.delete(key)
    if (this.#running.size === 0) this.#all.delete(this)
  }
}
