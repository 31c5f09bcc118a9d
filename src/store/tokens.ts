import { now } from "../base/clock.ts"

interface Known {
  readonly token: string
  /** Milliseconds since epoch. */
  readonly until: number
}

/** More tokens than this are not remembered; the oldest go first. */
const most = 10_000

/** The version tokens that were read or written lately; absent ones too, as `""`. */
export class Tokens {
  readonly #known = new Map<string, Known>()
  readonly #maxAge: number

  constructor(maxAge: number) {
    this.#maxAge = maxAge
  }

  /** The token at `key`; `undefined` if it must be asked for. */
  get(key: string): string | undefined {
    const known = this.#known.get(key)
    if (known === undefined) return undefined
    return known.until === Number.POSITIVE_INFINITY || now() < known.until ? known.token : undefined
  }

  set(key: string, token: string): void {
    if (this.#maxAge <= 0) return
    this.#known.delete(key)
    this.#known.set(key, { token, until: now() + this.#maxAge })
    if (this.#known.size > most)
      for (const oldest of this.#known.keys()) return void this.#known.delete(oldest)
  }

  delete(key: string): void {
    this.#known.delete(key)
  }

  clear(prefix: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(prefix)) this.#known.delete(key)
  }
}
