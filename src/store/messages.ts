import { type Bus, type BusMessage, isBusMessage } from "./bus.ts"
import type { Fences } from "./fences.ts"
import type { Shelf } from "./shelf.ts"
import type { Tokens } from "./tokens.ts"

/** What a near tier remembers. */
export interface Memory {
  readonly shelf: Shelf
  readonly tokens: Tokens
  readonly fences: Fences
}

/** So many keys fit into a message: more go into several. */
const mostKeys = 1000

/** A near tier's ear and mouth on the bus. Own messages and strangers' are not heard. */
export class Messages {
  readonly #bus: Bus | undefined
  readonly #memory: Memory
  readonly #report: (error: unknown) => void
  #origin = ""
  #stop: (() => void) | undefined
  #keys: string[] = []
  #prefixes: string[] = []

  constructor(bus: Bus | undefined, memory: Memory, report: (error: unknown) => void) {
    this.#bus = bus
    this.#memory = memory
    this.#report = report
  }

  /** Listens from now on; must come before anything is kept. */
  listen(): void {
    if (this.#stop || !this.#bus) return
    // Drawn late: Workers allow no random numbers at the global scope.
    this.#origin ||= Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2)
    try {
      this.#stop = this.#bus.subscribe((message) => this.#hear(message))
    } catch (error) {
      this.#report(error)
    }
  }

  /** Tells the others what has changed, once for all of a turn. */
  tell(keys: readonly string[], prefixes: readonly string[] = []): void {
    if (!this.#bus) return
    if (this.#keys.length === 0 && this.#prefixes.length === 0) queueMicrotask(() => this.#send())
    this.#keys.push(...keys)
    this.#prefixes.push(...prefixes)
  }

  close(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  #send(): void {
    const prefixes = this.#prefixes.splice(0)
    const keys = [...new Set(this.#keys.splice(0))]
    do {
      const message: BusMessage = {
        isocache: 1,
        origin: this.#origin,
        keys: keys.splice(0, mostKeys),
        prefixes: prefixes.splice(0),
      }
      try {
        this.#bus?.publish(message)
      } catch (error) {
        this.#report(error)
      }
    } while (keys.length > 0)
  }

  #hear(message: unknown): void {
    if (!isBusMessage(message) || message.origin === this.#origin) return
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
