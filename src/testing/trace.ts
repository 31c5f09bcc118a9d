import { CacheError, shortKey } from "../base/errors.ts"
import type { CacheEvent } from "../base/events.ts"

/** Anything with a cache's events. */
export interface Traceable {
  /** Calls `listener` for all events. Returns a function that unsubscribes. */
  on(type: "*", listener: (event: CacheEvent) => void): () => void
}

/** A record of a cache's events. */
export interface Trace {
  /** In order; grows as events happen. */
  readonly events: CacheEvent[]
  /** Stops recording. */
  off(): void
}

/**
 * Records the events of `cache` from now on.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { trace } from "isocache/testing"
 *
 * const cache = new CacheWrapper()
 * const { events, off } = trace(cache)
 * await cache.getOrSet("k", () => 1)
 * events.map(({ type }) => type) // ["miss", "load", "loaded", "set"]
 * off()
 * ```
 */
export function trace(cache: Traceable): Trace {
  const events: CacheEvent[] = []
  const off = cache.on("*", (event) => events.push(event))
  return { events, off }
}

/**
 * An event as one line of JSON for logs. Keys are shortened; values never appear. Of an error, only its name and code
 * are included, and its message only if it is this library's own, because those of others may contain anything.
 *
 * @example
 * ```ts
 * import { cached } from "isocache"
 * import { logLine } from "isocache/testing"
 *
 * cached.on("error", (event) => console.error(logLine(event)))
 * ```
 */
export function logLine(event: CacheEvent): string {
  const { type, key, at, region, ...more } = event
  const details = Object.entries(more).map(([name, value]): [string, unknown] => [
    name,
    name === "error" ? errorOf(value) : value,
  ])
  return JSON.stringify({
    time: new Date(at).toISOString(),
    event: type,
    // Without the quotes, which JSON adds itself.
    ...(key !== "" && { key: JSON.parse(shortKey(key)) }),
    ...(region !== undefined && { region }),
    ...Object.fromEntries(details),
  })
}

function errorOf(error: unknown): unknown {
  if (error instanceof CacheError) return { name: error.name, code: error.code, message: error.message }
  if (!(error instanceof Error)) return { name: typeof error }
  const code: unknown = Reflect.get(error, "code")
  return { name: error.name, ...(typeof code === "string" && { code }) }
}
