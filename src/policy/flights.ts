import type { Flight } from "./flight.ts"
import { isWorker } from "./scope.ts"
import type { Mode } from "./tokens.ts"

const maxRunning = 10_000
const maxCaches = 100

/** The flights of one cache on one storage, by storage key. */
export class Flights {
  readonly #running = new Map<string, Flight>()
  readonly #all: Set<Flights>
  /** Whether new flights are fenced from the start: see {@link end}. */
  isOver = false

  /** @param all - The `Flights` of all caches on this storage that have any running. */
  constructor(all: Set<Flights>) {
    this.#all = all
  }

  get(key: string): Flight | undefined {
    return this.#running.get(key)
  }

  /** Registers `flight`. An older flight of its key runs on beside it and is fenced together with it. */
  add(flight: Flight): void {
    flight.home = this
    flight.fenced = this.isOver
    flight.older = this.#running.get(flight.key)
    // Bounded, because on Workers the flights of finished requests never end.
    let at: Flight = flight
    for (let count = 0; at.older && count < 64; count++) at = at.older
    for (let old = at.older; old; old = old.older) old.fence()
    at.older = undefined
    this.#running.set(flight.key, flight)
    this.#all.add(this)
    if (this.#running.size > maxRunning) this.#forget(maxRunning)
    if (this.#all.size <= maxCaches) return
    // Hanging flights of abandoned caches, such as one cache per request, would stay for ever.
    let looks = 0
    for (const flights of this.#all) {
      if (looks++ > 1) return
      this.#all.delete(flights)
      this.#all.add(flights)
      flights.#forget(0)
    }
  }

  /**
   * Fences hanging flights that have no caller, oldest first, until at most `most` are left or the oldest does not
   * qualify. A flight with callers is moved to the back.
   */
  #forget(most: number): void {
    for (const flight of this.#running.values()) {
      if (this.#running.size <= most) return
      // On Workers the callers may be finished requests.
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
      if (flight.older) this.#running.set(flight.key, flight.older)
      else this.#drop(flight.key)
    }
    for (; at; at = at.older) if (at.older === flight) at.older = flight.older
  }

  /**
   * Fences the flights of `key` in every cache: what they load is not stored, and later callers start a new load.
   * `mode` is as in {@link Flight.fence}.
   */
  fence(key: string, mode?: Mode): void {
    if (this.#all.size > 0) for (const flights of this.#all) flights.fenceOwn(key, mode)
  }

  /** As {@link fence}, for every flight that `isFenced` selects. */
  fenceWhere(isFenced: (flight: Flight) => boolean, mode?: Mode): void {
    for (const flights of this.#all) flights.fenceOwnWhere(isFenced, mode)
  }

  /** As {@link fenceWhere}, in this cache only. */
  fenceOwnWhere(isFenced: (flight: Flight) => boolean, mode?: Mode): void {
    for (const flight of [...this.#running.values()]) {
      for (let at: Flight | undefined = flight; at; at = at.older) {
        if (!isFenced(at)) continue
        this.fenceOwn(at.key, mode)
        break
      }
    }
  }

  /** Fences all flights, and all that follow: an earlier call may still begin a load. */
  end(): void {
    this.isOver = true
    this.fenceOwnWhere(() => true)
  }

  /** As {@link fence}, in this cache only. */
  fenceOwn(key: string, mode?: Mode): void {
    for (let at = this.#running.get(key); at; at = at.older) at.fence(mode)
    this.#drop(key)
  }

  #drop(key: string): void {
    this.#running.delete(key)
    if (this.#running.size === 0) this.#all.delete(this)
  }
}
