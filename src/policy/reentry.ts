import { builtinModule } from "../base/environment.ts"
import type { Flight } from "./flight.ts"

interface Running {
  /** By key, until they are over. */
  readonly flights: Map<string, Flight>
  above: Running | undefined
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
  const running: Running = { flights: new Map(), above: context.getStore() }
  for (const flight of flights) {
    running.flights.set(flight.key, flight)
    flight.contexts.push(running.flights)
  }
  // Nobody waits for what is over, and a load that begins the next one would keep all before it for ever.
  for (let at = running; at.above; ) {
    if (at.above.flights.size > 0) at = at.above
    else at.above = at.above.above
  }
  return context.run(running, work)
}

/** The flights that the caller runs inside, the innermost alone. */
export function innermost(): readonly Flight[] {
  return [...(context?.getStore()?.flights.values() ?? [])]
}

/** Whether the caller runs inside a load of `key` among the flights of `home`, beaten or not. */
export function isInside(home: object, key: string): boolean {
  for (let at = context?.getStore(); at; at = at.above) if (at.flights.get(key)?.home === home) return true
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
