/**
 * For tests of code that caches: an adapter that misbehaves on command, and a record of events.
 *
 * @module isocache/testing
 */

export type { Adapter, Awaitable } from "./adapter.ts"
export type { CacheEvent } from "./base/events.ts"
export { chaos, type Faults } from "./testing/chaos.ts"
export { logLine, type Trace, type Traceable, trace } from "./testing/trace.ts"
