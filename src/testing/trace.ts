import { CacheError, shortKey } from "../base/errors.ts"
import type { CacheEvent } from "../base/events.ts"

/** What has events: a cache. */
export interface Traceable {
  /** Calls `listener` for all events. Returns a function that stops it. */
  on(type: "*", listener: (event: CacheEvent) => void): () => void
}

/** The events of a cache so far. */
export interface Trace {
  /** In order; grows while the cache works. */
  readonly events: CacheEvent[]
  /** Stops listening. */
  off(): void
}

/**
 * Writes down what happens in `cache` from now on.
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
 * An event as one line of JSON for a log. Keys are shortened, and there are no values in it. An error is told by its
 * name and code; its message is told only if it is this library's own, for those of others may hold anything.
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
