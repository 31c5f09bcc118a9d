import type { Awaitable } from "./awaitable.ts"
import { isObject } from "./kind.ts"

/** Tells other near tiers which copies to drop. It never carries values. */
export interface Bus {
  /** Sends `message` to all other listeners. Never throws; delivery is not confirmed. */
  publish(message: BusMessage): void
  /** Calls `listener` with the messages of others, and possibly one's own. Returns a function that unsubscribes. */
  subscribe(listener: (message: BusMessage) => void): () => void
  /** Whether messages may be lost, or do not reach every writer. Then `maxAge` is 5 seconds by default. */
  readonly lossy?: boolean
  /** Ends the bus: nothing is sent or received any more. To be called by whoever created it. */
  close?(): Awaitable<void>
}

/** A change in a storage. */
export interface BusMessage {
  /** The version of this format. Messages of other versions are ignored. */
  readonly isocache: 1
  /** The sender: a random string per writer. */
  readonly origin: string
  /**
   * The storage keys written, including those of version tokens (which begin with "#"). A key is listed once for each
   * write of it that begins or ends.
   */
  readonly keys: readonly string[]
  /** The prefixes cleared; `""` means all keys. */
  readonly prefixes: readonly string[]
  /**
   * The writes have begun but not ended. A receiver keeps no copies of these keys until a message without `begins`
   * names them, for ten seconds at most, because a writer may die in between. Only sent on a bus that loses no
   * messages.
   */
  readonly begins?: boolean | undefined
}

/** Whether `message` is a {@link BusMessage}: anyone may publish on a channel. */
export function isBusMessage(message: unknown): message is BusMessage {
  if (!isObject(message)) return false
  try {
    // Every member is checked here.
    const { isocache, origin, keys, prefixes } = message as Partial<Record<keyof BusMessage, unknown>>
    return isocache === 1 && typeof origin === "string" && areTexts(keys) && areTexts(prefixes)
  } catch {
    return false // A getter that throws.
  }
}

/** A message that says everything may have changed. */
export function dropAll(origin: string): BusMessage {
  return { isocache: 1, origin, keys: [], prefixes: [""] }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string")
}
