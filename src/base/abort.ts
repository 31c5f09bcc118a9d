/** Who hears of the abort of one signal. */
interface Hearers {
  readonly calls: Set<() => void>
  /** The one listener. */
  readonly tell: () => void
}

const hearers = new WeakMap<AbortSignal, Hearers>()

/**
 * Calls `done` when `signal` aborts; answers a function that stops it. However many ask, the signal has one listener:
 * runtimes warn of more than ten, and take longer for each.
 */
export function onAbort(signal: AbortSignal, done: () => void): () => void {
  let known = hearers.get(signal)
  if (!known) {
    const calls = new Set<() => void>()
    const tell = () => {
      for (const call of calls) call()
    }
    known = { calls, tell }
    hearers.set(signal, known)
    signal.addEventListener("abort", tell)
  }
  const { calls, tell } = known
  calls.add(done)
  return () => {
    if (!calls.delete(done) || calls.size > 0) return
    hearers.delete(signal)
    signal.removeEventListener("abort", tell)
  }
}
