import { type Adapter, type Awaitable, assertAdapter, type Stored } from "../adapter.ts"
import { isPromise, quietly } from "../base/awaitable.ts"
import { sleep } from "../base/clock.ts"
import { judgeOptions, type Rule, rule } from "../base/rules.ts"
import { type Around, aroundAll, type Operation } from "../proxies/calls.ts"
import { proxy } from "../proxies/delegate.ts"
import { damaged } from "./damage.ts"

/** The faults, each a probability from 0 to 1 per operation. Default 0. */
export interface Faults {
  /** The same seed causes the same faults for the same order of operations. Default 1. */
  readonly seed?: number | undefined
  /** How long each operation takes, in ms. Default 0: no delay, and a synchronous adapter stays synchronous. */
  latency?: number | undefined
  /** The operation rejects without reaching the storage. */
  fail?: number | undefined
  /** The operation never settles; a write may have reached the storage. */
  hang?: number | undefined
  /** The record read or written is gone from the storage, as if evicted; no older one returns. */
  lose?: number | undefined
  /** The record read is damaged. */
  corrupt?: number | undefined
  /** The operation reaches the storage twice; the first result counts. */
  duplicate?: number | undefined
}

const quantity = rule((value) => typeof value === "number" && value >= 0, "a number from 0")
const probability = rule(
  (value) => typeof value === "number" && value >= 0 && value <= 1,
  "a number from 0 to 1",
)
const rules: Readonly<Record<keyof Faults, Rule>> = {
  seed: quantity,
  latency: quantity,
  fail: probability,
  hang: probability,
  lose: probability,
  corrupt: probability,
  duplicate: probability,
}
const writes: ReadonlySet<Operation> = new Set<Operation>([
  "set",
  "setMany",
  "delete",
  "deleteMany",
  "clear",
  "add",
  "prune",
])

/**
 * An adapter with the abilities of `adapter` that fails, hangs, delays, loses and corrupts on command.
 *
 * `faults` is read on each operation: change its members to change the behaviour. `peek`, `tokenChanges`, `observe` and
 * `close` are not affected. Without faults it behaves like `adapter`.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown fault, or a number out of range.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { memory } from "isocache/adapters/memory"
 * import { chaos } from "isocache/testing"
 *
 * const faults = { seed: 7, fail: 0.5 }
 * const cache = new CacheWrapper({ adapter: chaos(memory(), faults) })
 * await cache.getOrSet("k", () => 1) // 1, whatever the storage does
 * faults.fail = 0 // the storage has recovered
 * ```
 */
export function chaos(adapter: Adapter, faults: Faults = {}): Adapter {
  assertAdapter(adapter, "chaos()")
  judgeOptions(faults, rules, " of chaos()")
  const random = generator(faults.seed ?? 1)

  /** Draws random numbers for one operation, always the same count, so that one fault does not shift the others. */
  function fate(): Fate {
    const { fail = 0, hang = 0, lose = 0, corrupt = 0, duplicate = 0 } = faults
    const [f, h, l, c, d] = [random(), random(), random(), random(), random()]
    return {
      fails: f < fail,
      hangs: h < hang,
      loses: l < lose,
      corrupts: c < corrupt,
      doubles: d < duplicate,
      at: random(),
    }
  }

  const around: Around = (operation, run) => {
    const { latency = 0 } = faults
    const fated = fate()
    if (latency > 0) return sleep(latency).then(() => strike(adapter.name, operation, fated, run))
    return strike(adapter.name, operation, fated, run)
  }
  const struck = aroundAll(adapter, around)

  /** The result of a read, possibly lost or damaged. */
  function seen(key: string, record: Stored | undefined): Awaitable<Stored | undefined> {
    const { loses, corrupts, at } = fate()
    if (record === undefined) return undefined
    if (loses) return gone(adapter.delete(key))
    return corrupts ? damaged(record, at) : record
  }
  /** The result of a write, whose records may be lost. An `add` that returns false has written none. */
  function written<T>(keys: readonly string[], result: Awaitable<T>): Awaitable<T> {
    if (!fate().loses) return result
    return Promise.resolve(result).then(async (value) => {
      if (value !== false) for (const key of keys) await adapter.delete(key)
      return value
    })
  }

  return proxy(struck, {
    get(key) {
      const record = struck.get(key)
      return isPromise(record) ? record.then((late) => seen(key, late)) : seen(key, record)
    },
    getMany(keys) {
      const all = (records: readonly (Stored | undefined)[]) => {
        const each = keys.map((key, at) => seen(key, records[at]))
        return each.some(isPromise) ? Promise.all(each) : (each as (Stored | undefined)[]) // none is a promise
      }
      const records = struck.getMany?.(keys) ?? []
      return isPromise(records) ? records.then(all) : all(records)
    },
    set: (key, record, ttl) => written([key], struck.set(key, record, ttl)),
    add: (key, record, ttl) => written([key], struck.add?.(key, record, ttl) ?? false),
    setMany: (entries) =>
      written(
        entries.map(([key]) => key),
        struck.setMany?.(entries),
      ),
  })
}

/** What happens to one operation. */
interface Fate {
  readonly fails: boolean
  readonly hangs: boolean
  readonly loses: boolean
  readonly corrupts: boolean
  readonly doubles: boolean
  /** From 0 to 1: where a record is damaged, and whether a hanging write has reached the storage. */
  readonly at: number
}

/** Runs an operation with its faults. */
function strike<T>(name: string, operation: Operation, fated: Fate, run: () => Awaitable<T>): Awaitable<T> {
  if (fated.fails) return Promise.reject(new Error(`Chaos: ${operation} of "${name}" failed.`))
  // Half of the hanging writes reach the storage.
  if (fated.hangs) {
    if (writes.has(operation) && fated.at < 0.5) quietly(run)
    return new Promise(() => {})
  }
  const result = run()
  if (fated.doubles && operation !== "keys") quietly(run)
  return result
}

function gone(deleted: Awaitable<boolean>): Awaitable<undefined> {
  return isPromise(deleted) ? deleted.then(() => undefined) : undefined
}

/** Random numbers from 0 to 1, reproducible by seed: mulberry32 (Ettinger). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
