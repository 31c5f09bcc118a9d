import { type Bus, isBusMessage } from "../base/bus.ts"
import type { Fences } from "./fences.ts"
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
      fences.beat(key)
      tokens.delete(key)
      shelf.drop(key)
    }
    for (const prefix of message.prefixes) {
      fences.beatAll(prefix)
      tokens.clear(prefix)
      shelf.clear(prefix)
    }
  }
}
