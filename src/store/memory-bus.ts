import type { Bus, BusMessage } from "../base/bus.ts"
import { Listeners } from "../base/listeners.ts"

/**
 * A bus within this realm, for tests and for several caches over one storage. Synchronous; never loses a message.
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
  const listeners = new Listeners<BusMessage>()
  let isOver = false
  return {
    publish: (message) => listeners.tell(message),
    subscribe: (listener) => (isOver ? () => {} : listeners.add(listener)),
    close() {
      isOver = true
      listeners.clear()
    },
  }
}
