import type { Adapter } from "isocache"
import { indexeddb } from "isocache/adapters/indexeddb"
import { memory } from "isocache/adapters/memory"

/** A storage for one case, empty, gone afterwards. */
export interface Storage {
  open(): Adapter
  remove(): Promise<void>
}

/** What the suite runs over. */
export interface Subject {
  readonly name: string
  readonly title: string
  /** What its methods cannot tell, see `missing` of the suite. */
  readonly facts: readonly string[]
  make(): Storage
}

let made = 0

/** The storages of this browser that the suite can run over. */
export const subjects: readonly Subject[] = [
  {
    name: "memory",
    title: "memory",
    facts: [],
    make: () => ({ open: () => memory(), remove: async () => {} }),
  },
  {
    name: "indexeddb",
    title: "IndexedDB",
    facts: ["shared", "persistent"],
    make() {
      const name = `isocache proof ${Date.now()} ${made++}`
      return { open: () => indexeddb({ name }), remove: () => deleteDatabase(name) }
    },
  },
]

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name)
    // Whatever comes of it: the next case has a database of its own.
    request.onsuccess = request.onerror = request.onblocked = () => resolve()
  })
}
