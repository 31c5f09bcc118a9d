import { quietly } from "./awaitable.ts"

/** Those who listen. One that throws disturbs nobody; the same function may listen twice. */
export class Listeners<T> {
  readonly #all = new Set<(told: T) => void>()

  get size(): number {
    return this.#all.size
  }

  /** Calls `listener` for all that is told from now on. Returns a function that stops it, and tells whether it was not yet. */
  add(listener: (told: T) => void): () => boolean {
    const own = (told: T) => listener(told)
    this.#all.add(own)
    return () => this.#all.delete(own)
  }

  tell(told: T): void {
    for (const listener of [...this.#all]) quietly(() => listener(told))
  }

  clear(): void {
    this.#all.clear()
  }
}
