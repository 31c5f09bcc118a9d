import { type Bus, type BusMessage, isBusMessage } from "../base/bus.ts"
import { now } from "../base/clock.ts"
import { ShortLived } from "../base/short-lived.ts"
import { hearWeakly } from "../base/weakly.ts"
import type { Fences } from "./fences.ts"
import type { NearCopies } from "./near-copies.ts"
import type { Teller } from "./telling.ts"
import type { Tokens } from "./tokens.ts"

/** The state of a near tier. */
export interface NearState {
  readonly copies: NearCopies
  readonly tokens: Tokens
  readonly fences: Fences
}

/** With more prefixes than this in one message, all keys count as cleared. */
const maxPrefixes = 1000

/** Drops from a near tier what others announce on the bus. Ignores the tier's own messages, and malformed ones. */
export class Messages {
  readonly #bus: Bus | undefined
  readonly #near: NearState
  readonly #report: (error: unknown) => void
  readonly #own: Teller | undefined
  /** The pending writes of others, by writer and key or prefix. */
  readonly #begun = new ShortLived<Begun>()
  #stop: (() => void) | undefined
  #isClosed = false

  /** @param own - Sends this tier's messages, which it must ignore. */
  constructor(bus: Bus | undefined, near: NearState, report: (error: unknown) => void, own?: Teller) {
    this.#bus = bus
    this.#near = near
    this.#report = report
    this.#own = own
  }

  /**
   * Starts listening; must be called before anything is kept. Held weakly, because abandoned tiers are never closed.
   */
  listen(): void {
    this.#begun.sweep()
    const bus = this.#bus
    if (this.#stop || !bus || this.#isClosed) return
    try {
      this.#stop = hearWeakly<BusMessage>(this, (listener) => bus.subscribe(listener))
    } catch (error) {
      this.#report(error)
    }
  }

  /** Allows {@link listen} again after {@link close}. */
  open(): void {
    this.#isClosed = false
  }

  /** Stops listening, and forgets the pending writes of others. */
  close(): void {
    this.#isClosed = true
    this.#stop?.()
    this.#stop = undefined
    this.#begun.clear()
  }

  /** Receives a message. */
  hear(message: unknown): void {
    if (!isBusMessage(message) || message.origin === this.#own?.origin) return
    const { copies, tokens, fences } = this.#near
    for (const key of message.keys) {
      const ticket = fences.begin(key, true)
      this.#note(message, `key ${key}`, () => fences.end(ticket))
      tokens.delete(key)
      copies.drop(key)
    }
    for (const prefix of message.prefixes.length > maxPrefixes ? [""] : message.prefixes) {
      this.#note(message, `prefix ${prefix}`, fences.clear(prefix))
      tokens.clear(prefix)
      copies.clear(prefix)
    }
  }

  /** Another tier's write of `what` has begun or ended. `end` allows copies again. */
  #note({ origin, begins }: BusMessage, what: string, end: () => unknown): void {
    const id = `${origin} ${what}`
    const known = this.#begun.get(id)
    if (begins === true && !known) {
      this.#begun.set(id, { count: 1, since: now(), end })
      return
    }
    end()
    if (!known) return
    if (begins === true) known.count++
    else if (--known.count === 0) {
      known.end()
      this.#begun.delete(id)
    }
  }
}

interface Begun {
  /** How many of its writes are pending. */
  count: number
  /** When the first of them was announced, ms since epoch. */
  readonly since: number
  /** Allows copies again. */
  readonly end: () => unknown
}
