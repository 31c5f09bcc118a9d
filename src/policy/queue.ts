import { type Awaitable, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import type { Busy } from "./busy.ts"
import type { Lane, Watcher } from "./lane.ts"
import { Queued } from "./queued.ts"
import { isUnderWay, isWorker } from "./scope.ts"
import { only } from "./storage-errors.ts"

/** A write. Once `isLate` returns true it must stop: another write may have started. */
export type Work<T> = (isLate: () => boolean) => Awaitable<T>

/**
 * Calls `run` with the write when it is its turn, and returns the result of that. It does not return the write itself:
 * a promise of it would take another microtask, in which calls made later could overtake it.
 */
export type Prepare<T> = (run: (work: Work<T>) => Awaitable<T>) => Awaitable<T>

/** What a queue needs from its engine. */
interface Keeper {
  /** Waits for a storage operation, `ms` at most. */
  guard<T>(work: () => Awaitable<T>, ms: number, key: string): Awaitable<T>
  /** Counts operations under way. */
  readonly busy: Pick<Busy, "begin">
}

/**
 * Keeps the writes of one key in the order they were called, so that a slow storage cannot swap them.
 *
 * A write that hangs delays the next one by its timeout at most. If that hangs as well, so does the storage, and the
 * rest no longer wait. A write of several steps can ask whether it is late, and must then stop: another write may have
 * started.
 */
export class WriteQueue {
  readonly #lane: Lane
  readonly #keeper: Keeper

  constructor(lane: Lane, keeper: Keeper) {
    this.#lane = lane
    this.#keeper = keeper
  }

  /** Whether a write of one of `keys` would wait for others. */
  isBusy(keys: readonly string[]): boolean {
    return this.#ahead(keys).length > 0
  }

  /** Waits for the pending writes of `keys`, for as long as these may take. */
  finish(keys: readonly string[]): Awaitable<void> {
    const ahead = this.#ahead(keys)
    return ahead.length > 0 ? new Queued(ahead, 0).inLine(0) : undefined
  }

  /**
   * Waits for the pending writes of the same keys, then runs the write that `prepare` makes.
   *
   * @param ms - How long the write may take; also how long to wait for a pending one without a time limit.
   * @param more - How long `prepare` may take, in ms; it must limit itself. Default 0.
   */
  ordered<T>(keys: readonly string[], ms: number, prepare: Prepare<T>, more = 0): Awaitable<T> {
    return this.#run(this.#ahead(keys), ms, prepare, more, keys)
  }

  /**
   * Runs a write alone: after all pending writes and before all later ones. For `ms`, `prepare` and `more` see {@link
   * ordered}.
   *
   * @param writes - Tells which keys it affects.
   */
  async alone<T>(ms: number, prepare: Prepare<T>, writes: (key: string) => boolean, more = 0): Promise<T> {
    const lane = this.#lane
    lane.clears++
    return this.#run(this.#ahead(lane.writes.keys()), ms, prepare, more, writes)
  }

  /** What a write of `keys` waits for: pending writes of the same keys, and the one that blocks all. */
  #ahead(keys: Iterable<string>): Queued[] {
    const lane = this.#lane
    // Its request may have finished. Outside of Workers its own timer ends it, whatever the clock says.
    if (lane.barrier && isWorker() && now() >= lane.barrier.until) lane.barrier = undefined
    const ahead = lane.barrier ? [lane.barrier] : []
    if (lane.writes.size > 0) {
      for (const key of keys) {
        const write = lane.writes.get(key)
        if (write) ahead.push(write)
      }
    }
    return ahead
  }

  /** Notifies the watchers of a write. */
  notify(written: Written): void {
    const lane = this.#lane
    if (typeof written === "function") lane.clears++
    if (lane.watchers.size > 0) for (const watch of lane.watchers) watch(written)
  }

  #run<T>(
    ahead: readonly Queued[],
    ms: number,
    prepare: Prepare<T>,
    more: number,
    written: Written,
  ): Awaitable<T> {
    this.#lane.count++
    let write = ahead.length > 0 ? new Queued(ahead, ms + more) : undefined
    const isLate = () => write?.isLate === true
    const key = typeof written === "function" ? "" : only(written)
    const begin = () => prepare((work) => this.#keeper.guard(() => work(isLate), ms, key))
    let result: Awaitable<T> | undefined
    try {
      result = write ? write.inLine(ms).then(begin) : begin()
    } finally {
      // It was synchronous, or threw synchronously.
      if (!isPromise(result)) this.notify(written)
    }
    if (!isPromise(result)) return result
    write ??= new Queued(ahead, ms + more)
    this.#register(write, result, written)
    return result
  }

  /** Lets later writes wait for `write` until `result` settles. */
  #register(write: Queued, result: Promise<unknown>, written: Written): void {
    const lane = this.#lane
    const keys = typeof written === "function" ? [] : written
    const end = this.#keeper.busy.begin()
    write.lasts(result, () => {
      this.notify(written)
      if (lane.barrier === write) lane.barrier = undefined
      for (const key of keys) if (lane.writes.get(key) === write) lane.writes.delete(key)
      end()
    })
    if (typeof written === "function") lane.barrier = write
    for (const key of keys) lane.writes.set(key, write)
    // On Workers, writes of finished requests would stay for ever.
    if (!isWorker()) return
    for (const [key, other] of lane.writes) {
      if (isUnderWay(other)) break
      lane.writes.delete(key)
    }
  }
}

type Written = Parameters<Watcher>[0]
