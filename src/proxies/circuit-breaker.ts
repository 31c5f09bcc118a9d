import { type Adapter, type Awaitable, assertAdapter } from "../adapter.ts"
import { isPromise, quietly } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { type Duration, parseDuration } from "../base/duration.ts"
import { CacheError } from "../base/errors.ts"
import { isObject } from "../base/kind.ts"
import { aCount, aDuration, aFunction, judgeOptions, type Rule } from "../base/rules.ts"
import { aroundAll, isStorageTrouble } from "./calls.ts"

/** Options of {@link circuitBreaker}. */
export interface CircuitBreakerOptions {
  /** How many failures in a row open the circuit. Default 5. */
  readonly failures?: number | undefined
  /** How long it stays open before one operation may probe the storage. Default 30 s. */
  readonly resetAfter?: Duration | undefined
  /** Called with each new state. */
  readonly onChange?: ((state: CircuitState) => void) | undefined
}

/** Closed: all operations pass. Open: none does. Half-open: one probe does. */
export type CircuitState = "closed" | "open" | "half-open"

/**
 * Protects callers from a storage that is down: after some failures in a row, every operation fails immediately with
 * `ADAPTER_UNAVAILABLE`, until a probe succeeds.
 *
 * An operation that hangs has not failed: wrap the adapter in `storeTimeout` first,
 * `circuitBreaker(storeTimeout(adapter, 500))`. A caller's own mistakes, such as too large a value, do not count as
 * failures. `peek` and `close` always pass.
 *
 * After "Release It!" (Nygard, 2007).
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID` for invalid options.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { upstash } from "isocache/adapters/upstash"
 * import { circuitBreaker, storeTimeout } from "isocache/proxies"
 *
 * const cache = new CacheWrapper({ adapter: circuitBreaker(storeTimeout(upstash(), 500)) })
 * ```
 */
export function circuitBreaker(adapter: Adapter, options: CircuitBreakerOptions = {}): Adapter {
  assertAdapter(adapter, "circuitBreaker()")
  judgeOptions(options, rules, " of circuitBreaker()")
  const { failures = 5, resetAfter = 30_000, onChange } = options
  const circuit = new Circuit(adapter.name, failures, parseDuration(resetAfter), (state) =>
    quietly(() => onChange?.(state)),
  )
  return aroundAll(adapter, (_, run) => circuit.run(run))
}

const rules: Readonly<Record<keyof CircuitBreakerOptions, Rule>> = {
  failures: aCount,
  resetAfter: aDuration,
  onChange: aFunction,
}

/** Whether a breaker threw `error`, so that an immediate retry is pointless. */
export function isRefusal(error: unknown): boolean {
  return isObject(error) && refusals.has(error)
}

const refusals = new WeakSet<object>()

class Circuit {
  readonly #name: string
  readonly #maxFailures: number
  readonly #resetAfter: number
  readonly #tell: (state: CircuitState) => void
  #state: CircuitState = "closed"
  #failed = 0
  /** When it opened or let the last probe pass, in ms since epoch. */
  #since = 0
  /** Counts changes and probes: the result of an operation that began before one says nothing about the time after. */
  #era = 0
  /** Whether the adapter last returned a promise. Then it rejects; for a synchronous adapter it throws. */
  #answersLater = false

  constructor(name: string, most: number, resetAfter: number, tell: (state: CircuitState) => void) {
    this.#name = name
    this.#maxFailures = most
    this.#resetAfter = resetAfter
    this.#tell = tell
  }

  run<T>(operation: () => Awaitable<T>): Awaitable<T> {
    const refusal = this.#state === "closed" ? undefined : this.#admit()
    if (refusal && this.#answersLater) return Promise.reject(refusal)
    if (refusal) throw refusal
    const era = this.#era
    let result: Awaitable<T>
    try {
      result = operation()
    } catch (error) {
      this.#rejected(era, error)
      throw error
    }
    this.#answersLater = isPromise(result)
    if (!isPromise(result)) {
      this.#succeeded(era)
      return result
    }
    return result.then(
      (value) => {
        this.#succeeded(era)
        return value
      },
      (error: unknown) => {
        this.#rejected(era, error)
        throw error
      },
    )
  }

  /** Lets a probe pass when it is due, even if the last one is still pending; otherwise returns the error. */
  #admit(): CacheError | undefined {
    const time = now()
    // An earlier time means that the clock was moved back: the time that has passed is unknown.
    if (time >= this.#since && time < this.#since + this.#resetAfter) {
      const error = new CacheError(
        "ADAPTER_UNAVAILABLE",
        `The adapter "${this.#name}" has failed ${this.#maxFailures} times in a row and is not used for ${this.#resetAfter} ms. Check the storage.`,
      )
      refusals.add(error)
      return error
    }
    this.#since = time
    this.#era++
    this.#turn("half-open")
    return undefined
  }

  #succeeded(era: number): void {
    if (era !== this.#era) return
    this.#failed = 0
    if (this.#state !== "closed") this.#turn("closed")
  }

  #rejected(era: number, error: unknown): void {
    if (!isStorageTrouble(error)) this.#succeeded(era)
    else if (era === this.#era) this.#fail()
  }

  #fail(): void {
    if (this.#state === "closed" && ++this.#failed < this.#maxFailures) return
    this.#since = now()
    this.#turn("open")
  }

  #turn(state: CircuitState): void {
    if (state === this.#state) return
    this.#state = state
    this.#era += state === "half-open" ? 0 : 1
    this.#failed = 0
    this.#tell(state)
  }
}
