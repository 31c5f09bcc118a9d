import type { Adapter, Awaitable } from "../adapter.ts"
import { attempt, chain, hush, isPromise, together } from "../base/awaitable.ts"
import { newborn, newToken, softToken } from "../base/token.ts"
import type { Kept } from "../entry.ts"
import { type Lane, laneOf } from "./lane.ts"
import { ended, isAlive, isOurs, share } from "./scope.ts"
import { TokenReads } from "./token-reads.ts"
import { isRenewed, type Mode, toToken } from "./tokens.ts"

/**
 * The versions of regions and tags: random tokens in the storage itself.
 *
 * An entry carries the tokens it was made under, its marks: if a hard one has changed, the entry is gone; if a soft one
 * has, it is stale. A lost token counts as changed: a miss, never a revival. Hard and soft tokens have separate keys,
 * so that a soft invalidation never weakens a hard one. The times in a token only tell how long grace lasts.
 */
export class Versions {
  readonly #adapter: Adapter
  readonly #reads: TokenReads
  /** Whether the adapter is asynchronous. */
  #async = false
  /**
   * Whether it has ever answered synchronously: then a promise is a sign of failure, not of an asynchronous adapter.
   */
  #isPrompt = false
  /** The last read: its keys, tokens and count of changes. Valid until the adapter counts another change. */
  #keys: readonly string[] | undefined
  #tokens: readonly string[] = []
  #change = Number.NaN
  /** Entries with tags that were found unchanged, each with the count of changes at that time. */
  readonly standing: WeakMap<object, number> = new WeakMap()
  /** The tokens being created. */
  readonly #creating: Lane["creating"]

  readonly #lane: Pick<Lane, "clears">

  /** @param lane - Counts the clears of the cache. */
  constructor(adapter: Adapter, lane: Pick<Lane, "clears"> = laneOf(adapter)) {
    this.#adapter = adapter
    this.#creating = laneOf(adapter).creating
    this.#lane = lane
    this.#reads = new TokenReads(adapter)
  }

  /** The tokens at `keys`, `""` for an absent one. Synchronous where the adapter is. */
  read(keys: readonly string[]): Awaitable<readonly string[]> {
    if (this.#async) return this.#reads.read(keys)
    if (keys === this.#keys && this.#change === this.changes) return this.#tokens
    const tokens: string[] = []
    for (const key of keys) {
      const record = this.#adapter.get(key)
      if (isPromise(record)) {
        // A near tier (it has `peek`) is synchronous again once it has the token; other adapters never are.
        this.#async = this.#adapter.peek === undefined && !this.#isPrompt
        return this.#reads.read(keys, [key, record])
      }
      this.#isPrompt = true
      tokens.push(toToken(record))
    }
    this.#change = this.changes ?? Number.NaN
    this.#keys = keys
    this.#tokens = tokens
    return tokens
  }

  /** As {@link read}, but bypasses what is remembered here. */
  readAnew(keys: readonly string[]): Awaitable<readonly string[]> {
    this.#keys = undefined
    return this.read(keys)
  }

  /** The tokens at `keys`, if known without I/O. */
  peek(keys: readonly string[]): readonly string[] | undefined {
    if (this.#async) return undefined
    const tokens: string[] = []
    for (const key of keys) {
      const record = this.#adapter.peek ? this.#adapter.peek(key) : this.#adapter.get(key)
      if (isPromise(record)) hush(record)
      if (isPromise(record) || (record === undefined && this.#adapter.peek)) return undefined
      tokens.push(toToken(record))
    }
    return tokens
  }

  /** Whether it is known synchronously that no version of `kept` has changed. On the path of every hit. */
  stands(kept: Kept, regions: readonly string[]): boolean {
    const { marks } = kept
    // Entries share one array of marks for as long as it is valid.
    if (marks === this.#tokens && regions === this.#keys && this.#change === this.changes) return true
    if (kept.tags.length > 0) {
      const changes = this.standing.get(kept)
      return changes !== undefined && changes === this.changes
    }
    if (this.#async || marks.length !== regions.length) return false
    return regions.every((key, at) => this.#stands(key, marks[at]))
  }

  /** The adapter's count of token changes; `undefined` if it does not count. */
  get changes(): number | undefined {
    try {
      return this.#adapter.tokenChanges?.()
    } catch {
      return undefined // The tokens themselves are read instead.
    }
  }

  /** Remembers that `kept` is valid until the adapter counts beyond `changes`, its count before `kept` was judged. */
  stood(kept: Kept, changes: number | undefined): void {
    if (kept.tags.length > 0 && changes !== undefined) this.standing.set(kept, changes)
  }

  /** Whether no hard version among `tokens` is absent. */
  isComplete(tokens: readonly string[]): boolean {
    return tokens.every((token, at) => !isHard(at) || token !== "")
  }

  /**
   * The marks of an entry, from the tokens read before its load; absent ones are created if still absent. `undefined`
   * if an invalidation came in between.
   */
  complete(keys: readonly string[], before: readonly string[]): Awaitable<readonly string[] | undefined> {
    return chain(this.current(keys, before), (tokens) =>
      tokens.some((token, at) => isRenewed(before[at] ?? "", token)) ? undefined : tokens,
    )
  }

  /** The tokens at `keys`, with absent hard ones created; `before` is what was just read. */
  current(keys: readonly string[], before: Awaitable<readonly string[]>): Awaitable<readonly string[]> {
    const made = (token: string, at: number) => () =>
      isHard(at) && token === "" ? this.create(keys[at] ?? "") : token
    return chain(before, (tokens) => (this.isComplete(tokens) ? tokens : together(tokens.map(made))))
  }

  /** Renews the versions at `keys`: from now on their entries are gone (hard) or stale (soft). */
  renew(keys: readonly string[], mode: Mode): Promise<unknown> {
    // A token being created must not overwrite the one that replaces it.
    const making = keys.flatMap((key) => this.#creating.get(key) ?? [])
    const renew = () => this.#renew(keys, mode)
    // A failed write may still have reached the storage. So a retry makes new tokens: the old ones could revive what
    // others have ended in between.
    const again = () => attempt(renew).catch(renew)
    return making.length > 0 ? ended(making, 1000).then(again, again) : again()
  }

  #renew(keys: readonly string[], mode: Mode): Awaitable<unknown> {
    const own = keys.filter((_, at) => isHard(at) === (mode === "hard"))
    if (mode === "hard") return this.#write(own.map((key) => [key, newToken()]))
    return chain(this.read(own), (tokens) =>
      this.#write(own.map((key, at) => [key, softToken(tokens[at] ?? "")])),
    )
  }

  #write(tokens: readonly (readonly [key: string, token: string])[]): Awaitable<unknown> {
    const records = tokens.map(([key, token]) => [key, this.#record(token), Infinity] as const)
    if (this.#adapter.setMany && records.length > 1) return this.#adapter.setMany(records)
    return together(records.map((entry) => () => this.#adapter.set(...entry)))
  }

  /** Whether the token at `key` is synchronously known to be `mark`. */
  #stands(key: string, mark: string | undefined): boolean {
    try {
      const record = this.#adapter.get(key)
      if (record === mark) return true
      if (record === undefined) return mark === ""
      if (isPromise(record)) hush(record)
    } catch {
      // The read that follows runs into the same failure, and reports it.
    }
    return false
  }

  /**
   * Creates the token at `key` if it is absent, once for all who need it at the same time: without the adapter's `add`,
   * each would overwrite the other's.
   */
  create(key: string): Awaitable<string> {
    const { clears } = this.#lane
    const known = this.#creating.get(key)
    // A hanging creation blocks others only briefly. The token of one that is older than a clear may be gone, and one of
    // another request is only watched: then the token is read again.
    if (known && isAlive(known)) {
      if (isOurs(known) && known.clears === clears) return known.promise
      const again = () => {
        known.isOver = true // Even where the clock stands still.
        return this.create(key)
      }
      return ended([known], 1000).then(again, again)
    }
    const made = this.#create(key)
    if (!isPromise(made)) return made
    const over = () => {
      if (this.#creating.get(key) === creation) this.#creating.delete(key)
    }
    const creation = Object.assign(share(made, 1000), { clears })
    this.#creating.set(key, creation)
    made.then(over, over)
    return made
  }

  #create(key: string): Awaitable<string> {
    const adapter = this.#adapter
    const token = newborn + newToken()
    const record = this.#record(token)
    const read = () => chain(adapter.get(key), toToken)
    return chain(adapter.add?.(key, record, Infinity), (isAdded) => {
      if (isAdded) return token
      // A near tier may remember it as absent although it exists by now.
      return chain(chain(adapter.forget?.([key]), read), (there) => {
        if (there !== "") return there
        // It is absent, or junk (under which every entry would be a miss), or the storage keeps nothing.
        return chain(adapter.set(key, record, Infinity), () =>
          // Without `add`, two processes may have created it at once: the last one written counts for both.
          adapter.add ? token : chain(read(), (last) => last || token),
        )
      })
    })
  }

  #record(token: string): unknown {
    return this.#adapter.medium === "bytes" ? new TextEncoder().encode(token) : token
  }
}

/** Whether the token at this index is a hard one: hard and soft alternate. */
function isHard(at: number): boolean {
  return at % 2 === 0
}
