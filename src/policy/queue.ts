import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import type { Busy } from "./busy.ts"
import type { Lane, Watcher } from "./lane.ts"
import { Queued } from "./queued.ts"
import { isUnderWay, isWorker } from "./scope.ts"
import { only } from "./storage-errors.ts"

/** A write. Once it `isLate` it must end, for somebody else may be writing. */
export type Work<T> = (isLate: () => boolean) => Awaitable<T>

/** Answers a write when it is its turn. */
export type Prepare<T> = () => Awaitable<Work<T>>

/** What a queue needs of its storage. */
interface Keeper {
  /** Waits for a storage operation, `ms` at most. */
  guard<T>(work: () => Awaitable<T>, ms: number, key: string): Awaitable<T>
  /** Counts what is under way. */
  readonly busy: Pick<Busy, "begin">
}

/**
 * Keeps the writes of one key in the order they were asked for, so that a slow storage cannot swap them.
 *
 * A write that hangs holds back the next one for its timeout at most. If that hangs as well, the storage does, and no
 * other waits any longer. Work of several steps is told when it is late, and must end then: somebody else may be writing.
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

  /**
   * Waits for the writes of the same keys that are under way, then runs the write that `prepare` answers.
   *
   * @param ms - How long the write may take; and how long to wait for one that has no time limit of its own.
   * @param more - How long `prepare` may take, in ms; it sees to that itself. Default 0.
   */
  ordered<T>(keys: readonly string[], ms: number, prepare: Prepare<T>, more = 0): Awaitable<T> {
    return this.#run(this.#ahead(keys), ms, prepare, more, keys)
  }

  /**
   * Runs a write alone: after all writes under way, before all that come. `ms`, `prepare` and `more` are as for
   * {@link ordered}.
   *
   * @param writes - Tells which keys it is about.
   */
  async alone<T>(ms: number, prepare: Prepare<T>, writes: (key: string) => boolean, more = 0): Promise<T> {
    const lane = this.#lane
    lane.clears++
    return this.#run(this.#ahead(lane.writes.keys()), ms, prepare, more, writes)
  }

  /** What a write of `keys` has to wait for: the writes of the same keys under way, and the one that all wait for. */
  #ahead(keys: Iterable<string>): Queued[] {
    const lane = this.#lane
    // Its request may be over. Outside of Workers its own timer ends it, whatever the clock says.
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

  /** Tells the watchers what was written. */
  told: Watcher = (written) => {
    const { watchers } = this.#lane
    if (typeof written === "function") this.#lane.clears++
    if (watchers.size > 0) for (const watch of watchers) watch(written)
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
    const begin = () => chain(prepare(), (work) => this.#keeper.guard(() => work(isLate), ms, key))
    let result: Awaitable<T> | undefined
    try {
      result = write ? write.inLine(ms).then(begin) : begin()
    } finally {
      // It was done at once, or threw at once.
      if (!isPromise(result)) this.told(written)
    }
    if (!isPromise(result)) return result
    write ??= new Queued(ahead, ms + more)
    this.#register(write, result, written)
    return result
  }

  /** Lets others wait for `write` until `result` settles. */
  #register(write: Queued, result: Promise<unknown>, written: Written): void {
    const lane = this.#lane
    const keys = typeof written === "function" ? [] : written
    const end = this.#keeper.busy.begin()
    write.lasts(result, () => {
      this.told(written)
      if (lane.barrier === write) lane.barrier = undefined
      for (const key of keys) if (lane.writes.get(key) === write) lane.writes.delete(key)
      end()
    })
    if (typeof written === "function") lane.barrier = write
    for (const key of keys) lane.writes.set(key, write)
    // On Workers, writes of requests that are over would stay for ever.
    for (const [key, other] of isWorker() ? lane.writes : []) {
      if (isUnderWay(other)) break
      lane.writes.delete(key)
    }
  }
}

type Written = Parameters<Watcher>[0]
