/** Milliseconds since epoch. Reads `Date.now` each time, so that fake clocks and Workers' frozen clock apply. */
export function now(): number {
  return Date.now()
}

/** How much of `ms` is left since `since`: all of it if the clock was moved back, 0 or less once it has passed. */
export function left(since: number, ms: number): number {
  return Math.min(ms, since + ms - now())
}

/** How many ms have passed since `since`: 0 if the clock was moved back. */
export function passed(since: number): number {
  return Math.max(0, now() - since)
}

const minute = 60_000

/**
 * Calls `done` after `ms`, in steps of a minute at most: a longer `setTimeout` overflows after 24.8 days. Returns a
 * function that cancels it.
 *
 * @param set - Called with each timer. Pass `unref` to let the process end while it runs.
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

/** Calls `run` after this turn. Not `queueMicrotask`, which fake clocks stop. */
export function soon(run: () => void): void {
  Promise.resolve().then(run)
}

/** A promise that resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve)
  })
}

/** Waits until `isDone`, with timers of this request. */
export async function poll(isDone: () => unknown): Promise<void> {
  for (let ms = 1; !isDone(); ms = Math.min(ms * 1.5, 25)) await sleep(ms)
}
