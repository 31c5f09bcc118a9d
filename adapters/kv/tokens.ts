import { isToken } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import type { KVLike } from "./binding.ts"

/** How long a version token is not asked for again, in ms. */
const maxAge = 60_000
/** More tokens than this are not remembered; the oldest go first. */
const most = 10_000

/** The version tokens of a namespace that this isolate has read or written lately, absent ones too. */
export interface Tokens {
  /** Those of `keys` that need not be asked for. */
  known(keys: readonly string[]): ReadonlyMap<string, string | undefined>
  /** Says that `keys` are about to be read; to be told what was found. */
  reading(keys: readonly string[]): (found: ReadonlyMap<string, string | undefined>) => void
  /** Says that `key` is about to be written; to be told when it was, and what, unless it failed. */
  writing(key: string): (record?: string, ttl?: number) => void
  /** Says that `key` is not what it was. */
  forget(key: string): void
  clear(prefix: string): void
}

// By namespace, so that adapters made anew for each request share them. Promises are not shared, only what they gave.
const all = new WeakMap<KVLike, Tokens>()

/** The tokens of `namespace`. */
export function tokensOf(namespace: KVLike): Tokens {
  const tokens = all.get(namespace) ?? remember()
  all.set(namespace, tokens)
  return tokens
}

function remember(): Tokens {
  const kept = new Map<
    string,
    { readonly token: string | undefined; readonly since: number; readonly until: number }
  >()
  /** Writes under way. */
  const writes = new Map<string, object>()
  /** Counts changes: what was read across one is not kept. */
  let changes = 0

  function keep(key: string, token: string | undefined, ttl: number): void {
    kept.delete(key)
    const since = now()
    kept.set(key, { token, since, until: since + Math.min(maxAge, ttl) })
    if (kept.size > most) for (const oldest of kept.keys()) return void kept.delete(oldest)
  }

  function forget(key: string): void {
    if (!isToken(key)) return
    changes++
    kept.delete(key)
  }

  return {
    known(keys) {
      const known = new Map<string, string | undefined>()
      const time = now()
      for (const key of keys) {
        const one = isToken(key) ? kept.get(key) : undefined
        // Before it was noted: the clock was set back since.
        if (one && one.since <= time && time < one.until) known.set(key, one.token)
      }
      return known
    },
    reading(keys) {
      const before = changes
      return (found) => {
        if (before !== changes) return
        for (const key of keys) keep(key, found.get(key), maxAge)
      }
    },
    writing(key) {
      if (!isToken(key)) return () => {}
      const mine = {}
      const isAlone = !writes.has(key)
      writes.set(key, mine)
      forget(key)
      return (record, ttl = 0) => {
        forget(key)
        // Of two writes that cross nobody knows which one stays.
        if (writes.get(key) !== mine) return
        writes.delete(key)
        if (isAlone && record !== undefined) keep(key, record, ttl)
      }
    },
    forget,
    clear(prefix) {
      changes++
      for (const key of kept.keys()) if (key.startsWith(prefix)) kept.delete(key)
    },
  }
}
