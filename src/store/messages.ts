import { type Bus, type BusMessage, isBusMessage } from "../base/bus.ts"
import { now } from "../base/clock.ts"
import { ShortLived } from "../base/short-lived.ts"
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

/** A near tier's ear on the bus. Own messages and strangers' are not heard. */
export class Messages {
  readonly #bus: Bus | undefined
  readonly #near: NearState
  readonly #report: (error: unknown) => void
  readonly #own: Teller | undefined
  /** What others have begun to write, and not told the end of yet, by writer and key or prefix. */
  readonly #begun = new ShortLived<Begun>()
  #stop: (() => void) | undefined
  #isClosed = false

  /** @param own - Who speaks here. */
  constructor(bus: Bus | undefined, near: NearState, report: (error: unknown) => void, own?: Teller) {
    this.#bus = bus
    this.#near = near
    this.#report = report
    this.#own = own
  }

  /** Listens from now on; must come before anything is kept. */
  listen(): void {
    this.#begun.sweep()
    if (this.#stop || !this.#bus || this.#isClosed) return
    try {
      this.#stop = this.#bus.subscribe((message) => this.#hear(message))
    } catch (error) {
      this.#report(error)
    }
  }

  open(): void {
    this.#isClosed = false
  }

  /** Hears nothing any more, whatever is still under way. */
  close(): void {
    this.#isClosed = true
    this.#stop?.()
    this.#stop = undefined
    this.#begun.clear()
  }

  #hear(message: unknown): void {
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

  /** Another's write has begun, or is over. */
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
  /** So many times, of several writes at once. */
  count: number
  /** When the first of them was told, ms since epoch. */
  readonly since: number
  /** Lets copies be kept again. */
  readonly end: () => unknown
}
