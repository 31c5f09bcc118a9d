import { onTestFinished, vi } from "vitest"

/** Time that passes only when a test says so. */
export interface FakeClock {
  /** Milliseconds since epoch. */
  now(): number
  /** Lets `ms` pass: due timers run, and what awaits them. */
  advance(ms: number): Promise<void>
  /** A promise of `value` in `ms`. */
  after<T>(ms: number, value: T): Promise<T>
  /** A promise that rejects with `error` in `ms`. */
  failAfter(ms: number, error: unknown): Promise<never>
  /** Sets the wall clock, timers untouched: as a machine does that synchronizes. */
  jump(to: number): void
}

/** Stops real time for this test; vitest brings it back afterwards. */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  vi.useFakeTimers({
    now: start,
    toFake: [
      "Date",
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "performance",
      "queueMicrotask",
    ],
  })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  return {
    now: () => Date.now(),
    async advance(ms) {
      await vi.advanceTimersByTimeAsync(ms)
    },
    after: (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value)),
    failAfter: (ms, error) => new Promise((_, reject) => setTimeout(reject, ms, error)),
    jump: (to) => void vi.setSystemTime(to),
  }
}
