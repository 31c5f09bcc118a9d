// The laws on one adapter after the other, in whatever runtime executes this, each result told to the desk.
import { CacheError, CacheWrapper } from "isocache"
import { type Adapter, type ConformanceCase, conformance, missing } from "isocache/conformance"
import { type Place, type Storage, type Subject, subjectsIn } from "./subjects.ts"

/** What came of the laws on one adapter in one runtime. */
export interface Cell {
  readonly adapter: string
  readonly passed: number
  readonly failed: readonly { readonly law: string; readonly why: string }[]
  /** How many laws do not apply, by what the adapter lacks. */
  readonly left: Readonly<Record<string, number>>
  /** Set where the storage does not exist: what the adapter says when it is asked for by name. */
  readonly absent?: string
  readonly medium: string
  /** Optional methods, "sync" for an adapter that answers at once, "bounded" for one that keeps to `maxEntries`. */
  readonly abilities: readonly string[]
  readonly seconds: number
}

/** What a runtime says at its end. */
export interface Farewell {
  readonly version: string
  /** Rejections that nobody heard. */
  readonly troubles: readonly string[]
}

/** Runs all laws on all adapters and tells the desk, which has a page for each word. */
export async function run({ desk, binding }: { desk: string; binding?: Place["binding"] }): Promise<void> {
  const tell = (word: string, body: unknown = null) =>
    fetch(`${desk}/${word}`, { method: "POST", body: JSON.stringify(body) })
  const troubles: string[] = []
  // Where this is not to be had, such a rejection ends the process.
  globalThis.addEventListener?.("unhandledrejection", ({ reason }) => troubles.push(String(reason)))
  const { redis }: Pick<Place, "redis"> = await (await fetch(`${desk}/place`)).json()
  const place = { redis, binding, empty: () => tell("empty") }
  for (const subject of subjectsIn(place)) await tell("cell", await cellOf(subject))
  const farewell: Farewell = { version: version(), troubles }
  await tell("done", farewell)
}

async function cellOf(subject: Subject): Promise<Cell> {
  const start = Date.now()
  const failed: { law: string; why: string }[] = []
  const left: Record<string, number> = {}
  const absent = await absence(subject)
  const { medium, lacking } = await probed(subject, (adapter) => ({
    medium: adapter.medium,
    lacking: conformance.map((law) => missing(law, adapter, subject.facts)[0]),
  }))
  const cell = { adapter: subject.name, medium, failed, left, abilities: [] }
  if (absent !== undefined) return { ...cell, passed: 0, absent, seconds: 0 }
  let passed = 0
  for (const [at, law] of conformance.entries()) {
    const lack = lacking[at]
    const why = lack === undefined ? await broken(law, await subject.make()) : undefined
    if (lack !== undefined) left[lack] = (left[lack] ?? 0) + 1
    else if (why === undefined) passed++
    else failed.push({ law: law.name, why })
  }
  const abilities = await abilitiesOf(subject).catch((error: unknown) => {
    failed.push({ law: "the abilities can be told", why: messageOf(error) })
    return []
  })
  return { ...cell, passed, abilities, seconds: (Date.now() - start) / 1000 }
}

const patience = 60_000 // ms a law may take

/** Why `law` does not hold; `undefined` where it does. */
async function broken(law: ConformanceCase, storage: Storage): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${patience / 1000} seconds`)), patience)
  })
  try {
    await Promise.race([law.run(() => storage.open()), late])
    return undefined
  } catch (error) {
    return messageOf(error)
  } finally {
    clearTimeout(timer)
    await storage.remove?.()
  }
}

/** What the adapter says where its storage does not exist. */
async function absence(subject: Subject): Promise<string | undefined> {
  const storage = await subject.make()
  const cache = new CacheWrapper({ adapter: storage.open() })
  try {
    await cache.ready()
    return undefined
  } catch (error) {
    if (error instanceof CacheError && error.code === "ADAPTER_UNAVAILABLE") return error.message
    throw error
  } finally {
    await cache.close()
    await storage.remove?.()
  }
}

const optional = ["getMany", "setMany", "deleteMany", "add", "keys", "lock", "prune"] as const

async function abilitiesOf(subject: Subject): Promise<string[]> {
  const found = await probed(subject, async (adapter): Promise<string[]> => {
    const answer = adapter.get("k")
    await answer
    return [
      ...(answer instanceof Promise ? [] : ["sync"]),
      ...optional.filter((name) => adapter[name] !== undefined),
    ]
  })
  return (await isBounded(subject)) ? [...found, "bounded"] : found
}

/** Whether it takes `maxEntries`. What takes it must keep to it, more or less, within a few seconds. */
async function isBounded(subject: Subject): Promise<boolean> {
  const storage = await subject.make()
  try {
    const adapter = storage.open({ maxEntries: 20 })
    if (subject.name.startsWith("custom")) return false
    const record = adapter.medium === "text" ? "v" : { v: 1 }
    const keys = Array.from({ length: 200 }, (_, at) => `key ${at}`)
    for (const key of keys) await adapter.set(key, record, Infinity)
    const kept = async () => (await Promise.all(keys.map((key) => adapter.get(key)))).filter(Boolean).length
    let count = await kept()
    for (let round = 0; count > 20 && round < 50; round++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      count = await kept()
    }
    await adapter.close?.()
    if (count > 20) throw new Error(`with a maxEntries of 20 it keeps ${count} of 200`)
    return true
  } catch (error) {
    if (error instanceof CacheError && error.code === "ADAPTER_OPTIONS") return false
    throw error
  } finally {
    await storage.remove?.()
  }
}

/** What `look` sees of an adapter of its own. */
async function probed<T>(subject: Subject, look: (adapter: Adapter) => T): Promise<Awaited<T>> {
  const storage = await subject.make()
  const adapter = storage.open()
  try {
    return await look(adapter)
  } finally {
    await adapter.close?.()
    await storage.remove?.()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The runtime by its own words. Node comes last: the others claim to be it. */
function version(): string {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> } // pages and Workers have none
  const { deno, bun, node }: Partial<Record<string, string>> = process?.versions ?? {}
  return deno ?? bun ?? node ?? navigator.userAgent
}
