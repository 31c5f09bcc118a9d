import type { Adapter, AdapterEvent, Stored } from "../../src/adapter.ts"
import type { Bus } from "../../src/base/bus.ts"
import { memoryBus } from "../../src/tiers.ts"
import type { Broken } from "./breaks.ts"

/** Tells of each write, and lets whoever listens fail it. */
export const outspoken: Broken = (it) => {
  const listeners = new Set<(event: AdapterEvent) => void>()
  return {
    set(key, record, ttl) {
      it.set(key, record, ttl)
      for (const listener of listeners) listener({ type: "evict", key })
    },
    observe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** A bus that nobody hears. */
export const mute: Bus = { publish() {}, subscribe: () => () => {} }

const bus = memoryBus()
/** A bus that nobody can leave. */
export const endlessBus: Bus = {
  ...bus,
  subscribe(listener) {
    bus.subscribe(listener)
    return () => {}
  },
}

/** Says that it copies what it keeps, and does so on one of the two ways, or on none. */
export function sharing(copies: "in" | "out" | "never"): Broken {
  const held = new Map<string, Stored>()
  const copy = (record: Stored, way: typeof copies) => (way === copies ? structuredClone(record) : record)
  const own: Partial<Adapter> = {
    medium: "object",
    copy: "own",
    get: (key) => copy(held.get(key), "out"),
    set: (key, record) => void held.set(key, copy(record, "in")),
  }
  return () => own
}

/** Counts what is written, by any way but one. */
export function countingAllBut(
  uncounted: "set" | "delete" | "clear" | "setMany" | "deleteMany" | "add",
): Broken {
  return (it) => {
    let changes = 0
    const counted = (["set", "delete", "clear", "setMany", "deleteMany", "add"] as const).map((way) => {
      const write = (...args: readonly unknown[]): unknown => {
        if (way !== uncounted) changes++
        return Reflect.apply(it[way], it, args)
      }
      return [way, write]
    })
    return { ...Object.fromEntries(counted), tokenChanges: () => changes }
  }
}
