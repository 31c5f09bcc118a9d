import { type Awaitable, attempt, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import type { Lane, Watcher } from "./lane.ts"
import { ended, share, type UnderWay } from "./scope.ts"

/** Waits for a storage operation, `ms` at most. */
type Guard = <T>(work: () => Awaitable<T>, ms: number, key: string) => Awaitable<T>

/**
 * Keeps the writes of one key in the order they were asked for, so that a slow storage cannot swap them.
 *
 * A write that hangs holds back the next one for its timeout at most. Work of several steps is told when it is late,
 * and must end then: somebody else may be writing.
 */
export class WriteQueue {
  readonly #lane: Lane
  readonly #guard: Guard

  constructor(lane: Lane, guard: Guard) {
    this.#lane = lane
    this.#guard = guard
  }

  /** Whether a write of one of `keys` would wait for others. */
  isBusy(keys: readonly string[]): boolean {
    const { writes } = this.#lane
    return this.#barrier() !== undefined || (writes.size > 0 && keys.some((key) => writes.has(key)))
  }

  /** Waits, `ms` at most, for the writes of the same keys that are under way, then runs `work`, `whole` ms at most. */
  ordered<T>(
    keys: readonly string[],
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    whole: number = ms,
  ): Awaitable<T> {
    const { writes } = this.#lane
    this.#lane.count++
    let isLate = false
    const barrier = this.#barrier()
    const before = barrier ? [barrier] : []
    if (writes.size > 0) {
      for (const key of keys) {
        const write = writes.get(key)
        if (write) before.push(write)
      }
    }
    const guarded = () =>
      this.#guard(() => work(() => isLate), whole, keys.length === 1 ? (keys[0] ?? "") : "")
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
    for (const key of keys) writes.set(key, tail)
    end.then(() => {
      for (const key of keys) if (writes.get(key) === tail) writes.delete(key)
    })
    return result
  }

  /** What all writes wait for, unless it is taken for dead: its request may be over. */
  #barrier(): UnderWay | undefined {
    // When the clock was set back it is waited for rather too long than not at all.
    const lane = this.#lane
    if (lane.barrier && now() >= lane.barrier.until) lane.barrier = undefined
    return lane.barrier
  }

  /** Tells that something was written. */
  told: Watcher = (written) => {
    const { watchers } = this.#lane
    if (watchers.size > 0) for (const watch of watchers) watch(written)
  }

  /** Runs `work` alone: after all writes under way, before all that come. `writes` tells which keys it is about. */
  async alone<T>(
    ms: number,
    work: (isLate: () => boolean) => Awaitable<T>,
    writes: (key: string) => boolean,
    whole: number = ms,
  ): Promise<T> {
    const lane = this.#lane
    lane.count++
    let isLate = false
    const barrier = this.#barrier()
    const before = [...lane.writes.values(), ...(barrier ? [barrier] : [])]
    const guarded = () => this.#guard(() => work(() => isLate), whole, "")
    const result = before.length > 0 ? ended(before, ms).then(guarded) : attempt(guarded)
    const over = () => this.told(writes)
    const end = result.then(over, () => {
      isLate = true
      over()
    })
    const tail = share(end, ms + whole)
    lane.barrier = tail
    try {
      return await result
    } finally {
      if (lane.barrier === tail) lane.barrier = undefined
    }
  }
}
