/** Milliseconds since epoch. Reads `Date.now` each time, so that fake clocks and Workers' frozen ones count. */
export function now(): number {
  return Date.now()
}

/** What is left of the `ms` since a moment: all of them where the clock was set back since. */
export function left(since: number, ms: number): number {
  return Math.min(ms, since + ms - now())
}

/** How many ms have passed since a moment: none where the clock was set back since. */
export function passed(since: number): number {
  return Math.max(0, now() - since)
}

const minute = 60_000

/**
 * Calls `done` after `ms`, in steps of a minute at most: a longer `setTimeout` overflows after 24.8 days.
 * Answers how to cancel.
 *
 * @param set - Told of each timer: `unref` lets the process end although it runs.
 */
export function after(ms: number, done: () => void, set?: (timer: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const since = now()
  const step = (rest: number) => {
    timer = setTimeout(
      () => (rest <= minute ? done() : step(Math.min(rest - minute, left(since, ms)))),
      Math.min(rest, minute),
    )
    set?.(timer)
  }
  step(ms)
  return () => clearTimeout(timer)
}

/** Calls `run` once this turn is over. Fake clocks stop `queueMicrotask`, and with it would stop what waits for it. */
export function soon(run: () => void): void {
  Promise.resolve().then(run)
}

/** A promise that fulfils after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve)
  })
}
