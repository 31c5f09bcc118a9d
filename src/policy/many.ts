import { attempt, chain } from "../base/awaitable.ts"
import { CacheError } from "../base/errors.ts"
import type { Kept } from "../entry.ts"
import type { KeyLike } from "../key.ts"
import { type Asked, hand, type ManyResult } from "./answers.ts"
import type { Call, WriteEntry } from "./call.ts"
import type { Fallback, LoadContext } from "./context.ts"
import { derived } from "./draft.ts"
import { copyFor } from "./entries.ts"
import type { Flight } from "./flight.ts"
import type { Found } from "./found.ts"
import { gathered } from "./gather.ts"
import { getOrSet } from "./get-or-set.ts"
import { bulkTimeout } from "./options.ts"
import { inside } from "./reentry.ts"

/**
 * Makes the values of the missing keys: an array in their order, a Map, or a record by key text.
 *
 * They share one `context`: `key` is the first of them, `stale` is always `undefined`, `keep()` throws; `ttl`, `grace`,
 * `tags` and `skip()` apply to each.
 */
export type ManyFallback<V> = (
  missing: KeyLike[],
  context: LoadContext<V>,
) => ManyResult<V> | Promise<ManyResult<V>>

/** A {@link ManyFallback} with the types of its keys `K`, as in {@link FallbackOf}. */
export type ManyFallbackOf<V, R, K> = unknown extends V
  ? (missing: K[], context: LoadContext<V>) => ManyResult<R> | Promise<ManyResult<R>>
  : NoInfer<(missing: K[], context: LoadContext<V>) => ManyResult<V> | Promise<ManyResult<V>>>

/**
 * Serves many keys as {@link getOrSet} serves one, each with a flight of its own, but calls the fallback once for all
 * keys that are neither stored nor being loaded.
 */
export async function loadMany(
  keys: readonly KeyLike[],
  fallback: ManyFallback<unknown>,
  toCall: (key: KeyLike, fallback: Fallback<unknown>, at: number) => Call,
): Promise<unknown[]> {
  const bulk = new Bulk(fallback)
  const calls = new Map<string, Call>()
  const named = keys.map((key, at) => {
    const call = toCall(key, (context: LoadContext) => bulk.ask(key, at, context), at)
    if (!calls.has(call.name)) calls.set(call.name, call)
    return call.name
  })
  const unique = [...calls.values()]
  const [first] = unique
  if (!first) return []
  const fulls = unique.map(({ key }) => key)
  const storeTimeout = bulkTimeout(first.policy, fulls)
  const reads = first.policy.fresh ? undefined : first.engine.readMany(first.place, fulls, first.policy)
  const write = gather(first)
  const readAnew = gathered(({ engine, place, policy }, wanted) =>
    engine.readMany(place, wanted, policy, { anew: true, keepsJunk: true }),
  )
  bulk.undecided = unique.length
  const values = new Map<string, Promise<unknown>>()
  for (const [i, call] of unique.entries()) {
    const decide = once(() => bulk.decide())
    const found = reads && chain(reads, (all) => all[i] as Found) // One for each call.
    const mine: Call = {
      ...call,
      policy: { ...call.policy, storeTimeout },
      write,
      bulk: { readAnew, onJoin: decide, onLoad: (flight) => bulk.flights.push(flight) },
      fallback: (context: LoadContext) => {
        const value = call.fallback(context)
        decide()
        return value
      },
    }
    const { flights } = call.engine
    const running = flights.get(call.key)
    const value = getOrSet(mine, found)
    const flight = flights.get(call.key)
    // Its own flight may go on after the caller was served, and still need the key.
    Promise.allSettled([value, flight !== running && flight?.done]).then(decide)
    values.set(call.name, value)
  }
  const all = await Promise.all(named.map((name) => values.get(name)))
  // A key may come twice, and each place must own its value.
  return all.map((value, at) => (values.delete(named[at] ?? "") ? value : copyFor(first.engine, value)))
}

interface Waiting extends Asked {
  /** Its index among the keys. */
  readonly at: number
  readonly reject: (error: unknown) => void
}

/** Collects the missing keys until every key is known to be missing or not, then calls the fallback once. */
class Bulk {
  /** How many keys may still turn out to be missing. */
  undecided = 0
  /** The flights that load the missing keys. */
  flights: Flight[] = []
  readonly #fallback: ManyFallback<unknown>
  #asked: Waiting[] = []

  constructor(fallback: ManyFallback<unknown>) {
    this.#fallback = fallback
  }

  /** The value of a missing key, once the fallback has returned. */
  ask(key: KeyLike, at: number, context: LoadContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ key, at, context, resolve, reject })
      if (this.undecided === 0) this.#run()
    })
  }

  /** One key is decided: it was found, another call loads it, or it was added to the missing ones. */
  decide(): void {
    if (--this.undecided === 0) this.#run()
  }

  #run(): void {
    const asked = this.#asked.sort((a, b) => a.at - b.at)
    this.#asked = []
    const [first] = asked
    if (!first) return
    const context = sharedContext(asked, first.context)
    const missing = asked.map(({ key }) => key)
    const { flights } = this
    this.flights = []
    // Some have waited for others: each may hold its key for `leaseTtl` from now on.
    for (const flight of flights) flight.live()
    attempt(() => inside(flights, () => this.#fallback(missing, context)))
      .then((result) => {
        const { ttl, grace, tags } = context
        for (const { context: own } of asked) Object.assign(own, { ttl, grace, tags })
        hand(asked, result)
      })
      .catch((error: unknown) => {
        for (const { reject } of asked) reject(error)
      })
  }
}

/** One context for all missing keys: what the fallback decides applies to each. */
function sharedContext(asked: readonly Asked[], { key, ttl, grace, tags }: LoadContext): LoadContext {
  let signal: AbortSignal | undefined
  return {
    key,
    ttl,
    grace,
    tags,
    get signal(): AbortSignal {
      signal ??= allOf(asked.map(({ context }) => context.signal))
      return signal
    },
    stale: undefined,
    skip() {
      for (const { context } of asked) context.skip()
    },
    keep() {
      throw new CacheError(
        "FALLBACK_RESULT",
        "A fallback of many keys cannot keep a stale value. Use getOrSet for each.",
      )
    },
  }
}

/** Aborts once all of `signals` have aborted, with the reason of the last. */
function allOf(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController()
  let left = signals.length
  for (const signal of signals) {
    const gone = () => {
      if (--left === 0) all.abort(signal.reason)
    }
    if (signal.aborted) gone()
    else signal.addEventListener("abort", gone)
  }
  return all.signal
}

/** Combines the writes of one turn into one round trip; if that fails, tries each alone. */
function gather({ engine }: Call): WriteEntry {
  let waiting: (readonly [string, Kept, number])[] = []
  let flush: Promise<unknown> | undefined
  return async (key, kept, life, isLate) => {
    const entry = [key, kept, life] as const
    waiting.push(entry)
    const into = engine.store && derived(engine, engine.store)
    flush ??= Promise.resolve().then(() => {
      const entries = waiting
      waiting = []
      flush = undefined
      return into?.writeMany(entries)
    })
    try {
      await flush
    } catch (error) {
      // Too late to retry: something newer may be stored.
      if (isLate()) throw error
      await into?.write(...entry)
    }
  }
}

/** Wraps `run` so that only the first call has an effect. */
function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    run()
  }
}
