import type { Adapter, Awaitable, Stored } from "../adapter.ts"
import { now, sleep } from "../base/clock.ts"
import { difference } from "./same.ts"

/** One law of an adapter, for any test framework, or none. */
export interface ConformanceCase {
  /** The law in plain words; unique. */
  readonly name: string
  /**
   * What an adapter needs for the law to apply, separated by spaces: an optional method ("lock"), "copy" (values are
   * isolated: its `copy` is not "none"), "own" (its `copy` is "own"), what a runtime may lack ("compression",
   * "encryption"), or a fact that only the runner knows ("shared", "persistent"). Absent: it always applies.
   */
  readonly needs?: string
  /** Whether the law also applies to an adapter that stores nothing. */
  readonly always?: true
  /**
   * Resolves if the law holds, rejects with an `Error` that says what was expected and what came instead.
   *
   * @param open - Opens a handle on a storage that is empty at the start. A case that calls it twice has `needs:
   * "shared"` or `"persistent"`. A case closes what it has opened.
   */
  run(open: () => Awaitable<Adapter>): Promise<void>
}

/** 0 to 1 099: more than most storages list, read or remove at once, which is 1 000. */
export const numbers: readonly number[] = Array.from({ length: 1_100 }, (_, at) => at)

/** In milliseconds: longer than any law takes. */
export const hour = 3_600_000

/** The setting of a law. */
export interface Scene {
  /** A handle on the empty storage of the case. */
  readonly adapter: Adapter
  /** Opens another handle on the same storage. */
  another(): Promise<Adapter>
  /** Calls `done` at the end of the case, in reverse order. */
  later(done: () => Awaitable<unknown>): void
}

/** When a law applies: see {@link ConformanceCase}. */
interface Terms {
  readonly needs?: string
  readonly always?: true
}

/** States a law: `prove` runs on a fresh scene; what it opened is closed afterwards. */
export function law(name: string, terms: Terms, prove: (scene: Scene) => Promise<void>): ConformanceCase {
  return {
    name,
    ...terms,
    async run(open) {
      const ends: (() => Awaitable<unknown>)[] = []
      const another = async () => {
        const adapter = await open()
        ends.push(() => adapter.close?.())
        await adapter.open?.()
        return adapter
      }
      const failures: unknown[] = []
      const attempt = async (work: () => Awaitable<unknown>) => {
        try {
          await work()
        } catch (error) {
          failures.push(error)
        }
      }
      await attempt(async () =>
        prove({ adapter: await another(), another, later: (done) => ends.push(done) }),
      )
      for (const end of ends.reverse()) await attempt(end)
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** What laws need from the runtime itself, and whether it is available. */
export const ofRuntime: Readonly<Record<string, () => boolean>> = {
  compression: () => typeof CompressionStream === "function",
  encryption: () => globalThis.crypto?.subtle !== undefined,
}

/** Fails unless `actual` equals `expected`; the error begins with `what`. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const found = difference(actual, expected)
  if (found !== undefined) throw new Error(`${what}: ${found}`)
}

/** Fails unless the lists are equal, member by member; shared references between members do not count. */
export function equalEach(actual: Iterable<unknown>, expected: readonly unknown[], what: string): void {
  const all = [...actual]
  equal(all.length, expected.length, `length of ${what}`)
  for (const [at, one] of expected.entries()) equal(all[at], one, `${what} at ${at}`)
}

/** Fails with the message `what` unless `held`. */
export function check(held: boolean, what: string): void {
  if (!held) throw new Error(what)
}

/** The ability `name` of `adapter`, which the case's `needs` guarantees. */
export function ability<N extends keyof Adapter>(adapter: Adapter, name: N): NonNullable<Adapter[N]> {
  const method = adapter[name]
  if (method === undefined) throw new Error(`The adapter "${adapter.name}" has no ${name}`)
  // Adapters may be class instances. undefined was just excluded, and bind() keeps the type of a method.
  return (typeof method === "function" ? method.bind(adapter) : method) as NonNullable<Adapter[N]>
}

/** All ways in which `adapter` writes a record of an absent key, by the name of the method. */
export function writesOf(adapter: Adapter): readonly (readonly [name: string, write: Write])[] {
  const ways: [string, Write][] = [["set", async (...entry) => adapter.set(...entry)]]
  if (adapter.add) ways.push(["add", async (...entry) => ability(adapter, "add")(...entry)])
  if (adapter.setMany) ways.push(["setMany", async (...entry) => ability(adapter, "setMany")([entry])])
  return ways
}

type Write = (key: string, record: Stored, ttl: number) => Promise<unknown>

/** Returns what `act` throws or rejects with. Fails if it does neither. */
export async function failureOf(act: () => unknown, what: string): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error(`${what}: expected an error, got none`)
}

/** A record in the adapter's medium, always the same for the same label. */
export function recordOf(adapter: Adapter, label: string): Stored {
  const text = `conformance 1\n${label}`
  if (adapter.medium === "text") return text
  if (adapter.medium === "bytes") return new Uint8Array([0, 255, 128, ...new TextEncoder().encode(text)])
  return { label, parts: [1, null, { text }] }
}

/** The keys an adapter lists under `prefix`, sorted. */
export async function keysOf(adapter: Adapter, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const key of ability(adapter, "keys")(prefix)) found.push(key)
  return found.sort()
}

/** Waits, in real time, until the clock is past `moment` (milliseconds since epoch). */
export async function past(moment: number): Promise<void> {
  while (now() <= moment) await sleep(Math.max(1, moment + 1 - now()))
}
