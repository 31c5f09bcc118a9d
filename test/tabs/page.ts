// What runs in each tab: a cache over the real IndexedDB, and verbs that the test calls over the channel.
import { indexeddb } from "../../adapters/indexeddb.ts"
import { CacheWrapper } from "../../src/core.ts"
import { delegate } from "../../src/proxies.ts"
import { auto, sandboxed, serviceWorker } from "./page-beside.ts"
import { clearSite, erase, hold, letGo, upgrade } from "./page-database.ts"

/** What the calls of a tab have come to. */
export interface Tally {
  /** Calls made, and those that were answered or rejected. */
  readonly asked: number
  readonly answered: number
  /** What rejected, each. */
  readonly failures: readonly string[]
  /** The codes of the cache's `error` events. */
  readonly errors: readonly string[]
  readonly loads: number
  /** Leases it got, and those it did not get. */
  readonly held: number
  readonly refused: number
  /** The different values that `getOrSet` answered. */
  readonly values: readonly string[]
}

/** How a tab opens its cache: so that a busy machine is not taken for a storage in trouble, unless told else. */
export interface Opening {
  readonly name: string
  readonly near?: boolean
  readonly leaseTtl?: number
  readonly storeTimeout?: number
}

const count = { asked: 0, answered: 0, loads: 0, held: 0, refused: 0 }
const failures: string[] = []
const errors: string[] = []
const values = new Set<string>()
let cache = new CacheWrapper()
let isBusy = false
let endLoads: () => void = () => {}
const ended = new Promise<void>((resolve) => {
  endLoads = resolve
})

/** When it is, ms since epoch, the same in all tabs and finer than `Date.now`. */
const stamp = () => performance.timeOrigin + performance.now()

/** A turn of the event loop. Timers of a tab in the background take a second each. */
const turn = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => resolve()
    port2.postMessage(0)
  })

async function asking(call: Promise<unknown>): Promise<void> {
  count.asked++
  try {
    const value = await call
    if (typeof value === "string") values.add(value)
  } catch (error) {
    failures.push(String(error))
  }
  count.answered++
}

const verbs = {
  open({ name, near = false, leaseTtl = 60_000, storeTimeout = 30_000 }: Opening): void {
    const adapter = indexeddb({ name })
    const counted = delegate(adapter, {
      async lock(key, ttl) {
        const lease = await adapter.lock?.(key, ttl)
        count[lease ? "held" : "refused"]++
        return lease
      },
    })
    cache = new CacheWrapper({ adapter: counted, near, leaseTtl, storeTimeout })
    cache.on("error", ({ error }) => {
      errors.push(error instanceof Error && "code" in error ? String(error.code) : String(error))
    })
  },

  /** Lets so many callers ask for one key at once. The load ends when all have been told to end, or by itself. */
  ask(callers: number, endsByItself = false): void {
    const load = async () => {
      count.loads++
      if (!endsByItself) await ended
      return `made by ${location.search}`
    }
    for (let i = 0; i < callers; i++) asking(cache.getOrSet("the one key", load))
  },

  /** Ends the loads of {@link verbs.ask}, those to come too. */
  end: () => endLoads(),

  tally: (): Tally => ({ ...count, failures, errors, values: [...values] }),

  /** Asks for something all the time, reads, writes and loads, until {@link verbs.rest}. */
  busy(): void {
    isBusy = true
    const go = async (lane: string) => {
      for (let i = 0; isBusy; i++) {
        const key = `${lane}${i % 50}`
        await Promise.all([
          asking(cache.set(key, i).then(() => undefined)),
          asking(cache.get(`${lane}${(i + 7) % 50}`).then(() => undefined)),
          asking(cache.getOrSet(`loaded ${lane}${i}`, () => "loaded")),
        ])
        await turn()
      }
    }
    go("a")
    go("b")
  },

  rest(): void {
    isBusy = false
  },

  read: async (key: string) => (await cache.get<string | number>(key)) ?? null,
  peek: (key: string) => cache.peek<string | number>(key) ?? null,
  async keys(): Promise<string[]> {
    const all: string[] = []
    for await (const key of cache.keys()) all.push(key)
    return all
  },

  /** Writes by one verb; answers when it was called. */
  async write(
    verb: "set" | "delete" | "clear" | "invalidateTags",
    name = "",
    value: string | number = "",
  ): Promise<number> {
    const called = stamp()
    if (verb === "set") await cache.set(name, value, { tags: ["tag"] })
    else if (verb === "delete") await cache.delete(name)
    else if (verb === "clear") await cache.clear()
    else await cache.invalidateTags(name)
    return called
  },

  /** Reads until `key` is `wanted` (`null`: nothing); answers when that was, or after 5 s that it was not. */
  async watch(key: string, wanted: string | number | null): Promise<number | null> {
    const from = performance.now()
    while (performance.now() - from < 5_000) {
      const value = await cache.get(key)
      if ((value ?? null) === wanted) return stamp()
      await turn()
    }
    return null
  },

  /** Moves this tab's clock. */
  later(ms: number): void {
    const real = Date.now.bind(Date)
    Date.now = () => real() + ms
  },

  /** Keeps this tab's process busy, so that the tab does nothing else. */
  burn(ms: number): void {
    const from = performance.now()
    while (performance.now() - from < ms);
  },

  leave: () => void setTimeout(() => location.replace("about:blank")),

  auto,
  sandboxed,
  serviceWorker,
  upgrade,
  erase,
  clearSite,
  hold,
  letGo,
}

/** What a test may ask of a tab. */
export type Verbs = typeof verbs

interface Command {
  readonly id: number
  readonly verb: keyof Verbs
  readonly args: readonly unknown[]
}

async function obey({ id, verb, args }: Command): Promise<void> {
  let answer: object
  try {
    const called: (...args: never[]) => unknown = verbs[verb]
    answer = { id, value: await called(...(args as never[])) } // typed where they were sent
  } catch (error) {
    answer = { id, error: String(error) }
  }
  await fetch(`/answer${location.search}`, { method: "POST", body: JSON.stringify(answer) })
}

for (;;) {
  const commands: Command[] = await (await fetch(`/next${location.search}`)).json()
  for (const command of commands) obey(command)
}
