import { isToken } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import type { KVLike } from "./binding.ts"

/** How long a version token is not asked for again, in ms. */
const maxAge = 60_000
/** How long others wait for a reader to bring a token, in ms, or go on with what was too old for him. */
const reprieve = 1000
/** How long a write under way is taken for done, in ms: its request may have died. */
const patience = 5000
/** More tokens than this are not remembered; the oldest go first. */
const maxTokens = 10_000

/**
 * The version tokens of a namespace that this isolate has read or written lately, absent ones too: for a minute, as KV
 * itself may go on with what it has told.
 *
 * 1. Of two operations on a key, the one that began later knows better, whichever ends first.
 * 2. A write of this isolate counts while it is under way, for 5 s at most, and from then on if it was done. If it
 *    failed, what was known before holds again.
 * 3. A clear hides what began before it, for a minute, although this location may go on reading that.
 * 4. Of those who find a token too old one asks for it; the others go on with it for a second. Of those who find none
 *    one asks for it as well; the others may look whether it {@link Tokens.isAsked}.
 */
export interface Tokens {
  /** Those of `keys` that need not be asked for. */
  known(keys: readonly string[]): ReadonlyMap<string, string | undefined>
  /** Whether somebody reads `key`, of which nothing is known: for a second, as that request may have died. */
  isAsked(key: string): boolean
  /** Says that `keys` are about to be read. The function it answers is to be told what was found, if that is known. */
  reading(keys: readonly string[]): (found?: ReadonlyMap<string, string | undefined>) => void
  /**
   * Says that `key` is about to be written, or removed (`undefined`). The function it answers is to be told whether it
   * was.
   */
  writing(key: string, token: string | undefined, ttl?: number): (isDone: boolean) => void
  /**
   * Says that what is under `prefix` is about to be removed: for a minute, what is not written later is absent, even
   * if this location goes on reading it. Answers the keys written lately, which a listing may not show yet.
   */
  clearing(prefix: string): readonly string[]
}

// By namespace, so that adapters made anew for each request share them. Promises are not shared, only what they gave.
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
  /** Its number among all reads, writes and clears in the order in which they began. */
  readonly order: number
  readonly since: number
  readonly until: number
  /** Written here, not read. */
  readonly isOwn: boolean
  /** Somebody asks for it anew. */
  isAsked: boolean
}

type Facts = Map<string, Fact>

function remember(): Tokens {
  const kept: Facts = new Map()
  /** Writes under way, the last one of each key. */
  const coming: Facts = new Map()
  /** When a token was last asked for, ms since epoch, until the answer comes. */
  const asked = new Map<string, number>()
  /** By prefix. */
  const cleared: Facts = new Map()
  /** How long the prefixes in `cleared` are: few lengths, however many prefixes. */
  const lengths = new Set<number>()
  let begun = 0
  /** The greatest number among the facts that had to go. */
  let lost = 0

  function note(facts: Facts, key: string, told: Pick<Fact, "token" | "order" | "isOwn">, ms = maxAge): Fact {
    const since = now()
    const fact = { ...told, since, until: since + Math.min(maxAge, ms), isAsked: false }
    facts.delete(key)
    facts.set(key, fact)
    for (const [oldest, { order, until }] of facts) {
      if (facts.size <= maxTokens && since < until + reprieve) break
      facts.delete(oldest)
      lost = Math.max(lost, order)
    }
    return fact
  }

  /** The last clear of what `key` is under that began after `order`. */
  function clearOf(key: string, order = 0): Fact | undefined {
    let last: Fact | undefined
    for (const length of lengths) {
      const clear = cleared.get(key.slice(0, length))
      if (clear && clear.order > (last?.order ?? order)) last = clear
    }
    return last
  }

  /** The fact of `key` that holds now. */
  function holding(key: string): Fact | undefined {
    const write = valid(coming.get(key)) ?? kept.get(key)
    return valid(clearOf(key, write?.order) ?? write)
  }

  /** Whether no operation on `key` that began after `order` is over already. */
  function isNews(key: string, order: number): boolean {
    return order > Math.max(lost, kept.get(key)?.order ?? 0) && !clearOf(key, order)
  }

  return {
    known(keys) {
      const known = new Map<string, string | undefined>()
      for (const key of keys) {
        const fact = isToken(key) ? holding(key) : undefined
        if (fact) known.set(key, fact.token)
      }
      return known
    },
    isAsked(key) {
      const since = asked.get(key) ?? Number.NaN
      const time = now()
      return since <= time && time < since + reprieve && !holding(key)
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
          if (!found || !isNews(key, order) || valid(coming.get(key))) continue
          note(kept, key, { token: found.get(key), order, isOwn: false })
        }
      }
    },
    writing(key, token, ttl = maxAge) {
      if (!isToken(key)) return () => {}
      const told = { token, order: ++begun, isOwn: true }
      const mine = note(coming, key, told, Math.min(patience, ttl))
      return (isDone) => {
        // If it failed, what was kept before holds again.
        if (coming.get(key) === mine) coming.delete(key)
        if (isDone && isNews(key, told.order)) note(kept, key, told, ttl)
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

/** `fact`, if it is not too old. */
function valid(fact: Fact | undefined): Fact | undefined {
  const time = now()
  // Before it was noted: the clock was set back since.
  const isValid = fact && fact.since <= time && time < fact.until + (fact.isAsked ? reprieve : 0)
  return isValid ? fact : undefined
}
