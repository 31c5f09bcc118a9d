import type { Awaitable } from "./awaitable.ts"

/** Tells other near tiers what to drop: never values, and never to be relied on. */
export interface Bus {
  /** Sends `message` to all who listen elsewhere. Never throws; what is lost is lost. */
  publish(message: BusMessage): void
  /** Calls `listener` with what others send; may call it with one's own. Returns a function that stops it. */
  subscribe(listener: (message: BusMessage) => void): () => void
  /** Whether messages may be lost, or writers not be reached: then `maxAge` stays 5 seconds unless given. */
  readonly lossy?: boolean
  /** Ends it: nobody hears or is heard any more. Called by whoever made the bus. */
  close?(): Awaitable<void>
}

/** What has changed in a storage. */
export interface BusMessage {
  /** The version of this format; of others nothing is known. */
  readonly isocache: 1
  /** Who sent it: random, one for each writer. */
  readonly origin: string
  /** Storage keys, version tokens (which begin with "#") included; as often as writes of one begin or end. */
  readonly keys: readonly string[]
  /** What cleared storage keys begin with; `""` are all. */
  readonly prefixes: readonly string[]
  /**
   * They are only being written: no copies of them are kept until a message without this names them, or ten seconds
   * have passed, for a writer may die before it tells. Sent on buses that lose nothing.
   */
  readonly begins?: boolean | undefined
}

/** Whether `message` is one: anybody may speak on a channel. */
export function isBusMessage(message: unknown): message is BusMessage {
  if (typeof message !== "object" || message === null) return false
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
