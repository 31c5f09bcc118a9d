import { memory } from "../../adapters/memory.ts"
import { type Adapter, isToken, type Lease, type Stored } from "../../src/adapter.ts"

/** What becomes of one call: it is late, throws at once, rejects, never settles, or is done while its reply is lost. */
export type Fault = number | "throw" | "reject" | "hang" | "lose"

/** A verb of an adapter. */
export type Verb = Exclude<
  keyof Adapter,
  "name" | "medium" | "copy" | "peek" | "observe" | "tokenChanges" | "prune"
>

/** A storage double: handles on the same records, every call counted, faults on command. */
export interface Storage {
  /** Another handle, as another process has. */
  handle(): Adapter
  /** Each call as "verb key", tokens left out. */
  readonly calls: string[]
  /** Each call on version tokens. */
  readonly tokenCalls: string[]
  /** Decides the fault of a call; `undefined` is none. */
  fault: (verb: Verb, key: string) => Fault | undefined
  /** Told of each record that was written, and by which handle. */
  onWrite: (handle: Adapter, key: string, record: Stored) => void
  /** The records, where they can be looked into. */
  readonly shelf: Map<string, { record: Stored; until: number }>
}

/** How a storage answers, and what it can. */
export type Kind = (typeof kinds)[number]

/** The synchronous memory adapter, four methods over an asynchronous Map, and such a Map with every ability. */
export const kinds = ["memory", "four methods", "all abilities"] as const

/** The asynchronous ones. */
export const lateKinds: readonly Kind[] = ["four methods", "all abilities"]

/** Makes a storage of `kind`. */
export function fake(
  kind: Kind,
  medium: Adapter["medium"] = kind === "four methods" ? "text" : "object",
): Storage {
  return kind === "memory" ? promptStorage() : lateStorage(kind === "all abilities", medium)
}

/** The real memory adapter behind faults, which it meets by throwing. */
function promptStorage(): Storage {
  const inner = memory()
  const storage: Storage = {
    handle,
    calls: [],
    tokenCalls: [],
    fault: () => undefined,
    onWrite: () => {},
    shelf: new Map(),
  }
  const meet = <T>(verb: Verb, key: string, work: () => T): T => {
    count(storage, verb, key)
    const fault = storage.fault(verb, key)
    if (fault === "lose") work()
    if (fault !== undefined && typeof fault !== "number") throw new Error(`${verb} failed`)
    return work()
  }
  function handle(): Adapter {
    const write: Adapter["set"] = (key, record, ttl) => {
      inner.set(key, record, ttl)
      storage.onWrite(adapter, key, record)
    }
    const adapter: Adapter = {
      ...inner,
      get: (key) => meet("get", key, () => inner.get(key)),
      set: (key, record, ttl) => meet("set", key, () => write(key, record, ttl)),
      delete: (key) => meet("delete", key, () => inner.delete(key)),
      clear: (prefix) => meet("clear", prefix, () => inner.clear(prefix)),
      getMany: (keys) => meet("getMany", keys.join(), () => inner.getMany(keys)),
      setMany: (entries) =>
        meet("setMany", entries.map(([key]) => key).join(), () => {
          for (const entry of entries) write(...entry)
        }),
      deleteMany: (keys) => meet("deleteMany", keys.join(), () => inner.deleteMany(keys)),
      add: (key, record, ttl) => meet("add", key, () => inner.add(key, record, ttl)),
      keys: (prefix) => meet("keys", prefix, () => inner.keys(prefix)),
    }
    return adapter
  }
  return storage
}

function count(storage: Storage, verb: Verb, key: string): void {
  ;(isToken(key) ? storage.tokenCalls : storage.calls).push(`${verb} ${key}`)
}

/** A Map that answers a few microtasks later, or after the delay its fault tells. */
function lateStorage(hasAll: boolean, medium: Adapter["medium"]): Storage {
  const shelf: Storage["shelf"] = new Map()
  const leases = new Map<string, { owner: object; until: number }>()
  const storage: Storage = {
    handle,
    calls: [],
    tokenCalls: [],
    fault: () => undefined,
    onWrite: () => {},
    shelf,
  }

  function meet<T>(verb: Verb, key: string, work: () => T): Promise<T> {
    count(storage, verb, key)
    const fault = storage.fault(verb, key)
    if (fault === "throw") throw new Error(`${verb} failed`)
    return (async () => {
      if (fault === "hang") return new Promise<never>(() => {})
      if (typeof fault === "number") await new Promise((resolve) => setTimeout(resolve, fault))
      else for (let i = 0; i < 3; i++) await undefined
      if (fault === "reject") throw new Error(`${verb} failed`)
      const result = work()
      if (fault === "lose") throw new Error(`the reply of ${verb} was lost`)
      return result
    })()
  }

  const read = (key: string): Stored | undefined => {
    const kept = shelf.get(key)
    return kept && Date.now() < kept.until ? structuredClone(kept.record) : undefined
  }
  const put = (key: string, record: Stored, ttl: number): void => {
    shelf.set(key, { record: structuredClone(record), until: Date.now() + ttl })
  }
  const clear = (prefix: string): void => {
    for (const key of shelf.keys()) if (key.startsWith(prefix)) shelf.delete(key)
  }

  function lock(key: string, ttl: number): Lease | undefined {
    const held = leases.get(key)
    if (held && Date.now() < held.until) return undefined
    const owner = {}
    leases.set(key, { owner, until: Date.now() + ttl })
    return {
      release: () => {
        count(storage, "lock", `released ${key}`)
        if (leases.get(key)?.owner === owner) leases.delete(key)
      },
    }
  }

  function handle(): Adapter {
    const write: typeof put = (key, record, ttl) => {
      put(key, record, ttl)
      storage.onWrite(four, key, record)
    }
    const four: Adapter = {
      name: "fake",
      medium,
      get: (key) => meet("get", key, () => read(key)),
      set: (key, record, ttl) => meet("set", key, () => write(key, record, ttl)),
      delete: (key) => meet("delete", key, () => shelf.delete(key)),
      clear: (prefix) => meet("clear", prefix, () => clear(prefix)),
    }
    if (!hasAll) return four
    // The very object, so that its writes can be told from another handle's.
    return Object.assign(four, {
      getMany: (keys) => meet("getMany", keys.join(), () => keys.map(read)),
      setMany: (entries) =>
        meet("setMany", entries.map(([key]) => key).join(), () => {
          for (const entry of entries) write(...entry)
        }),
      deleteMany: (keys) =>
        meet("deleteMany", keys.join(), () => keys.filter((key) => shelf.delete(key)).length),
      add: (key, record, ttl) =>
        meet("add", key, () => read(key) === undefined && (write(key, record, ttl), true)),
      async *keys(prefix) {
        yield* await meet("keys", prefix, () => [...shelf.keys()].filter((key) => key.startsWith(prefix)))
      },
      lock: (key, ttl) => meet("lock", key, () => lock(key, ttl)),
    } satisfies Partial<Adapter>)
  }
  return storage
}
