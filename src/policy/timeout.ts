import { type Awaitable, attempt } from "../base/awaitable.ts"
import { after, now } from "../base/clock.ts"
import { thisTurn } from "./turn.ts"

/**
 * Waits for `promise`, `ms` at most; then answers with `late()` (which may throw). `Infinity` waits without a timer.
 * What the promise does later is nobody's any more and never rejects unheard.
 *
 * @param failed - What to answer in place of its error; may throw. Default: it rejects with it.
 * @param over - Called when the wait has ended, by whatever.
 */
export function within<T, L>(
  promise: Promise<T>,
  ms: number,
  late: () => Awaitable<L>,
  failed?: (error: unknown) => L,
  over?: () => void,
): Promise<T | L> {
  return new Promise<T | L>((resolve, reject) => {
    let isLate = false
    const end = () => {
      if (isLate) return
      cancel?.()
      over?.()
    }
    const cancel =
      ms === Infinity
        ? undefined
        : alarm(ms, () => {
            end()
            isLate = true
            resolve(attempt(late))
          })
    promise.then(
      (value) => {
        end()
        resolve(value)
      },
      (error) => {
        end()
        if (!failed) return reject(error)
        try {
          resolve(failed(error))
        } catch (own) {
          reject(own)
        }
      },
    )
  })
}

/**
 * Waits for `promise`, `ms` at most; answers whether it came in time. Rejects with `signal`'s reason when that aborts
 * first, and as `promise` does.
 */
export function settlesWithin(promise: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (ms === Infinity && !signal) return promise.then(() => true)
  if (signal?.aborted || ms <= 0) {
    promise.catch(() => {}) // What comes of it is nobody's any more.
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve(false)
  }
  return new Promise((resolve, reject) => {
    const cancel = ms === Infinity ? undefined : alarm(ms, () => end(() => resolve(false)))
    const abort = () => end(() => reject(signal?.reason))
    const end = (tell: () => void) => {
      cancel?.()
      signal?.removeEventListener("abort", abort)
      tell()
    }
    signal?.addEventListener("abort", abort)
    promise.then(
      () => end(() => resolve(true)),
      (error) => end(() => reject(error)),
    )
  })
}

/** Those of one turn who wait for the same moment. */
interface Moment {
  readonly calls: Set<() => void>
  readonly cancel: () => void
}

let turn: object | undefined
let moments: Map<number, Moment>

/** Calls `done` after `ms`, by one timer for all of a turn: a thousand writes at once need no thousand timers. Answers how to cancel. */
export function alarm(ms: number, done: () => void): () => void {
  if (turn !== thisTurn()) {
    turn = thisTurn()
    moments = new Map()
  }
  const mine = moments
  const until = now() + ms
  let moment = mine.get(until)
  if (!moment) {
    const calls = new Set<() => void>()
    const cancel = limit(ms, () => {
      mine.delete(until)
      for (const call of calls) call()
    })
    moment = { calls, cancel }
    mine.set(until, moment)
  }
  const { calls, cancel } = moment
  calls.add(done)
  return () => {
    calls.delete(done)
    if (calls.size > 0) return
    cancel()
    mine.delete(until)
  }
}

/** As {@link after}. Workers have no timers at the global scope: what is done there has no limit. */
function limit(ms: number, done: () => void): () => void {
  try {
    return after(ms, done)
  } catch {
    return () => {}
  }
}
