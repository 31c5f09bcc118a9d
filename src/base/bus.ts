import type { Awaitable } from "./awaitable.ts"
import { isObject } from "./kind.ts"

/** Tells other near tiers which copies to drop. It never carries values. */
export interface Bus {
  /** Sends `message` to all who listen elsewhere. Never throws; nobody hears whether it arrived. */
  publish(message: BusMessage): void
  /** Calls `listener` with what others send, and perhaps with one's own messages. Returns a function that stops it. */
  subscribe(listener: (message: BusMessage) => void): () => void
  /** Whether messages may be lost, or do not reach every writer: then `maxAge` is 5 seconds by default. */
  readonly lossy?: boolean
  /** Ends the bus: nothing is sent or heard any more. Called by whoever made it. */
  close?(): Awaitable<void>
}

/** What has changed in a storage. */
export interface BusMessage {
  /** The version of this format. A message of another version is ignored. */
  readonly isocache: 1
  /** Who sent it: a random text for each writer. */
  readonly origin: string
  /**
   * The storage keys written, those of version tokens (they begin with "#") included. A key stands here once for each
   * write of it that begins or ends.
   */
  readonly keys: readonly string[]
  /** The prefixes cleared; `""` means all keys. */
  readonly prefixes: readonly string[]
  /**
   * The writes have begun but not ended: whoever hears it keeps no copies of these keys until a message without
   * `begins` names them, ten seconds at most, for a writer may die before it tells. Sent only on a bus that loses
   * nothing.
   */
  readonly begins?: boolean | undefined
}

/** Whether `message` is a {@link BusMessage}: anybody may speak on a channel. */
export function isBusMessage(message: unknown): message is BusMessage {
  if (!isObject(message)) return false
  try {
    // Seen as a partial message: every member is judged here.
    const { isocache, origin, keys, prefixes } = message as Partial<Record<keyof BusMessage, unknown>>
    return isocache === 1 && typeof origin === "string" && areTexts(keys) && areTexts(prefixes)
  } catch {
    return false // A getter that throws.
  }
}

/** Says that everything may have changed. */
export function dropAll(origin: string): BusMessage {
  return { isocache: 1, origin, keys: [], prefixes: [""] }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string")
}
