import { type Awaitable, attempt, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { ended, share, type UnderWay } from "./scope.ts"

/** Waits for a storage operation, `ms` at most. */
type Guard = <T>(work: () => Awaitable<T>, ms: number, key: string) => Awaitable<T>

/** Told what was written, or may have been: keys, or which of all. */
export type Watcher = (written: readonly string[] | ((key: string) => boolean)) => void

/**
 * Keeps the writes of one key in the order they were asked for, so that a slow storage cannot swap them.
 *
 * A write that hangs holds back the next one for its timeout at most. Work of several steps is told when it is late,
 * and must end then: somebody else may be writing.
 */
export class WriteQueue {
  /** Of whoever writes now: another one may go on with the same storage. */
  guard: Guard = (work) => work()
  /** Counts writes, so that a slow reader can tell that one came between. */
  count = 0
  /** Told of each write when it has ended. */
  readonly watchers: Set<Watcher> = new Set()
  readonly #writes = new Map<string, UnderWay>()
  #barrier: UnderWay | undefined

  /** Whether a write of one of `keys` would wait for others. */
  isBusy(keys: readonly string[]): boolean {
    return this.#wall() !== undefined || (this.#writes.size > 0 && keys.some((key) => this.#writes.has(key)))
  }

  /** Runs `work` after the writes of the same keys that are under way, `ms` later at most; it may take `whole` ms. */
  ordered<T>(
    keys: readonly string[],
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    whole: number = ms,
  ): Awaitable<T> {
    this.count++
    let isLate = false
    const wall = this.#wall()
    const before = wall ? [wall] : []
    if (this.#writes.size > 0) {
      for (const key of keys) {
        const write = this.#writes.get(key)
        if (write) before.push(write)
      }
    }
    const guarded = () =>
      this.guard(() => work(() => isLate), whole, keys.length === 1 ? (keys[0] ?? "") : "")
    const over = () => this.told(keys)
    let result: Awaitable<T> | undefined
    try {
      result = before.length > 0 ? ended(before, ms).then(guarded) : guarded()
    } finally {
      // At once, or it threw at once.
      if (!isPromise(result)) over()
    }
    if (!isPromise(result)) return result
    const end = result.then(over, () => {
      isLate = true
      over()
    })
    const tail = share(end, whole + (before.length > 0 ? ms : 0))
    for (const key of keys) this.#writes.set(key, tail)
    end.then(() => {
      for (const key of keys) if (this.#writes.get(key) === tail) this.#writes.delete(key)
    })
    return result
  }

  /** What all writes wait for, unless it is taken for dead: its request may be over. */
  #wall(): UnderWay | undefined {
    // When the clock was set back it is waited for rather too long than not at all.
    if (this.#barrier && now() >= this.#barrier.until) this.#barrier = undefined
    return this.#barrier
  }

  /** Tells that something was written. */
  told: Watcher = (written) => {
    if (this.watchers.size > 0) for (const watch of this.watchers) watch(written)
  }

  /** Runs `work` alone: after all writes under way, before all that come. `writes` tells which keys it is about. */
  async alone<T>(
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    writes: (key: string) => boolean,
    whole: number = ms,
  ): Promise<T> {
    this.count++
    let isLate = false
    const wall = this.#wall()
    const before = [...this.#writes.values(), ...(wall ? [wall] : [])]
    const guarded = () => this.guard(() => work(() => isLate), whole, "")
    const result = before.length > 0 ? ended(before, ms).then(guarded) : attempt(guarded)
    const over = () => this.told(writes)
    const end = result.then(over, () => {
      isLate = true
      over()
    })
    const tail = share(end, ms + whole)
    this.#barrier = tail
    try {
      return await result
    } finally {
      if (this.#barrier === tail) this.#barrier = undefined
    }
  }
}
