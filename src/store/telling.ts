import type { Adapter, Awaitable } from "../adapter.ts"
import { attempt, isPromise } from "../base/awaitable.ts"
import type { Bus, BusMessage } from "../base/bus.ts"
import { soon } from "../base/clock.ts"
import { proxy } from "../proxies/delegate.ts"

/**
 * `adapter`, telling its own bus what is written through it, once that has ended, however it did; reads are untouched.
 * One without a bus as it is.
 *
 * @param report - Hears of a bus that fails.
 */
export function telling(adapter: Adapter, report: (error: unknown) => void): Adapter {
  if (!adapter.bus) return adapter
  const teller = new Teller(adapter.bus, report)
  const told = <T>(work: () => Awaitable<T>, keys: readonly string[], prefixes?: readonly string[]) => {
    const over = (): void => teller.tell(keys, prefixes)
    let result: Awaitable<T> | undefined
    try {
      result = work()
      return result
    } finally {
      // What is done at once is told at once.
      if (isPromise<unknown>(result)) {
        teller.begin(keys, prefixes)
        result.then(over, over)
      } else over()
    }
  }
  return proxy(adapter, {
    set: (key, record, ttl) => told(() => adapter.set(key, record, ttl), [key]),
    delete: (key) => told(() => adapter.delete(key), [key]),
    clear: (prefix) => told(() => adapter.clear(prefix), [], [prefix]),
    setMany: (entries) =>
      told(
        () => adapter.setMany?.(entries),
        entries.map(([key]) => key),
      ),
    deleteMany: (keys) => told(() => adapter.deleteMany?.(keys) ?? 0, keys),
    add: (key, record, ttl) => told(() => adapter.add?.(key, record, ttl) ?? false, [key]),
  })
}

/** So many keys fit into a message: more go into several. */
const maxKeys = 1000

/** A writer's mouth on a bus. */
export class Teller {
  readonly #bus: Bus
  readonly #report: (error: unknown) => void
  #origin = ""
  readonly #news = { keys: new Set<string>(), prefixes: new Set<string>() }
  readonly #begun = { keys: new Set<string>(), prefixes: new Set<string>() }
  #isWaiting = false

  constructor(bus: Bus, report: (error: unknown) => void) {
    this.#bus = bus
    this.#report = report
  }

  /** Who speaks here. Drawn late: Workers allow no random numbers at the global scope. */
  get origin(): string {
    this.#origin ||= String(Math.random()) + Math.random()
    return this.#origin
  }

  /** Tells the others what is being written, where they rely on hearing of it. */
  begin(keys: readonly string[], prefixes?: readonly string[]): void {
    if (this.#bus.lossy !== true) this.#note(this.#begun, keys, prefixes)
  }

  /** Tells the others what has changed, once for all of a turn. */
  tell(keys: readonly string[], prefixes?: readonly string[]): void {
    this.#note(this.#news, keys, prefixes)
  }

  #note(to: Noted, keys: readonly string[], prefixes: readonly string[] = []): void {
    for (const key of keys) to.keys.add(key)
    for (const prefix of prefixes) to.prefixes.add(prefix)
    if (this.#isWaiting) return
    this.#isWaiting = true
    soon(() => {
      this.#isWaiting = false
      this.#send(this.#begun, { begins: true })
      this.#send(this.#news, {})
    })
  }

  #send(noted: Noted, how: Pick<BusMessage, "begins">): void {
    const [keys, prefixes] = [[...noted.keys], [...noted.prefixes]]
    noted.keys.clear()
    noted.prefixes.clear()
    while (keys.length > 0 || prefixes.length > 0) {
      const message: BusMessage = {
        isocache: 1,
        origin: this.origin,
        keys: keys.splice(0, maxKeys),
        prefixes: prefixes.splice(0),
        ...how,
      }
      attempt(() => this.#bus.publish(message)).catch(this.#report)
    }
  }
}

interface Noted {
  readonly keys: Set<string>
  readonly prefixes: Set<string>
}
