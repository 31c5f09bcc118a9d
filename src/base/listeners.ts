import { quietly } from "./awaitable.ts"

/** A set of listeners. One that throws disturbs nothing; a function may be added twice. */
export class Listeners<T> {
  readonly #all = new Set<(message: T) => void>()

  get size(): number {
    return this.#all.size
  }

  /** Adds `listener`. Returns a function that removes it, and returns whether it was still there. */
  add(listener: (message: T) => void): () => boolean {
    const own = (message: T) => listener(message)
    this.#all.add(own)
    return () => this.#all.delete(own)
  }

  /** Calls every listener with `message`. */
  tell(message: T): void {
    for (const listener of [...this.#all]) quietly(() => listener(message))
  }

  clear(): void {
    this.#all.clear()
  }
}
