import { quietly } from "./awaitable.ts"

/** The listeners of one thing. One that throws disturbs nobody; the same function may listen twice. */
export class Listeners<T> {
  readonly #all = new Set<(told: T) => void>()

  get size(): number {
    return this.#all.size
  }

  /** Calls `listener` with all that is told. Returns a function that stops it and answers whether it still listened. */
  add(listener: (told: T) => void): () => boolean {
    const own = (told: T) => listener(told)
    this.#all.add(own)
    return () => this.#all.delete(own)
  }

  /** Calls every listener with `told`. */
  tell(told: T): void {
    for (const listener of [...this.#all]) quietly(() => listener(told))
  }

  clear(): void {
    this.#all.clear()
  }
}
