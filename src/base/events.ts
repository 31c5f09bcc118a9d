import type { MissReason } from "./errors.ts"

interface Base {
  /** The key as given, arrays in canonical text. */
  readonly key: string
  /** The region it happened in, outermost first, joined by ":"; absent at the top. */
  readonly region?: string
  /** Milliseconds since epoch. */
  readonly at: number
}

/** What happens in a cache. Values are never part of an event. */
export type CacheEvent =
  | (Base & { readonly type: "hit"; readonly age: number })
  | (Base & { readonly type: "stale"; readonly age: number; readonly reason: StaleReason })
  | (Base & { readonly type: "miss"; readonly reason: MissReason })
  | (Base & { readonly type: "load" })
  | (Base & { readonly type: "loaded"; readonly duration: number })
  | (Base & { readonly type: "failed"; readonly duration: number; readonly error: unknown })
  | (Base & { readonly type: "coalesced" })
  | (Base & { readonly type: "set" })
  | (Base & { readonly type: "delete" })
  | (Base & { readonly type: "expire" })
  | (Base & {
      readonly type: "invalidate"
      readonly mode: "hard" | "soft"
      readonly tags?: readonly string[]
    })
  | (Base & { readonly type: "clear" })
  | (Base & { readonly type: "evict"; readonly tier?: "near" | "far" })
  | (Base & { readonly type: "error"; readonly error: unknown; readonly tier?: "near" | "far" })

/** Why a stale value was served. */
export type StaleReason = "asked" | "timeout" | "failed" | "held" | "backoff"

/** The kinds of events. */
export type CacheEventType = CacheEvent["type"]

/** An event of one kind, or of any (`"*"`). */
export type EventOf<T extends CacheEventType | "*"> = T extends "*"
  ? CacheEvent
  : Extract<CacheEvent, { type: T }>

type Listener = (event: CacheEvent) => void

/** Hands events to listeners. A listener that throws disturbs nobody. */
export class Events {
  /** How many listen: ask before building an event. */
  listening = 0
  readonly #listeners = new Map<string, Set<Listener>>()

  /** Calls `listener` for each event of `type`; answers how to stop. */
  on(type: string, listener: Listener): () => void {
    const call: Listener = (event) => listener(event)
    const set = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, set.add(call))
    this.listening++
    return () => {
      if (set.delete(call)) this.listening--
    }
  }

  emit(event: CacheEvent): void {
    for (const type of [event.type, "*"]) {
      for (const listener of [...(this.#listeners.get(type) ?? [])]) {
        try {
          // An async listener's rejection is as harmless as a throw.
          const result: unknown = listener(event)
          if (result instanceof Promise) result.catch(() => {})
        } catch {}
      }
    }
  }
}
