import { quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import type { MissReason } from "../base/errors.ts"
import { Events, type StaleReason, type Tier } from "../base/events.ts"
import { scrub } from "../base/scrub.ts"
import type { Kept } from "../entry.ts"
import { Counters } from "./counters.ts"
import type { Place } from "./place.ts"
import type { Mode } from "./tokens.ts"

/** Called with errors that reached no caller. */
export type OnError = (error: unknown, details: { readonly key: string }) => void

/** A cache's reports: counters always, events if there are listeners. One per cache, shared by its regions. */
export class Hub extends Counters {
  readonly events: Events = new Events()
  onError: OnError | undefined
  /** The `onError` of regions, by the base of their place. */
  readonly onErrors: Map<string, OnError | undefined> = new Map()

  hit(place: Place, key: string, kept: Kept): void {
    this.hits++
    if (this.events.listening > 0) this.#emit(place, key, { type: "hit", ...seen(kept) })
  }

  servedStale(place: Place, key: string, kept: Kept, reason: StaleReason): void {
    this.stale++
    if (this.events.listening > 0) this.#emit(place, key, { type: "stale", ...seen(kept), reason })
  }

  miss(place: Place, key: string, reason: MissReason): void {
    this.misses++
    this.#emit(place, key, { type: "miss", reason })
  }

  load(place: Place, key: string): void {
    this.loads++
    this.tell(place, key, "load")
  }

  done(place: Place, key: string, duration: number): void {
    this.loaded(duration)
    this.#emit(place, key, { type: "loaded", duration })
  }

  failed(place: Place, key: string, duration: number, error: unknown): void {
    this.failures++
    if (this.events.listening > 0) this.#emit(place, key, { type: "failed", duration, error: scrub(error) })
  }

  joined(place: Place, key: string): void {
    this.coalesced++
    this.tell(place, key, "coalesced")
  }

  /** Emits an event that carries nothing but its key. */
  tell(place: Place, key: string, type: "load" | "coalesced" | "set" | "delete" | "expire" | "clear"): void {
    this.#emit(place, key, { type })
  }

  invalidated(place: Place, mode: Mode, tags?: readonly string[]): void {
    this.#emit(place, "", { type: "invalidate", mode, ...(tags && { tags }) })
  }

  evicted(place: Place, key: string, tier?: Tier): void {
    this.evictions++
    this.#emit(place, key, { type: "evict", ...(tier && { tier }) })
  }

  /** Reports an error that reaches no caller: an `error` event, and `onError`. */
  trouble(place: Place | undefined, key: string, cause: unknown, tier?: Tier): void {
    this.errors++
    const error = scrub(cause)
    this.#emit(place, key, { type: "error", error, ...(tier && { tier }) })
    quietly(() => (this.onErrors.get(place?.base ?? "") ?? this.onError)?.(error, { key }))
  }

  #emit(place: Place | undefined, key: string, event: EventBody): void {
    if (this.events.listening === 0) return
    const region = place?.label
    this.events.emit({ ...event, key, at: now(), ...(region !== undefined && { region }) })
  }
}

function seen({ createdAt, tier }: Kept): { readonly age: number; readonly tier?: Tier } {
  return { age: now() - createdAt, ...(tier && { tier }) }
}

type Bare<T> = T extends unknown ? Omit<T, "key" | "at" | "region"> : never
type EventBody = Bare<Parameters<Events["emit"]>[0]>
