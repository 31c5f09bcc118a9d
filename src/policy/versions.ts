import type { Adapter, Awaitable } from "../adapter.ts"
import { attempt, chain, hush, isPromise, together } from "../base/awaitable.ts"
import { newborn, newToken, softToken } from "../base/token.ts"
import type { Kept } from "../entry.ts"
import { type Lane, laneOf } from "./lane.ts"
import { ended, isAlive, isOurs, share } from "./scope.ts"
import { TokenReads } from "./token-reads.ts"
import { isRenewed, type Mode, toToken } from "./tokens.ts"

/**
 * Versions of regions and tags: random tokens in the storage itself.
 *
 * An entry carries the tokens it was made under, its marks: a hard one that has changed kills it, a soft one expires it.
 * A lost token counts as changed: a miss, never a revival. Hard and soft have a key each, so a soft invalidation never
 * weakens a hard one. The times inside a token only tell how long grace lasts.
 */
export class Versions {
  readonly #adapter: Adapter
  readonly #reads: TokenReads
  /** Whether the adapter answers with promises. */
  #async = false
  /** Whether it has ever answered at once: then a promise tells of trouble, not of an asynchronous adapter. */
  #isPrompt = false
  /** The last read: its keys, its tokens, the count of changes. It holds until the adapter counts another change. */
  #keys: readonly string[] | undefined
  #tokens: readonly string[] = []
  #change = Number.NaN
  /** Entries with tags that were seen to stand, and at which count of changes. */
  readonly standing: WeakMap<object, number> = new WeakMap()
  /** The tokens that are being made. */
  readonly #creating: Lane["creating"]

  constructor(adapter: Adapter) {
    this.#adapter = adapter
    this.#creating = laneOf(adapter).creating
    this.#reads = new TokenReads(adapter)
  }

  /** The tokens at `keys`, `""` for an absent one. At once where the adapter can. */
  read(keys: readonly string[]): Awaitable<readonly string[]> {
    if (this.#async) return this.#reads.read(keys)
    if (keys === this.#keys && this.#change === this.changes) return this.#tokens
    const tokens: string[] = []
    for (const key of keys) {
      const record = this.#adapter.get(key)
      if (isPromise(record)) {
        // A near tier, which has `peek`, answers at once again when it has the token; other adapters never do.
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

  /** As {@link read}, past what is remembered here. */
  readAnew(keys: readonly string[]): Awaitable<readonly string[]> {
    this.#keys = undefined
    return this.read(keys)
  }

  /** The tokens at `keys` where they are known without I/O. */
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

  /** Whether it is known at once that no version `kept` was made under has changed. On the path of every hit. */
  stands(kept: Kept, regions: readonly string[]): boolean {
    const { marks } = kept
    // Entries share the very array of marks for as long as it holds.
    if (marks === this.#tokens && regions === this.#keys && this.#change === this.changes) return true
    if (kept.tags.length > 0) {
      const changes = this.standing.get(kept)
      return changes !== undefined && changes === this.changes
    }
    if (this.#async || marks.length !== regions.length) return false
    return regions.every((key, at) => this.#stands(key, marks[at]))
  }

  /** How many changes of tokens the adapter has counted; `undefined` if it does not count. */
  get changes(): number | undefined {
    try {
      return this.#adapter.tokenChanges?.()
    } catch {
      return undefined // Then the tokens themselves are asked for.
    }
  }

  /** Remembers that `kept` stands while the adapter counts no more than `changes`, its count before `kept` was judged. */
  stood(kept: Kept, changes: number | undefined): void {
    if (kept.tags.length > 0 && changes !== undefined) this.standing.set(kept, changes)
  }

  /** Whether none of the hard versions among `tokens` is absent. */
  isComplete(tokens: readonly string[]): boolean {
    return tokens.every((token, at) => !isHard(at) || token !== "")
  }

  /**
   * The marks of an entry, from the tokens read before its load: absent ones are made, if still absent. Answers
   * `undefined` if an invalidation came in between.
   */
  complete(keys: readonly string[], before: readonly string[]): Awaitable<readonly string[] | undefined> {
    return chain(this.current(keys, before), (tokens) =>
      tokens.some((token, at) => isRenewed(before[at] ?? "", token)) ? undefined : tokens,
    )
  }

  /** The tokens at `keys`, hard ones made that are absent; `before` is what was just read. */
  current(keys: readonly string[], before: Awaitable<readonly string[]>): Awaitable<readonly string[]> {
    const made = (token: string, at: number) =>
      isHard(at) && token === "" ? this.create(keys[at] ?? "") : token
    return chain(before, (tokens) => (this.isComplete(tokens) ? tokens : Promise.all(tokens.map(made))))
  }

  /** Renews the versions at `keys`: from now on their entries are gone (hard) or stale (soft). */
  renew(keys: readonly string[], mode: Mode): Promise<unknown> {
    // A token that is just being made must not overwrite the one that replaces it.
    const making = keys.flatMap((key) => this.#creating.get(key) ?? [])
    const renew = () => this.#renew(keys, mode)
    // A write that failed may have reached the storage all the same. So a second attempt makes new tokens: the old ones
    // could revive what others have ended in between.
    const again = () => attempt(renew).catch(renew)
    return making.length > 0 ? ended(making, 1000).then(again) : again()
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

  /** Whether the token at `key` is known at once to be `mark`. */
  #stands(key: string, mark: string | undefined): boolean {
    try {
      const record = this.#adapter.get(key)
      if (record === mark) return true
      if (record === undefined) return mark === ""
      if (isPromise(record)) hush(record)
    } catch {
      // The read that follows meets the same trouble and tells of it.
    }
    return false
  }

  /**
   * Makes the token at `key` if it is absent, once for all who want it at the same time: without the adapter's `add`
   * each would overwrite the other's.
   */
  create(key: string): Promise<string> {
    const known = this.#creating.get(key)
    // A creation that hangs holds nobody back for long. One of another request is only watched; then the token is read
    // again.
    if (known && isAlive(known)) {
      return isOurs(known) ? known.promise : ended([known], 1000).then(() => this.#create(key))
    }
    const made = this.#create(key)
    const over = () => {
      if (this.#creating.get(key) === creation) this.#creating.delete(key)
    }
    const creation = share(made, 1000)
    this.#creating.set(key, creation)
    made.then(over, over)
    return made
  }

  async #create(key: string): Promise<string> {
    const token = newborn + newToken()
    if (await this.#adapter.add?.(key, this.#record(token), Infinity)) return token
    // A tier in front may remember it as absent although it is there by now.
    await this.#adapter.forget?.([key])
    const there = toToken(await this.#adapter.get(key))
    if (there !== "") return there
    // It is absent, or junk, under which every entry would be a miss, or the storage keeps nothing.
    await this.#adapter.set(key, this.#record(token), Infinity)
    // Without `add` two processes may have made it at once: what was written last counts for both.
    return (!this.#adapter.add && toToken(await this.#adapter.get(key))) || token
  }

  #record(token: string): unknown {
    return this.#adapter.medium === "bytes" ? new TextEncoder().encode(token) : token
  }
}

/** Whether the token at this position is a hard one: hard and soft alternate. */
function isHard(at: number): boolean {
  return at % 2 === 0
}
