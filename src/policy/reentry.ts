import { builtinModule } from "../base/environment.ts"
import type { Flight } from "./flight.ts"

/** The flights whose fallback is running in an async context. */
export class Running {
  /** Those that have not ended: one, or many by key. */
  #flights: Flight | Map<string, Flight> | undefined
  /** The context that the fallback was called from. */
  above: Running | undefined

  constructor(flights: readonly Flight[], above: Running | undefined) {
    this.#flights = flights.length === 1 ? flights[0] : new Map(flights.map((flight) => [flight.key, flight]))
    this.above = above
    for (const flight of flights) flight.contexts = [...flight.contexts, this]
  }

  get(key: string): Flight | undefined {
    const flights = this.#flights
    return flights instanceof Map ? flights.get(key) : flights?.key === key ? flights : undefined
  }

  drop(flight: Flight): void {
    const flights = this.#flights
    if (flights instanceof Map) flights.delete(flight.key)
    else this.#flights = undefined
  }

  get isOver(): boolean {
    const flights = this.#flights
    return flights instanceof Map ? flights.size === 0 : flights === undefined
  }
}

interface AsyncContext {
  run<R>(store: Running, work: () => R): R
  getStore(): Running | undefined
}

let context: AsyncContext | null | undefined

/** Runs `work` so that code it calls can tell that it runs inside `flights`. */
export function inside<R>(flights: readonly Flight[], work: () => R): R {
  context ??= asyncContext()
  if (!context) return work()
  const running = new Running(flights, context.getStore())
  // Skips contexts that have ended: in a chain of loads, the last one would keep all others in memory.
  for (let at = running; at.above; ) {
    if (!at.above.isOver) at = at.above
    else at.above = at.above.above
  }
  return context.run(running, work)
}

/** Whether the caller runs inside a load of `key` among the flights of `home`, fenced or not. */
export function isInside(home: object, key: string): boolean {
  for (let at = context?.getStore(); at; at = at.above) if (at.get(key)?.home === home) return true
  return false
}

/** Asynchronous context, where the runtime has it: Node, Deno, Bun, and workerd with it enabled. */
function asyncContext(): AsyncContext | null {
  const { AsyncLocalStorage } = Object(builtinModule("node:async_hooks"))
  try {
    // The class of this name has this shape in every runtime.
    return AsyncLocalStorage ? (Reflect.construct(AsyncLocalStorage, []) as AsyncContext) : null
  } catch {
    return null
  }
}
