import { type Awaitable, isPromise } from "../base/awaitable.ts"
import { within } from "./timeout.ts"

/** Waits for a storage operation, `ms` at most. */
type Guard = <T>(work: () => Awaitable<T>, ms: number, key: string) => Awaitable<T>

/**
 * Keeps the writes of one key in the order they were asked for, so that a slow storage cannot swap them.
 *
 * A write that hangs holds back the next one for its timeout at most. Work of several steps is told when it is late,
 * and must end then: somebody else may be writing.
 */
export class WriteQueue {
  /** Counts writes, so that a slow reader can tell that one came between. */
  count = 0
  readonly #guard: Guard
  readonly #writes = new Map<string, Promise<unknown>>()
  #barrier: Promise<unknown> | undefined

  constructor(guard: Guard) {
    this.#guard = guard
  }

  /** Whether a write of one of `keys` would wait for others. */
  isBusy(keys: readonly string[]): boolean {
    return this.#barrier !== undefined || (this.#writes.size > 0 && keys.some((key) => this.#writes.has(key)))
  }

  /** Runs `work` after the writes of the same keys that are under way. */
  ordered<T>(
    keys: readonly string[],
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
  ): Awaitable<T> {
    this.count++
    let isLate = false
    const before = this.#barrier ? [this.#barrier] : []
    if (this.#writes.size > 0) {
      for (const key of keys) {
        const write = this.#writes.get(key)
        if (write) before.push(write)
      }
    }
    const guarded = () => this.#guard(() => work(() => isLate), ms, keys.length === 1 ? (keys[0] ?? "") : "")
    const result =
      before.length > 0 ? within(Promise.all(before), ms, () => undefined).then(guarded) : guarded()
    if (!isPromise(result)) return result
    const tail = result.then(ignore, () => {
      isLate = true
    })
    for (const key of keys) this.#writes.set(key, tail)
    tail.then(() => {
      for (const key of keys) if (this.#writes.get(key) === tail) this.#writes.delete(key)
    })
    return result
  }

  /** Runs `work` alone: after all writes under way, before all that come. */
  async alone<T>(ms: number, work: (isLate: () => boolean) => Awaitable<T>): Promise<T> {
    this.count++
    let isLate = false
    const before = [...this.#writes.values(), ...(this.#barrier ? [this.#barrier] : [])]
    const patience = before.length > 0 ? ms : Number.POSITIVE_INFINITY
    const result = within(Promise.all(before), patience, () => undefined).then(() =>
      this.#guard(() => work(() => isLate), ms, ""),
    )
    const tail = result.then(ignore, () => {
      isLate = true
    })
    this.#barrier = tail
    try {
      return await result
    } finally {
      if (this.#barrier === tail) this.#barrier = undefined
    }
  }
}

function ignore(): void {}
