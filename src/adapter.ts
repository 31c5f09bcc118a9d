import type { Awaitable } from "./base/awaitable.ts"
import type { Bus } from "./base/bus.ts"
import { CacheError } from "./base/errors.ts"
import type { Tier } from "./base/events.ts"

export type { Awaitable } from "./base/awaitable.ts"

/** What an adapter keeps: medium "object" a structured-cloneable value, "bytes" a `Uint8Array`, "text" a string. */
export type Stored = unknown

/** The right to load a key, granted by {@link Adapter.lock}. It ends by itself. */
export interface Lease {
  /** Gives the lease back. Idempotent; never releases another owner's. */
  release(): Awaitable<void>
}

/** What an adapter reports by itself, outside of any call. */
export type AdapterEvent =
  /** An entry left to make room. */
  | { readonly type: "evict"; readonly key: string; readonly tier?: Tier }
  /** Trouble that is no caller's. */
  | {
      readonly type: "error"
      readonly error: unknown
      readonly key?: string
      readonly tier?: Tier
    }

/**
 * Speaks to one storage. The first four methods make an adapter; every further one is an ability, announced by
 * its presence. Any string is a key, the empty one and lone surrogates included; different keys never share a record.
 *
 * A synchronous adapter answers without promises. Adapters are plain objects: copying one with `{ ...adapter }`
 * gives another handle on the same storage.
 */
export interface Adapter {
  /** What messages call it; for a built-in one its alias. */
  readonly name: string
  /** What it keeps faithfully. */
  readonly medium: "object" | "bytes" | "text"
  /**
   * Who copies values on medium "object".
   * "clone": it keeps the very object, the codec copies on the way in and out. "none": it keeps the very object and
   * nobody copies. "own": its storage copies by structured clone. Left out: the codec copies and hands over only
   * what structured clone keeps.
   */
  readonly copy?: "clone" | "none" | "own"
  /** The record of `key`; `undefined` where there is none. Throws or rejects when the storage fails. */
  get(key: string): Awaitable<Stored | undefined>
  /**
   * Keeps `record` under `key` in place of what was there: from when this returns, or its promise fulfils.
   *
   * @param ttl - Milliseconds until the record may be dropped; `Infinity` keeps it. With 0 or less it may be dropped at
   * once.
   */
  set(key: string, record: Stored, ttl: number): Awaitable<void>
  /** Removes `key`; answers whether it was there. */
  delete(key: string): Awaitable<boolean>
  /** Removes every key that starts with `prefix`. */
  clear(prefix: string): Awaitable<void>

  /** Answers in the keys' order, duplicates included. */
  getMany?(keys: readonly string[]): Awaitable<readonly (Stored | undefined)[]>
  /** As `set` for each, in order; for a key that comes twice the last record counts. */
  setMany?(entries: readonly (readonly [key: string, record: Stored, ttl: number])[]): Awaitable<void>
  /** Removes `keys`; answers how many of them were there. */
  deleteMany?(keys: readonly string[]): Awaitable<number>
  /** Sets `key` if it is absent, atomically; answers whether it did. */
  add?(key: string, record: Stored, ttl: number): Awaitable<boolean>
  /** Lists the keys that start with `prefix`, version tokens included, each once, in any order. */
  keys?(prefix: string): AsyncIterable<string> | Iterable<string>
  /** Takes the lease on `key` for `ttl` ms; `undefined` while another holds it. */
  lock?(key: string, ttl: number): Awaitable<Lease | undefined>
  /** Drops what is past its life at `now` (ms since epoch); answers how many. */
  prune?(now: number): Awaitable<number>
  /** Makes the storage ready; called before anything else, and perhaps again. Rejects where there is none. */
  open?(): Awaitable<void>
  /** Lets go of the storage. Idempotent. */
  close?(): Awaitable<void>
  /**
   * The record of `key` where it is known without I/O, else `undefined`: a tier in front answers from memory.
   *
   * @param time - The time in ms since epoch, where the caller has just read the clock.
   */
  peek?(key: string, time?: number): Stored | undefined
  /**
   * Drops what a tier in front keeps of `keys`: the next read is answered by the tier behind it. `"#"` stands for all
   * version tokens.
   */
  forget?(keys: readonly string[]): Awaitable<void>
  /**
   * How often version tokens have changed. For an adapter through which all their changes pass: while the count is the
   * same, the tokens are.
   *
   * @param time - The time in ms since epoch, where the caller has just read the clock.
   */
  tokenChanges?(time?: number): number
  /**
   * Reaches every cache over the same storage, so that a near tier in front need not ask the storage again. Each cache
   * tells the bus what it writes; whoever writes through the bare adapter must do so too.
   */
  readonly bus?: Bus
  /** Calls `listener` on evictions and on trouble outside of any call. Returns a function that stops it. */
  observe?(listener: (event: AdapterEvent) => void): () => void
}

/** Turns rich values into text and back. `parse` must be harmless on hostile text: throwing is a miss. */
export interface Serializer {
  /** Stands in every record it has made. A record of another serializer is a miss. */
  readonly name: string
  /** The text of `value`. Throws for what it cannot keep. */
  stringify(value: unknown): string
  /** The value that `text` was made of. */
  parse(text: string): unknown
}

/**
 * Throws unless `adapter` has the four methods and a medium.
 *
 * @param who - Whose argument it is, for the message.
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

/** The `records` that `getMany` has answered for `keys`. Throws for a wrong number: nobody knows whose they are. */
export function inStep(keys: readonly string[], records: readonly Stored[]): readonly Stored[] {
  if (records.length === keys.length) return records
  throw new Error("getMany() must answer a record for each key.")
}

/** Marks the keys of version tokens (tags and regions): not counted in `maxEntries`, evicted last. */
export const tokenMark = "#"

/**
 * How many version tokens an adapter keeps beside `maxEntries` entries: enough for entries with many tags each, for
 * when a token is evicted all entries made under it are lost.
 */
export function maxTokensOf(maxEntries: number): number {
  return Math.max(100_000, 10 * maxEntries)
}

/** Whether `key` holds a version token. */
export function isToken(key: string): boolean {
  return key.charCodeAt(0) === 35 // "#"
}
