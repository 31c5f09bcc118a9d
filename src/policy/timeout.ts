import { onAbort } from "../base/abort.ts"
import { type Awaitable, attempt, hush } from "../base/awaitable.ts"
import { after, now } from "../base/clock.ts"
import { thisTurn } from "./turn.ts"

/**
 * Waits for `promise`, `ms` at most; then resolves with `late()` (which may throw). `Infinity` waits without a timer.
 * What the promise does later is ignored, so a late rejection is not unhandled.
 *
 * @param failed - Maps the promise's error to a result; may throw. Default: rejects with that error.
 * @param over - Called when the wait has ended, in any way.
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
      cancel()
      over?.()
    }
    const cancel = alarm(ms, () => {
      end()
      isLate = true
      attempt(late).then(resolve, reject) // The rejection is handled right away: see untilEnd.
    })
    // The `then` of a storage's own promise type may throw.
    Promise.resolve(promise).then(
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
 * Waits for `promise`, `ms` at most; returns whether it settled in time. Rejects with `signal`'s reason when that
 * aborts first, and when `promise` rejects.
 */
export function settlesWithin(promise: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (ms === Infinity && !signal) return promise.then(() => true)
  if (signal?.aborted || ms <= 0) {
    hush(promise) // No caller waits for it any more.
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve(false)
  }
  return new Promise((resolve, reject) => {
    const cancel = alarm(ms, () => end(() => resolve(false)))
    const stop = signal && onAbort(signal, () => end(() => reject(signal.reason)))
    const end = (tell: () => void) => {
      cancel()
      stop?.()
      tell()
    }
    promise.then(
      () => end(() => resolve(true)),
      (error) => end(() => reject(error)),
    )
  })
}

/** How late a timer may fire before that means a pause, in ms; and how long to wait then for what arrived earlier. */
const patience = 50

/** What to call at one moment, of the timers set in one turn. */
interface Moment {
  readonly calls: Set<() => void>
  readonly cancel: () => void
}

let turn: object | undefined
let moments: Map<number, Moment>

/**
 * Calls `done` after `ms`, never after `Infinity`; returns a function that cancels it. Calls of one turn share a timer:
 * a thousand writes at once need no thousand timers.
 */
export function alarm(ms: number, done: () => void): () => void {
  if (ms === Infinity) return () => {}
  if (turn !== thisTurn()) {
    turn = thisTurn()
    moments = new Map()
  }
  const mine = moments
  const until = now() + ms
  let moment = mine.get(until)
  if (!moment) {
    const calls = new Set<() => void>()
    const ring = () => {
      mine.delete(until)
      for (const call of calls) call()
    }
    let cancel = limit(ms, () => {
      // The process or the machine was paused: handle what arrived by then first.
      if (now() - until > patience) cancel = limit(patience, ring)
      else ring()
    })
    moment = { calls, cancel: () => cancel() }
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

/** As {@link after}, but a no-op at the global scope of a Worker, which has no timers. */
function limit(ms: number, done: () => void): () => void {
  try {
    return after(ms, done)
  } catch {
    return () => {}
  }
}
