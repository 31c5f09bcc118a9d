import { isToken } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import type { KVLike } from "./binding.ts"

/** How long a version token is not read again, in ms. */
const maxAge = 60_000
/** How long others wait for a pending read of a token, or use one that is too old, in ms. */
const reprieve = 1000
/** After how long a pending write is presumed done, in ms: its request may have died. */
const patience = 5000
/** The most tokens remembered; the oldest are dropped first. */
const maxTokens = 10_000

/**
 * The version tokens of a namespace that this isolate has recently read or written, absent ones included: for a minute,
 * because KV itself may return what it has returned before.
 *
 * 1. Of two operations on a key, the one that began later counts, whichever ends first.
 * 2. A write of this isolate counts while it is pending, for 5 s at most, and after that if it succeeded. If it failed,
 *    what was known before counts again.
 * 3. A clear hides what began before it, for a minute, even if this location keeps reading it.
 * 4. Of the readers that find a token too old, one reads it again; the others use it for another second. Of those that
 *    find none, one reads it as well; the others can ask whether it {@link Tokens.isAsked}.
 */
export interface Tokens {
  /** The tokens among `keys` that need not be read. */
  known(keys: readonly string[]): ReadonlyMap<string, string | undefined>
  /** Whether an unknown `key` is being read: for a second, because that request may have died. */
  isAsked(key: string): boolean
  /** Announces a read of `keys`. Call the returned function with what was found, if known. */
  reading(keys: readonly string[]): (found?: ReadonlyMap<string, string | undefined>) => void
  /**
   * Announces that `key` is about to be written, or removed (`undefined`). Call the returned function with the outcome.
   */
  writing(key: string, token: string | undefined, ttl?: number): (isDone: boolean) => void
  /**
   * Announces that what is under `prefix` is about to be removed: for a minute, what is not written later is absent,
   * even if this location keeps reading it. Returns the recently written keys, which a listing may not show yet.
   */
  clearing(prefix: string): readonly string[]
}

// By namespace, so that adapters created for each request share them. Promises are not shared, only their results.
const all = new WeakMap<KVLike, Tokens>()

/** The tokens of `namespace`. */
export function tokensOf(namespace: KVLike): Tokens {
  const tokens = all.get(namespace) ?? remember()
  all.set(namespace, tokens)
  return tokens
}

/** What is known of a token, or of all tokens under a prefix. */
interface Fact {
  readonly token: string | undefined
  /** Its number among all reads, writes and clears, in the order in which they began. */
  readonly order: number
  readonly since: number
  readonly until: number
  /** Whether it was written here, not read. */
  readonly isOwn: boolean
  /** Whether it is being read again. */
  isAsked: boolean
}

type Facts = Map<string, Fact>

function remember(): Tokens {
  const kept: Facts = new Map()
  /** Pending writes, the last one of each key. */
  const coming: Facts = new Map()
  /** When a pending read of a token began, ms since epoch. */
  const asked = new Map<string, number>()
  /** By prefix. */
  const cleared: Facts = new Map()
  /** The lengths of the prefixes in `cleared`: few, however many prefixes there are. */
  const lengths = new Set<number>()
  let begun = 0
  /** The greatest number among the facts that were dropped. */
  let lost = 0

  function note(
    facts: Facts,
    key: string,
    given: Pick<Fact, "token" | "order" | "isOwn">,
    ms = maxAge,
  ): Fact {
    const since = now()
    const fact = { ...given, since, until: since + Math.min(maxAge, ms), isAsked: false }
    facts.delete(key)
    facts.set(key, fact)
    for (const [oldest, { order, until }] of facts) {
      if (facts.size <= maxTokens && since < until + reprieve) break
      facts.delete(oldest)
      lost = Math.max(lost, order)
    }
    return fact
  }

  /** The last clear of a prefix of `key` that began after `order`. */
  function clearOf(key: string, order = 0): Fact | undefined {
    let last: Fact | undefined
    for (const length of lengths) {
      const clear = cleared.get(key.slice(0, length))
      if (clear && clear.order > (last?.order ?? order)) last = clear
    }
    return last
  }

  /** The current fact about `key`. */
  function current(key: string): Fact | undefined {
    const write = valid(coming.get(key)) ?? kept.get(key)
    return valid(clearOf(key, write?.order) ?? write)
  }

  /** Whether no operation on `key` that began after `order` has already ended. */
  function isLatest(key: string, order: number): boolean {
    return order > Math.max(lost, kept.get(key)?.order ?? 0) && !clearOf(key, order)
  }

  return {
    known(keys) {
      const known = new Map<string, string | undefined>()
      for (const key of keys) {
        const fact = isToken(key) ? current(key) : undefined
        if (fact) known.set(key, fact.token)
      }
      return known
    },
    isAsked(key) {
      const since = asked.get(key) ?? Number.NaN
      const time = now()
      return since <= time && time < since + reprieve && !current(key)
    },
    reading(keys) {
      const order = ++begun
      const since = now()
      if (asked.size > maxTokens) asked.clear()
      for (const key of keys) {
        const fact = kept.get(key)
        if (fact) fact.isAsked = true
        asked.set(key, since)
      }
      return (found) => {
        for (const key of keys) {
          if (asked.get(key) === since) asked.delete(key)
          if (!found || !isLatest(key, order) || valid(coming.get(key))) continue
          note(kept, key, { token: found.get(key), order, isOwn: false })
        }
      }
    },
    writing(key, token, ttl = maxAge) {
      if (!isToken(key)) return () => {}
      const own = { token, order: ++begun, isOwn: true }
      const mine = note(coming, key, own, Math.min(patience, ttl))
      return (isDone) => {
        // If it failed, what was known before counts again.
        if (coming.get(key) === mine) coming.delete(key)
        if (isDone && isLatest(key, own.order)) note(kept, key, own, ttl)
      }
    },
    clearing(prefix) {
      note(cleared, prefix, { token: undefined, order: ++begun, isOwn: true })
      if (cleared.size === 1) lengths.clear()
      lengths.add(prefix.length)
      const isYoung = ({ token, isOwn, until }: Fact) => isOwn && token !== undefined && now() < until
      return [...kept].flatMap(([key, fact]) => (isYoung(fact) && key.startsWith(prefix) ? key : []))
    },
  }
}

/** `fact`, unless it is too old. */
function valid(fact: Fact | undefined): Fact | undefined {
  const time = now()
  // From the future: the clock was moved back since.
  const isValid = fact && fact.since <= time && time < fact.until + (fact.isAsked ? reprieve : 0)
  return isValid ? fact : undefined
}
