import { type Bus, type BusMessage, isBusMessage } from "../base/bus.ts"
import { now } from "../base/clock.ts"
import { ShortLived } from "../base/short-lived.ts"
import { hearWeakly } from "../base/weakly.ts"
import type { Fences } from "./fences.ts"
import type { NearCopies } from "./near-copies.ts"
import type { Teller } from "./telling.ts"
import type { Tokens } from "./tokens.ts"

/** What a near tier remembers. */
export interface NearState {
  readonly copies: NearCopies
  readonly tokens: Tokens
  readonly fences: Fences
}

/** More prefixes than this in one message are not told apart: all keys count as cleared. */
const maxPrefixes = 1000

/** Drops from a near tier what others say on the bus that they write. Ignores its own messages, and malformed ones. */
export class Messages {
  readonly #bus: Bus | undefined
  readonly #near: NearState
  readonly #report: (error: unknown) => void
  readonly #own: Teller | undefined
  /** The writes of others that have begun and not ended yet, by writer and key or prefix. */
  readonly #begun = new ShortLived<Begun>()
  #stop: (() => void) | undefined
  #isClosed = false

  /** @param own - Sends the messages of this tier, which it is not to hear itself. */
  constructor(bus: Bus | undefined, near: NearState, report: (error: unknown) => void, own?: Teller) {
    this.#bus = bus
    this.#near = near
    this.#report = report
    this.#own = own
  }

  /** Listens from now on; must come before anything is kept. Nobody closes a tier that is dropped, so it is held weakly. */
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

  /** Lets {@link listen} listen again after {@link close}. */
  open(): void {
    this.#isClosed = false
  }

  /** Stops listening, and forgets what others have begun. */
  close(): void {
    this.#isClosed = true
    this.#stop?.()
    this.#stop = undefined
    this.#begun.clear()
  }

  /** Somebody has told `message`. */
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

  /** Another's write of `what` has begun, or is over. `end` lets copies be kept again. */
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
  /** How many writes of it are under way. */
  count: number
  /** When the first of them was heard of, ms since epoch. */
  readonly since: number
  /** Lets copies be kept again. */
  readonly end: () => unknown
}
