import { builtinModule } from "../base/environment.ts"
import type { Flight } from "./flight.ts"

interface Running {
  readonly flights: readonly Flight[]
  readonly above: Running | undefined
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
  let above = context.getStore()
  // Nobody waits for what is over, and a load that arranges the next one would keep all before it for ever.
  while (above?.flights.every(({ outcome }) => outcome)) above = above.above
  return context.run({ flights, above }, work)
}

/** The flights that the caller runs inside, the innermost alone. */
export function innermost(): readonly Flight[] {
  return context?.getStore()?.flights ?? []
}

/** Whether the caller runs inside a load of `key` among the flights of `home`, beaten or not. */
export function isInside(home: object, key: string): boolean {
  const isThis = (flight: Flight) => flight.home === home && flight.key === key && !flight.outcome
  for (let at = context?.getStore(); at; at = at.above) if (at.flights.some(isThis)) return true
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
