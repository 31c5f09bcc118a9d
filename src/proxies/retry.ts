import { type Adapter, type Awaitable, assertAdapter, isToken } from "../adapter.ts"
import { isPromise } from "../base/awaitable.ts"
import { now, sleep } from "../base/clock.ts"
import { type Duration, parseDuration } from "../base/duration.ts"
import { aCount, aDuration, judgeOptions, type Rule } from "../base/rules.ts"
import { aroundAll, isStorageTrouble, type Operation } from "./calls.ts"
import { isRefusal } from "./circuit-breaker.ts"
import { proxy } from "./delegate.ts"

/** Options of {@link retry}. */
export interface RetryOptions {
  /** How often an operation is attempted in total. Default 3. */
  readonly attempts?: number | undefined
  /** The minimum wait between two attempts. Default 50 ms. */
  readonly minDelay?: Duration | undefined
  /** The maximum wait between two attempts. Default 1 s. */
  readonly maxDelay?: Duration | undefined
}

/** How many retries the budget holds, initially and at most. */
const maxSaved = 100
/** What every operation adds to it: a storage that is down gets a fifth more requests, not three times as many. */
const saving = 0.2
/** How long the attempts of a write may take in total, in ms: a later one would overwrite what others have written. */
const writeTime = 1000

/**
 * Retries what failed because of the storage, after a random, growing wait.
 *
 * - `add` and `lock` are never repeated, because they are not idempotent.
 * - The version of a tag or region is never written again: it could overwrite a newer one, and undo that invalidation.
 * - Other writes are repeated until their attempts have taken one second in total, not counting the waits.
 * - Failures that a retry cannot fix, such as too large a value, are not repeated.
 * - Retries have a budget: up to a hundred are saved up, and every five operations add one.
 *
 * The waits follow "Exponential Backoff And Jitter" (Brooker, 2015), decorrelated.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID` for invalid options.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { upstash } from "isocache/adapters/upstash"
 * import { retry } from "isocache/proxies"
 *
 * const cache = new CacheWrapper({ adapter: retry(upstash(), { attempts: 2 }) })
 * ```
 */
export function retry(adapter: Adapter, options: RetryOptions = {}): Adapter {
  assertAdapter(adapter, "retry()")
  judgeOptions(options, rules, " of retry()")
  const { attempts = 3 } = options
  const minDelay = parseDuration(options.minDelay ?? 50)
  const maxDelay = Math.max(minDelay, parseDuration(options.maxDelay ?? 1000))
  let saved = maxSaved

  function mayRetry(attempt: number, error: unknown): boolean {
    if (attempt >= attempts || saved < 1 || isRefusal(error) || !isStorageTrouble(error)) return false
    saved--
    return true
  }

  async function again<T>(run: () => Awaitable<T>, first: unknown, until: number): Promise<T> {
    let error = first
    let delay = minDelay
    let waited = 0
    for (let attempt = 1; now() < until + waited && mayRetry(attempt, error); attempt++) {
      // Random from the first one, so that callers that fail together do not return together.
      delay = Math.min(maxDelay, minDelay + Math.random() * (3 * delay - minDelay))
      waited += delay
      await sleep(delay)
      try {
        return await run()
      } catch (next) {
        error = next
      }
    }
    throw error
  }

  const tried = aroundAll(adapter, (operation, run) => {
    if (neverRepeated.has(operation)) return run()
    saved = Math.min(maxSaved, saved + saving)
    const until = writes.has(operation) ? now() + writeTime : Infinity
    try {
      const result = run()
      return isPromise(result) ? result.catch((error: unknown) => again(run, error, until)) : result
    } catch (error) {
      return again(run, error, until)
    }
  })
  return proxy(tried, {
    set: (key, record, ttl) => (isToken(key) ? adapter : tried).set(key, record, ttl),
    setMany: (entries) => (entries.some(([key]) => isToken(key)) ? adapter : tried).setMany?.(entries),
  })
}

const rules: Readonly<Record<keyof RetryOptions, Rule>> = {
  attempts: aCount,
  minDelay: aDuration,
  maxDelay: aDuration,
}

const neverRepeated: ReadonlySet<Operation> = new Set<Operation>(["add", "lock"])
const writes: ReadonlySet<Operation> = new Set<Operation>(["set", "setMany", "delete", "deleteMany", "clear"])
