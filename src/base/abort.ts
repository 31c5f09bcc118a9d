/** What to call when one signal aborts. */
interface Hearers {
  readonly calls: Set<() => void>
  /** The signal's only listener. */
  readonly tell: () => void
}

const hearers = new WeakMap<AbortSignal, Hearers>()

/**
 * Calls `done` when `signal` aborts; returns a function that stops that. However many callers there are, the signal has
 * one listener: runtimes warn of more than ten, and get slower with each.
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
