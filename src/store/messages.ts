import { type Bus, type BusMessage, isBusMessage } from "../base/bus.ts"
import { left, now } from "../base/clock.ts"
import { type Fences, maxWait } from "./fences.ts"
import type { Shelf } from "./shelf.ts"
import { Teller } from "./telling.ts"
import type { Tokens } from "./tokens.ts"

/** What a near tier remembers. */
export interface Memory {
  readonly shelf: Shelf
  readonly tokens: Tokens
  readonly fences: Fences
}

/** A near tier's ear and mouth on the bus. Own messages and strangers' are not heard. */
export class Messages {
  readonly #bus: Bus | undefined
  readonly #memory: Memory
  readonly #report: (error: unknown) => void
  readonly #teller: Teller | undefined
  /** What others have begun to write, and not told the end of yet, by writer and key or prefix. */
  readonly #begun = new Map<string, Begun>()
  #stop: (() => void) | undefined
  #isClosed = false

  constructor(bus: Bus | undefined, memory: Memory, report: (error: unknown) => void) {
    this.#bus = bus
    this.#memory = memory
    this.#report = report
    this.#teller = bus && new Teller(bus, report)
  }

  /** Listens from now on; must come before anything is kept. */
  listen(): void {
    if (this.#stop || !this.#bus || this.#isClosed) return
    try {
      this.#stop = this.#bus.subscribe((message) => this.#hear(message))
    } catch (error) {
      this.#report(error)
    }
  }

  /** Tells the others what is being written: each is to be told its end. */
  begin(keys: readonly string[], prefixes?: readonly string[]): void {
    this.#teller?.begin(keys, prefixes)
  }

  /** Tells the others what has changed, once for all of a turn. */
  tell(keys: readonly string[], prefixes?: readonly string[]): void {
    this.#teller?.tell(keys, prefixes)
  }

  open(): void {
    this.#isClosed = false
  }

  /** Hears nothing any more, whatever is still under way. */
  close(): void {
    this.#isClosed = true
    this.#stop?.()
    this.#stop = undefined
  }

  #hear(message: unknown): void {
    if (!isBusMessage(message) || message.origin === this.#teller?.origin) return
    const { shelf, tokens, fences } = this.#memory
    for (const key of message.keys) {
      this.#note(message, `key ${key}`, () => {
        const ticket = fences.begin(key, true)
        return () => void fences.end(ticket)
      })
      fences.beat(key)
      tokens.delete(key)
      shelf.drop(key)
    }
    for (const prefix of message.prefixes) {
      this.#note(message, `prefix ${prefix}`, () => fences.clear(prefix))
      fences.beatAll(prefix)
      tokens.clear(prefix)
      shelf.clear(prefix)
    }
  }

  /** Another's write has begun, or is over. */
  #note({ origin, begins }: BusMessage, what: string, begin: () => () => void): void {
    const id = `${origin} ${what}`
    const known = this.#begun.get(id)
    if (begins !== true) {
      if (!known || --known.count > 0) return
      known.end()
      this.#begun.delete(id)
    } else if (known) known.count++
    else {
      // Who has died tells no end. The oldest come first.
      for (const [old, { since, end }] of this.#begun) {
        if (left(since, maxWait) > 0) break
        this.#begun.delete(old)
        end()
      }
      this.#begun.set(id, { count: 1, since: now(), end: begin() })
    }
  }
}

interface Begun {
  /** So many times, of several writes at once. */
  count: number
  /** When the first of them was told, ms since epoch. */
  readonly since: number
  /** Lets copies be kept again. */
  readonly end: () => void
}
