import type { Adapter, Awaitable } from "../adapter.ts"
import { attempt, isPromise } from "../base/awaitable.ts"
import type { Bus, BusMessage } from "../base/bus.ts"
import { soon } from "../base/clock.ts"
import { proxy } from "../proxies/delegate.ts"

/**
 * An adapter that announces its writes on the bus of `adapter`: when a write has ended, successfully or not, and when
 * an asynchronous one begins. Without a bus it is `adapter` itself.
 *
 * @param report - Receives the errors of a failing bus.
 */
export function telling(adapter: Adapter, report: (error: unknown) => void): Adapter {
  if (!adapter.bus) return adapter
  const teller = new Teller(adapter.bus, report)
  const announced = <T>(work: () => Awaitable<T>, keys: readonly string[], prefixes?: readonly string[]) => {
    let result: Awaitable<T> | undefined
    try {
      result = work()
      return result
    } finally {
      // A synchronous write is announced once, when it has ended.
      if (isPromise<unknown>(result)) {
        teller.begin(keys, prefixes)
        const over = (): void => teller.end(keys, prefixes)
        result.then(over, over)
      } else teller.tell(keys, prefixes)
    }
  }
  return proxy(adapter, {
    set: (key, record, ttl) => announced(() => adapter.set(key, record, ttl), [key]),
    delete: (key) => announced(() => adapter.delete(key), [key]),
    clear: (prefix) => announced(() => adapter.clear(prefix), [], [prefix]),
    setMany: (entries) =>
      announced(
        () => adapter.setMany?.(entries),
        entries.map(([key]) => key),
      ),
    deleteMany: (keys) => announced(() => adapter.deleteMany?.(keys) ?? 0, keys),
    add: (key, record, ttl) => announced(() => adapter.add?.(key, record, ttl) ?? false, [key]),
  })
}

/** The most keys per message; more are split. */
const maxKeys = 1000

/** Announces one writer's writes on a bus, those of a turn together. */
export class Teller {
  readonly #bus: Bus
  readonly #report: (error: unknown) => void
  #origin = ""
  /** Writes that have begun in this turn. */
  readonly #begun: Noted = { keys: new Map(), prefixes: new Map() }
  /** Writes that have ended in this turn. */
  readonly #news: Noted = { keys: new Map(), prefixes: new Map() }
  #isWaiting = false

  constructor(bus: Bus, report: (error: unknown) => void) {
    this.#bus = bus
    this.#report = report
  }

  /** The writer's name in its messages. Generated late: Workers allow no random numbers at the global scope. */
  get origin(): string {
    this.#origin ||= String(Math.random()) + Math.random()
    return this.#origin
  }

  /** Announces that writes begin, if the bus loses no messages. Each must be followed by {@link end}. */
  begin(keys: readonly string[], prefixes?: readonly string[]): void {
    if (this.#bus.lossy !== true) this.#note(this.#begun, true, keys, prefixes)
  }

  /** Announces the end of writes that {@link begin} announced; several of one key each count. */
  end(keys: readonly string[], prefixes?: readonly string[]): void {
    this.#note(this.#news, this.#bus.lossy !== true, keys, prefixes)
  }

  /** Announces what was written. A key is named once per turn, however often it was written. */
  tell(keys: readonly string[], prefixes?: readonly string[]): void {
    this.#note(this.#news, false, keys, prefixes)
  }

  /** @param each - Whether to name a key as often as it is noted. */
  #note(to: Noted, each: boolean, keys: readonly string[], prefixes: readonly string[] = []): void {
    for (const key of keys) count(to.keys, key, each)
    for (const prefix of prefixes) count(to.prefixes, prefix, each)
    if (this.#isWaiting) return
    this.#isWaiting = true
    soon(() => {
      this.#isWaiting = false
      this.#send(this.#begun, { begins: true })
      this.#send(this.#news, {})
    })
  }

  #send(noted: Noted, how: Pick<BusMessage, "begins">): void {
    const [keys, prefixes] = [taken(noted.keys), taken(noted.prefixes)]
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

/** What to announce, and how often. */
interface Noted {
  readonly keys: Map<string, number>
  readonly prefixes: Map<string, number>
}

function count(counts: Map<string, number>, name: string, each: boolean): void {
  const times = counts.get(name) ?? 0
  counts.set(name, each ? times + 1 : Math.max(times, 1))
}

function taken(counts: Map<string, number>): string[] {
  const all = [...counts].flatMap(([name, times]) => Array<string>(times).fill(name))
  counts.clear()
  return all
}
