import { type Adapter, type Awaitable, assertAdapter, type Stored } from "../adapter.ts"
import { isPromise, quietly } from "../base/awaitable.ts"
import { sleep } from "../base/clock.ts"
import { judgeOptions, type Rule, rule } from "../base/rules.ts"
import { type Around, aroundAll, type Operation } from "../proxies/calls.ts"
import { proxy } from "../proxies/delegate.ts"
import { damaged } from "./damage.ts"

/** What goes wrong, each a probability from 0 to 1 for every operation. Default 0. */
export interface Faults {
  /** The same seed, the same faults in the same order of operations. Default 1. */
  readonly seed?: number | undefined
  /** How long each operation takes, in ms. Default 0: none, and a synchronous adapter stays one. */
  latency?: number | undefined
  /** The operation rejects, and does not reach the storage. */
  fail?: number | undefined
  /** The operation never settles; a write may have reached the storage. */
  hang?: number | undefined
  /** The record that is read or written is gone from the storage, as if evicted; nothing older comes back. */
  lose?: number | undefined
  /** The record that is read is damaged. */
  corrupt?: number | undefined
  /** The operation reaches the storage twice; the first answer counts. */
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
 * It looks at `faults` anew on each operation: change its members to change the weather. `peek`, `tokenChanges`,
 * `observe` and `close` are spared. Without faults it is `adapter`.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown fault, or a number out of its range.
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
 * faults.fail = 0 // the weather clears
 * ```
 */
export function chaos(adapter: Adapter, faults: Faults = {}): Adapter {
  assertAdapter(adapter, "chaos()")
  judgeOptions(faults, rules, " of chaos()")
  const random = generator(faults.seed ?? 1)

  /** Throws the dice for one operation: always the same number, so that one fault does not shift the others. */
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

  /** The answer of a read, perhaps lost or damaged. */
  function seen(key: string, record: Stored | undefined): Awaitable<Stored | undefined> {
    const { loses, corrupts, at } = fate()
    if (record === undefined) return undefined
    if (loses) return gone(adapter.delete(key))
    return corrupts ? damaged(record, at) : record
  }
  /** The answer of a write, whose records are perhaps lost. An `add` that answers false has written none. */
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
  /** From 0 to 1: where a record is damaged, and whether a write that hangs has reached the storage. */
  readonly at: number
}

/** Runs an operation as it is fated to. */
function strike<T>(name: string, operation: Operation, fated: Fate, run: () => Awaitable<T>): Awaitable<T> {
  if (fated.fails) return Promise.reject(new Error(`Chaos: ${operation} of "${name}" failed.`))
  // Half of the writes that hang reach the storage.
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

/** Numbers from 0 to 1, the same for the same seed: mulberry32 (Ettinger). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
