/**
 * Stores nothing.
 *
 * @module isocache/adapters/none
 */

import type { Adapter, Stored } from "../src/adapter.ts"
import { judgeOptions } from "../src/base/rules.ts"

/** The adapter that stores nothing. */
export interface NoneAdapter extends Adapter {
  readonly name: "none"
  readonly medium: "object"
  readonly copy: "clone"
  get(key: string): undefined
  set(key: string, record: Stored, ttl: number): void
  delete(key: string): boolean
  clear(prefix: string): void
  getMany(keys: readonly string[]): undefined[]
  setMany(entries: readonly (readonly [key: string, record: Stored, ttl: number])[]): void
  deleteMany(keys: readonly string[]): number
  add(key: string, record: Stored, ttl: number): boolean
  keys(prefix: string): string[]
  prune(now: number): number
}

/**
 * Stores nothing: every read is a miss, every write succeeds. Concurrent loads are still shared.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` if it is given options.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { none } from "isocache/adapters/none"
 *
 * const cache = new CacheWrapper({ adapter: none() })
 * await cache.set("k", 1)
 * await cache.get("k") // undefined
 * ```
 */
export function none(options: Readonly<Record<string, never>> = {}): NoneAdapter {
  judgeOptions(options, {}, " of none()")
  return {
    name: "none",
    medium: "object",
    // So that values that no storage keeps are refused here, too.
    copy: "clone",
    get: () => undefined,
    set() {},
    delete: () => false,
    clear() {},
    getMany: (keys) => keys.map(() => undefined),
    setMany() {},
    deleteMany: () => 0,
    add: () => true,
    keys: () => [],
    prune: () => 0,
  }
}
