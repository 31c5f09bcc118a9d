/**
 * Adapters around adapters: to retry, to time out, to spare a storage that is down.
 *
 * @module isocache/proxies
 */

export type { Adapter, AdapterEvent, Awaitable, Lease, Stored } from "./adapter.ts"
export { type CircuitBreakerOptions, type CircuitState, circuitBreaker } from "./proxies/circuit-breaker.ts"
export { delegate } from "./proxies/delegate.ts"
export { readOnly } from "./proxies/read-only.ts"
export { type RetryOptions, retry } from "./proxies/retry.ts"
export { storeTimeout } from "./proxies/store-timeout.ts"
