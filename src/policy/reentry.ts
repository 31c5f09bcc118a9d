import { builtinModule } from "../base/environment.ts"
import type { Flight } from "./flight.ts"

/** The flights that a fallback, and all that it calls, runs inside of. */
export class Running {
  /** Those that are not over yet: one, or many by key. */
  #flights: Flight | Map<string, Flight> | undefined
  /** What the caller of the fallback ran inside of. */
  above: Running | undefined

  constructor(flights: readonly Flight[], above: Running | undefined) {
    this.#flights = flights.length === 1 ? flights[0] : new Map(flights.map((flight) => [flight.key, flight]))
    this.above = above
    for (const flight of flights) flight.contexts = [...flight.contexts, this]
  }

  all(): readonly Flight[] {
    const flights = this.#flights
    return flights instanceof Map ? [...flights.values()] : flights ? [flights] : []
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

/** Runs `work` so that what it calls can tell it runs inside `flights`. */
export function inside<R>(flights: readonly Flight[], work: () => R): R {
  context ??= asyncContext()
  if (!context) return work()
  const running = new Running(flights, context.getStore())
  // Skips what is over: in a chain of loads, each begun by the one before, the last would keep all of them in memory.
  for (let at = running; at.above; ) {
    if (!at.above.isOver) at = at.above
    else at.above = at.above.above
  }
  return context.run(running, work)
}

/** The flights of the fallback that the caller runs inside: of the innermost, not of those around it. */
export function innermost(): readonly Flight[] {
  return context?.getStore()?.all() ?? []
}

/** Whether the caller runs inside a load of `key` among the flights of `home`, beaten or not. */
export function isInside(home: object, key: string): boolean {
  for (let at = context?.getStore(); at; at = at.above) if (at.get(key)?.home === home) return true
  return false
}

/** Asynchronous context, where the runtime has it: Node, Deno, Bun, workerd with it switched on. */
function asyncContext(): AsyncContext | null {
  const { AsyncLocalStorage } = Object(builtinModule("node:async_hooks"))
  try {
    // The class by this name has this shape in every runtime that has it.
    return AsyncLocalStorage ? (Reflect.construct(AsyncLocalStorage, []) as AsyncContext) : null
  } catch {
    return null
  }
}
