import type { Bus } from "../../src/base/bus.ts"

/** A bus on which nothing is ever said, and how many listen to it. */
export function heardBus(): { readonly bus: Bus; listeners(): number } {
  let count = 0
  const bus: Bus = {
    publish() {},
    subscribe() {
      count++
      return () => void count--
    },
  }
  return { bus, listeners: () => count }
}
