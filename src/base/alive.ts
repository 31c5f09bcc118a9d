import { quietly } from "./awaitable.ts"
import { workers } from "./workers.ts"

/** Keeps work alive after its caller has gone. A Worker's `ctx` is one. */
export interface WaitUntil {
  /** Keeps the request alive until `promise` settles. */
  waitUntil(promise: Promise<unknown>): void
}

/**
 * Keeps the current request alive until `work` settles, by `hook` or the runtime's own `waitUntil`; a no-op without
 * either. How `work` ends is ignored.
 */
export function keepAlive(work: Promise<unknown>, hook: Partial<WaitUntil> = workers): void {
  const quiet = work.then(ignore, ignore)
  // Outside of a request (at the global scope, or after the response) nothing can be kept alive.
  quietly(() => hook.waitUntil?.(quiet))
}

function ignore(): void {}
