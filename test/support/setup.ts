import { onTestFinished } from "vitest"
import { CacheWrapper } from "../../src/core.ts"
import type { CacheEvent } from "../../src/types.ts"
import { type FakeClock, fakeClock } from "./clock.ts"
import { fake, type Kind, type Storage } from "./fake.ts"

type CacheOptions = NonNullable<ConstructorParameters<typeof CacheWrapper>[0]>

/** A cache over a storage double, with a clock that only the test moves. */
export interface Setup {
  readonly cache: CacheWrapper
  readonly clock: FakeClock
  readonly storage: Storage
  /** The types of all events so far. */
  readonly trace: string[]
  readonly events: CacheEvent[]
  /** Another cache on the same storage, as another process has. */
  another(options?: CacheOptions): CacheWrapper
}

/** The cache is open already: opening may load code, and that takes time of its own. */
export async function setup(kind: Kind, options: CacheOptions = {}): Promise<Setup> {
  const clock = fakeClock()
  const storage = fake(kind)
  const trace: string[] = []
  const events: CacheEvent[] = []
  const another = (own: CacheOptions = options) => new CacheWrapper({ adapter: storage.handle(), ...own })
  const cache = another()
  cache.on("*", (event) => {
    events.push(event)
    trace.push(event.type)
  })
  await cache.ready()
  storage.calls.length = 0
  storage.tokenCalls.length = 0
  return { cache, clock, storage, trace, events, another }
}

/** A promise to be settled from outside: a load that lasts as long as a test wants. */
export interface Gate<T> {
  readonly promise: Promise<T>
  pass(value: T): void
  fail(error: unknown): void
}

export function gate<T = string>(): Gate<T> {
  let pass: (value: T) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const promise = new Promise<T>((resolve, reject) => {
    pass = resolve
    fail = reject
  })
  return { promise, pass: (value) => pass(value), fail: (error) => fail(error) }
}

/** Lets everything run that waits for no time. */
export async function settled(clock: FakeClock): Promise<void> {
  await clock.advance(0)
  for (let i = 0; i < 100; i++) await undefined
}

/** The rejections that nobody heard since the call, once real time has passed. */
export function unheard(): () => Promise<unknown[]> {
  const heard: unknown[] = []
  const listen = (reason: unknown): void => void heard.push(reason)
  // Alone, so that the runner's own listener does not fail what the test is to judge.
  const others = process.listeners("unhandledRejection")
  process.removeAllListeners("unhandledRejection")
  process.on("unhandledRejection", listen)
  onTestFinished(() => {
    process.removeListener("unhandledRejection", listen)
    for (const other of others) process.on("unhandledRejection", other)
  })
  return async () => {
    // The event comes after a real turn of the loop; setImmediate is never faked here.
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    return heard
  }
}
