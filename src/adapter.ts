import type { Awaitable } from "./base/awaitable.ts"
import type { Bus } from "./base/bus.ts"
import { CacheError } from "./base/errors.ts"
import type { Tier } from "./base/events.ts"

export type { Awaitable } from "./base/awaitable.ts"

/**
 * A record as an adapter keeps it: a structured-cloneable value for medium "object", a `Uint8Array` for "bytes", a
 * string for "text".
 */
export type Stored = unknown

/** The lease on a key, from {@link Adapter.lock}. It ends by itself. */
export interface Lease {
  /** Gives the lease back. Idempotent; never releases another holder's lease. */
  release(): Awaitable<void>
}

/** What an adapter reports outside of any call. */
export type AdapterEvent =
  /** An entry was removed to make room. */
  | { readonly type: "evict"; readonly key: string; readonly tier?: Tier }
  /** An error that reaches no caller. */
  | {
      readonly type: "error"
      readonly error: unknown
      readonly key?: string
      readonly tier?: Tier
    }

/**
 * Speaks to one storage. The first four methods make an adapter; each further method is an ability, announced by its
 * presence. Any string is a key, including the empty one and lone surrogates; different keys never share a record.
 *
 * A synchronous adapter returns no promises. Adapters are plain objects: a copy, `{ ...adapter }`, is another handle on
 * the same storage.
 */
export interface Adapter {
  /** Its name in messages; for a built-in adapter its alias. */
  readonly name: string
  /** What it stores without loss. */
  readonly medium: "object" | "bytes" | "text"
  /**
   * "clone": it keeps the object it is given, and the codec copies values in and out. "none": it keeps the object it is
   * given, and nothing is copied. "own": its storage copies by structured clone. Absent: the codec copies, and passes
   * only what structured clone supports.
   */
  readonly copy?: "clone" | "none" | "own"
  /** The record of `key`; `undefined` if there is none. Throws or rejects when the storage fails. */
  get(key: string): Awaitable<Stored | undefined>
  /**
   * Stores `record` under `key`, replacing any other. Effective once this returns, or its promise resolves.
   *
   * @param ttl - Milliseconds until the record may be dropped; `Infinity` keeps it, 0 or less may drop it at once.
   */
  set(key: string, record: Stored, ttl: number): Awaitable<void>
  /** Removes `key`; returns whether it existed. */
  delete(key: string): Awaitable<boolean>
  /** Removes every key that starts with `prefix`. */
  clear(prefix: string): Awaitable<void>

  /** Returns records in the order of the keys, duplicates included. */
  getMany?(keys: readonly string[]): Awaitable<readonly (Stored | undefined)[]>
  /** As `set` for each, in order; the last record of a key counts. */
  setMany?(entries: readonly (readonly [key: string, record: Stored, ttl: number])[]): Awaitable<void>
  /** Removes `keys`; returns how many of them existed. */
  deleteMany?(keys: readonly string[]): Awaitable<number>
  /** Sets `key` if it is absent, atomically; returns whether it did. */
  add?(key: string, record: Stored, ttl: number): Awaitable<boolean>
  /** Lists the keys that start with `prefix`, version tokens included; each once, in any order. */
  keys?(prefix: string): AsyncIterable<string> | Iterable<string>
  /** Takes the lease on `key` for `ttl` ms; `undefined` while another holder has it. */
  lock?(key: string, ttl: number): Awaitable<Lease | undefined>
  /** Drops what is past its life at `now` (ms since epoch); returns how many records. */
  prune?(now: number): Awaitable<number>
  /** Opens the storage; called before anything else, and possibly again. Rejects if there is none. */
  open?(): Awaitable<void>
  /** Releases the storage. Idempotent. */
  close?(): Awaitable<void>
  /**
   * The record of `key` if known without I/O, else `undefined`. A near tier returns what it has in memory.
   *
   * @param time - Ms since epoch, if the caller has just read the clock.
   */
  peek?(key: string, time?: number): Stored | undefined
  /**
   * Drops a near tier's copies of `keys`, so that the next read reaches the tier behind it. `"#"` stands for all
   * version tokens.
   */
  forget?(keys: readonly string[]): Awaitable<void>
  /**
   * How often version tokens have changed. For adapters through which all their changes pass: while the count stays the
   * same, so do the tokens.
   *
   * @param time - Ms since epoch, if the caller has just read the clock.
   */
  tokenChanges?(time?: number): number
  /**
   * Connects all caches over the same storage, so that a near tier need not ask the storage again. Each cache announces
   * its writes on the bus; code that writes to the bare adapter must do so, too.
   */
  readonly bus?: Bus
  /** Calls `listener` with evictions and errors outside of any call. Returns a function that stops it. */
  observe?(listener: (event: AdapterEvent) => void): () => void
}

/** Turns rich values into text and back. `parse` must be safe on hostile text: if it throws, that is a miss. */
export interface Serializer {
  /** Stored in every record. A record of another serializer is a miss. */
  readonly name: string
  /** The text of `value`. Throws if it cannot represent it. */
  stringify(value: unknown): string
  /** The value that `text` represents. */
  parse(text: string): unknown
}

/**
 * Throws unless `adapter` has the four required methods and a medium.
 *
 * @param who - The function or option that received it, for the message.
 * @throws {CacheError} `ADAPTER_OPTIONS`.
 */
export function assertAdapter(adapter: unknown, who: string): asserts adapter is Adapter {
  const members: object = Object(adapter)
  const isMethod = (name: string) => typeof Reflect.get(members, name) === "function"
  const missing = ["get", "set", "delete", "clear"].filter((name) => !isMethod(name))
  const knowsMedium = ["object", "bytes", "text"].includes(String(Reflect.get(members, "medium")))
  if (missing.length === 0 && knowsMedium) return
  const what =
    missing.length > 0 ? `no method ${missing.join(", ")}` : 'no medium "object", "bytes" or "text"'
  throw new CacheError("ADAPTER_OPTIONS", `${who} needs an adapter, such as memory(); this one has ${what}.`)
}

/** Checks that `getMany` has returned one of `records` per key: otherwise they cannot be matched. */
export function inStep(keys: readonly string[], records: readonly Stored[]): readonly Stored[] {
  if (records.length === keys.length) return records
  throw new Error("getMany() must answer a record for each key.")
}

/** Marks the keys of version tokens (tags and regions): not counted in `maxEntries`, evicted last. */
export const tokenMark = "#"

/**
 * How many version tokens an adapter keeps besides `maxEntries` entries. Generous, because evicting a token loses all
 * entries made under it.
 */
export function maxTokensOf(maxEntries: number): number {
  return Math.max(100_000, 10 * maxEntries)
}

/** Whether `key` holds a version token. */
export function isToken(key: string): boolean {
  return key.charCodeAt(0) === 35 // "#"
}
