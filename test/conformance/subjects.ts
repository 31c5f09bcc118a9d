// What the laws run on: each adapter of the built package, by the package's own name, and two as others write them.
import type { Adapter, Awaitable } from "isocache"
import { indexeddb } from "isocache/adapters/indexeddb"
import { type KVLike, kv } from "isocache/adapters/kv"
import { memory } from "isocache/adapters/memory"
import { none } from "isocache/adapters/none"
import { sqlite } from "isocache/adapters/sqlite"
import { upstash } from "isocache/adapters/upstash"
import { custom, type Shelf } from "../support/adapters.ts"

/** What a runtime is given from outside. */
export interface Place {
  /** A Redis behind Upstash's front, where this machine has one. */
  readonly redis?: { readonly url: string; readonly token: string } | undefined
  /** Empties that Redis. */
  readonly empty: () => Promise<unknown>
  /** The KV namespace of a Worker. */
  readonly binding?: KVLike | undefined
}

/** Options that not every adapter has. */
export interface Bound {
  readonly maxEntries?: number
}

/** An empty storage for one case. */
export interface Storage {
  open(bound?: Bound): Adapter
  remove?(): Awaitable<unknown>
}

/** An adapter to run on. */
export interface Subject {
  readonly name: string
  /** What the adapter cannot tell by its methods, see `missing`. */
  readonly facts: readonly string[]
  make(): Awaitable<Storage>
}

const everywhere = ["shared", "persistent"]

/** All adapters, those whose storage does not exist in this runtime included: they are to say so. */
export function subjectsIn({ redis, empty, binding }: Place): readonly Subject[] {
  const overRedis: Subject = {
    name: "upstash",
    facts: everywhere,
    async make() {
      await empty()
      return { open: (bound) => upstash({ ...redis, ...bound }) }
    },
  }
  // The two media that no adapter has whose storage exists everywhere.
  const customs = (["object", "bytes"] as const).map((medium): Subject => {
    return {
      name: `custom ${medium}`,
      facts: everywhere,
      make() {
        const shelf: Shelf = new Map()
        return { open: () => custom(medium, "async", shelf) }
      },
    }
  })
  return [
    { name: "memory", facts: [], make: () => ({ open: memory }) },
    { name: "indexeddb", facts: everywhere, make: database },
    {
      name: "kv",
      // The local KV is strongly consistent; the deployed one is not.
      facts: everywhere,
      make: () => ({
        open: (bound) => kv({ binding: binding ?? "CACHE", ...bound }),
        remove: () => binding && kv({ binding }).clear(""),
      }),
    },
    ...(redis ? [overRedis] : []),
    { name: "sqlite", facts: everywhere, make: file },
    // It takes no options and says so.
    { name: "none", facts: ["forgets"], make: () => ({ open: (bound) => none(bound as undefined) }) },
    ...customs,
  ]
}

let databases = 0

function database(): Storage {
  const name = `conformance ${databases++}`
  return {
    open: (bound) => indexeddb({ name, ...bound }),
    remove: () =>
      new Promise<void>((resolve) => {
        if (typeof indexedDB === "undefined") return resolve()
        const request = indexedDB.deleteDatabase(name)
        // Whatever comes of it: the next case has a database of its own.
        request.onsuccess = request.onerror = request.onblocked = () => resolve()
      }),
  }
}

function file(): Storage {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> } // pages and Workers have none
  const files = process?.getBuiltinModule?.("node:fs")
  const os = process?.getBuiltinModule?.("node:os")
  if (!files || !os) return { open: (bound) => sqlite({ path: ":memory:", ...bound }) }
  const folder = files.mkdtempSync(`${os.tmpdir()}/isocache-`)
  return {
    open: (bound) => sqlite({ path: `${folder}/cache.sqlite`, ...bound }),
    remove: () => files.rmSync(folder, { recursive: true, force: true }),
  }
}
