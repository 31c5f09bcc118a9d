import { onAbort } from "../base/abort.ts"
import { type Awaitable, attempt, hush } from "../base/awaitable.ts"
import { after, now } from "../base/clock.ts"
import { thisTurn } from "./turn.ts"

/**
 * Waits for `promise`, `ms` at most; then answers with `late()` (which may throw). `Infinity` waits without a timer.
 * What the promise does later is ignored: it never rejects unheard.
 *
 * @param failed - Answers in place of an error of the promise; may throw. Default: rejects with that error.
 * @param over - Called when the wait has ended, however it did.
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
      attempt(late).then(resolve, reject) // An error is heard at once: see untilEnd.
    })
    // The `then` of a storage's own kind of promise may throw.
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
 * Waits for `promise`, `ms` at most; answers whether it came in time. Rejects with `signal`'s reason when that aborts
 * first, and as `promise` does.
 */
export function settlesWithin(promise: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (ms === Infinity && !signal) return promise.then(() => true)
  if (signal?.aborted || ms <= 0) {
    hush(promise) // Nobody waits for it any more.
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

/** How much later than asked for a timer may come, in ms; and how long to wait for what has come before a later one. */
const patience = 50

/** What is to be called at one moment, of what was asked for in one turn. */
interface Moment {
  readonly calls: Set<() => void>
  readonly cancel: () => void
}

let turn: object | undefined
let moments: Map<number, Moment>

/**
 * Calls `done` after `ms`, never after `Infinity`; answers a function that cancels it. Those of one turn share a timer: a
 * thousand writes at once need no thousand timers.
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
      // Everything stood still meanwhile, the process or the machine: what came by then is to be heard first.
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

/** As {@link after}, but without effect at the global scope of a Worker, which has no timers. */
function limit(ms: number, done: () => void): () => void {
  try {
    return after(ms, done)
  } catch {
    return () => {}
  }
}
