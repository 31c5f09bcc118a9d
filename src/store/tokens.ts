import type { Stored } from "../adapter.ts"
import { now } from "../base/clock.ts"
import { isWorkerd } from "../base/runtime.ts"
import { ShortLived } from "../base/short-lived.ts"

interface Known {
  readonly token: string
  /** When it is valid, in ms since epoch. Before `since` it is not: the clock was moved back. */
  readonly since: number
  readonly until: number
}

/** A pending read, and until when others may wait for it. */
interface Asked {
  readonly answer: Promise<Stored | undefined>
  readonly since: number
  readonly until: number
}

/** The most tokens remembered. One more, and all are dropped. */
const maxTokens = 100_000

/** The version tokens read or written recently; absent ones as `""`. */
export class Tokens {
  readonly #asked = new ShortLived<Asked>()
  readonly #known = new Map<string, Known>()
  /** Those that must be read again; until then they count as unchanged. */
  readonly #doubted = new Set<string>()
  readonly #maxAge: number
  #changes = 0
  /** When the first of them becomes invalid, in ms since epoch. */
  #until = Infinity
  /** When the last of them was recorded, in ms since epoch. */
  #since = 0

  constructor(maxAge: number) {
    this.#maxAge = maxAge
  }

  /**
   * How often a token has changed or become too old: see `Adapter.tokenChanges`. When the first one is too old, those
   * that soon will be are dropped as well, because each such scan looks at all of them.
   */
  changes(time?: number): number {
    if (this.#until !== Infinity) {
      const at = time ?? now()
      if (at >= this.#until || at < this.#since) {
        this.#until = Infinity
        this.#since = 0
        for (const [key, known] of this.#known) {
          if (holds(known, at) && holds(known, at + this.#maxAge / 16)) this.#bound(known)
          else this.delete(key)
        }
      }
    }
    return this.#changes
  }

  #bound({ since, until }: Known): void {
    this.#since = Math.max(this.#since, since)
    this.#until = Math.min(this.#until, until)
  }

  /** The token at `key`; `undefined` if it must be read. */
  get(key: string): string | undefined {
    const known = this.#known.get(key)
    if (known === undefined || this.#doubted.has(key)) return undefined
    return known.until === Infinity || holds(known, now()) ? known.token : undefined
  }

  /** A pending read of `key` by another caller. */
  asked(key: string): Promise<Stored | undefined> | undefined {
    const asked = this.#asked.get(key)
    return asked && holds(asked, now()) ? asked.answer : undefined
  }

  /**
   * Lets others wait for this read: for a second, because it may hang, but not longer than its token would be valid.
   * Not on Workers, where no request may wait for another's.
   */
  share(key: string, answer: Promise<Stored | undefined>): void {
    answer.catch(() => {})
    if (isWorkerd()) return
    const since = now()
    const asked = { answer, since, until: since + Math.min(1000, this.#maxAge) }
    this.#asked.set(key, asked)
    const over = (): void => {
      if (this.#asked.get(key) === asked) this.#asked.delete(key)
    }
    answer.then(over, over)
  }

  /** Remembers a token that was requested at `since`, ms since epoch; `""` for an absent one. */
  set(key: string, token: string, since: number): void {
    if (this.#maxAge <= 0) return
    this.#doubted.delete(key)
    const known = { token, since, until: since + this.#maxAge }
    if (this.#known.size >= maxTokens) this.clear("")
    if (this.#known.get(key)?.token !== token) this.#changes++
    this.#known.delete(key)
    this.#known.set(key, known)
    this.#bound(known)
  }

  /** Counts a token that was read but not remembered: what it validates is valid this once only. */
  count(): void {
    this.#changes++
  }

  /** Makes the token at `key` be read again: what is known of it, or is being read, may be outdated. */
  doubt(key: string): void {
    this.#asked.delete(key)
    if (this.#known.has(key)) this.#doubted.add(key)
  }

  /** Forgets the token at `key`. */
  delete(key: string): void {
    this.#asked.delete(key)
    this.#doubted.delete(key)
    if (this.#known.delete(key)) this.#changes++
  }

  /** Forgets the tokens under `prefix`. */
  clear(prefix: string): void {
    this.#changes++
    for (const keys of [this.#known, this.#doubted, this.#asked]) {
      for (const key of keys.keys()) if (key.startsWith(prefix)) keys.delete(key)
    }
  }
}

function holds({ since, until }: Pick<Known, "since" | "until">, time: number): boolean {
  return since <= time && time < until
}
