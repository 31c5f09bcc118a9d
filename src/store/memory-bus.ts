import type { Bus, BusMessage } from "../base/bus.ts"

/**
 * A bus within this realm, for tests and for several caches over one storage: synchronous, loses nothing.
 *
 * @example
 * ```ts
 * import { memory } from "isocache/adapters/memory"
 * import { memoryBus, tiered } from "isocache/tiers"
 *
 * const far = memory()
 * const bus = memoryBus()
 * const [one, other] = [0, 1].map(() => tiered({ near: memory(), far, bus }))
 * ```
 */
export function memoryBus(): Bus {
  const listeners = new Set<(message: BusMessage) => void>()
  return {
    publish(message) {
      for (const listener of [...listeners]) {
        try {
          listener(message)
        } catch {
          // A listener that throws disturbs nobody.
        }
      }
    },
    subscribe(listener) {
      const own = (message: BusMessage): void => listener(message)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    close: () => listeners.clear(),
  }
}
