import type { MissReason } from "./errors.ts"
import { Listeners } from "./listeners.ts"

/** A tier: the one in front, or the one behind it. */
export type Tier = "near" | "far"

/** The members of every event. */
export interface EventBase {
  /**
   * The key as given, arrays in canonical text; `""` if it concerns no single key (`invalidate`, `clear`, some errors).
   */
  readonly key: string
  /** The region, from the outermost, joined by ":"; absent at the top. */
  readonly region?: string
  /** Milliseconds since epoch. */
  readonly at: number
}

/** The events of a cache, by `type`. `age` and `duration` are ms. Events never contain values. */
export type CacheEvent =
  /** A fresh value was served. With a near tier, `tier` tells which tier had it. */
  | (EventBase & { readonly type: "hit"; readonly age: number; readonly tier?: Tier })
  /** A stale value was served. */
  | (EventBase & {
      readonly type: "stale"
      readonly age: number
      readonly reason: StaleReason
      readonly tier?: Tier
    })
  /** A read found nothing to serve. */
  | (EventBase & { readonly type: "miss"; readonly reason: MissReason })
  /** A fallback starts. */
  | (EventBase & { readonly type: "load" })
  /** The fallback succeeded. */
  | (EventBase & { readonly type: "loaded"; readonly duration: number })
  /** The fallback failed. */
  | (EventBase & { readonly type: "failed"; readonly duration: number; readonly error: unknown })
  /** A caller joined a load that was already running. */
  | (EventBase & { readonly type: "coalesced" })
  /** A value was stored, by a load or by `set`. */
  | (EventBase & { readonly type: "set" })
  /** A key was deleted. */
  | (EventBase & { readonly type: "delete" })
  /** A key was made stale. */
  | (EventBase & { readonly type: "expire" })
  /** Tags, or a region, were invalidated. */
  | (EventBase & {
      readonly type: "invalidate"
      readonly mode: "hard" | "soft"
      readonly tags?: readonly string[]
    })
  /** A cache or region was cleared. */
  | (EventBase & { readonly type: "clear" })
  /** An adapter dropped an entry to keep its bounds. With a near tier, `tier` tells which one did. */
  | (EventBase & { readonly type: "evict"; readonly tier?: Tier })
  /** An error that reaches no caller: the storage failed, or a loaded value cannot be stored. */
  | (EventBase & { readonly type: "error"; readonly error: unknown; readonly tier?: Tier })

/** Why a stale value was served. */
export type StaleReason =
  /** The caller asked for it: `stale: true`. */
  | "asked"
  /** `softTimeout` or `hardTimeout` passed before the load ended. */
  | "timeout"
  /** The load failed. */
  | "failed"
  /** Another process holds the lease, and loads. */
  | "held"
  /** A load failed just before, and the next attempt is not due yet. */
  | "backoff"

/** Every type of event, or `*` for all. */
export const eventTypes =
  "hit stale miss load loaded failed coalesced set delete expire invalidate clear evict error *"

/** The kinds of events. */
export type CacheEventType = CacheEvent["type"]

/** The event of one type, or any (`"*"`). */
export type EventOf<T extends CacheEventType | "*"> = T extends "*"
  ? CacheEvent
  : Extract<CacheEvent, { type: T }>

/** Dispatches events to listeners. A listener that throws disturbs nothing. */
export class Events {
  /** How many listeners there are. Callers check this before they build an event. */
  listening = 0
  readonly #byType = new Map<string, Listeners<CacheEvent>>()

  /** Calls `listener` for each event of `type`. Returns a function that stops it. */
  on(type: string, listener: (event: CacheEvent) => void): () => void {
    const listeners = this.#byType.get(type) ?? new Listeners()
    this.#byType.set(type, listeners)
    const stop = listeners.add(listener)
    this.listening++
    return () => {
      if (stop()) this.listening--
    }
  }

  /** Calls the listeners of the event's type, then those of all types. */
  emit(event: CacheEvent): void {
    for (const type of [event.type, "*"]) this.#byType.get(type)?.tell(event)
  }
}
