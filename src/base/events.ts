import type { MissReason } from "./errors.ts"
import { Listeners } from "./listeners.ts"

/** One of two storages: the one in front, or the one behind it. */
export type Tier = "near" | "far"

/** What every event says. */
export interface EventBase {
  /** The key as given, arrays in canonical text; `""` where it is about no single key (`invalidate`, `clear`, some `error`s). */
  readonly key: string
  /** The region it happened in, outermost first, joined by ":"; absent at the top. */
  readonly region?: string
  /** Milliseconds since epoch. */
  readonly at: number
}

/** What happens in a cache, by `type`. `age` and `duration` are ms. Values are never part of an event. */
export type CacheEvent =
  /** A fresh value was served; with a tier in front `tier` says which of the two had it. */
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
  /** An adapter let an entry go to keep its bounds; with a tier in front `tier` says which of the two did. */
  | (EventBase & { readonly type: "evict"; readonly tier?: Tier })
  /** Trouble that no caller is told of: a storage that fails, a loaded value that cannot be stored. */
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
  /** A load failed a moment ago, and the next attempt is not due. */
  | "backoff"

/** All types of events, and `*`, which stands for any. */
export const eventTypes =
  "hit stale miss load loaded failed coalesced set delete expire invalidate clear evict error *"

/** The kinds of events. */
export type CacheEventType = CacheEvent["type"]

/** An event of one kind, or of any (`"*"`). */
export type EventOf<T extends CacheEventType | "*"> = T extends "*"
  ? CacheEvent
  : Extract<CacheEvent, { type: T }>

/** Hands events to listeners. A listener that throws disturbs nobody. */
export class Events {
  /** How many listen. Callers look before they build an event. */
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

  /** Hands `event` to those who listen to its type, and then to those who listen to all. */
  emit(event: CacheEvent): void {
    for (const type of [event.type, "*"]) this.#byType.get(type)?.tell(event)
  }
}
