import { AsyncLocalStorage } from "node:async_hooks"

/** Time that passes only between steps, and chance that a seed decides: a run can be repeated to the letter. */
export interface World {
  /** Lets everything run that waits for nothing, then the next timer; until there is none, or `until` is passed. */
  run(until: number): Promise<void>
  /** How many timers wait. */
  readonly waiting: number
  /** Gives back the real time and the real chance. */
  end(): void
}

/** A request to a Worker. Once it is dead, nothing that it waits for comes. */
export interface Request {
  isDead: boolean
}

/** The request that code runs in. */
export const requests = new AsyncLocalStorage<Request>()

interface Timer {
  readonly at: number
  readonly order: number
  readonly call: () => void
  readonly request: Request | undefined
}

const start = Date.UTC(2026, 0, 1)

/** Takes the place of `Date.now`, `setTimeout` and `Math.random` until it ends. */
export function world(random: () => number): World {
  const real = {
    now: Date.now,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    random: Math.random,
  }
  const timers = new Map<number, Timer>()
  let time = start
  let count = 0
  Date.now = () => time
  Math.random = random
  // As much of a timer as the engine relies on.
  const set = (call: () => void, ms = 0) => {
    const request = requests.getStore()
    timers.set(++count, { at: time + Math.max(1, ms), order: count, call, request })
    return count
  }
  globalThis.setTimeout = set as unknown as typeof setTimeout
  globalThis.clearTimeout = ((id: number) => void timers.delete(id)) as unknown as typeof clearTimeout

  return {
    get waiting() {
      return timers.size
    },
    async run(until) {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        let id: number | undefined
        let next: Timer | undefined
        for (const [key, timer] of timers) {
          if (next && (next.at < timer.at || (next.at === timer.at && next.order < timer.order))) continue
          id = key
          next = timer
        }
        if (!next || id === undefined || next.at > start + until) return
        timers.delete(id)
        time = next.at
        if (!next.request?.isDead) next.call()
      }
    },
    end() {
      Date.now = real.now
      Math.random = real.random
      globalThis.setTimeout = real.setTimeout
      globalThis.clearTimeout = real.clearTimeout
    },
  }
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
