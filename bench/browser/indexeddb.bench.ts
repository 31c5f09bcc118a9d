import Dexie from "dexie"
import { createStore, get, set } from "idb-keyval"
import localforage from "localforage"
import { test } from "vitest"
import { server } from "vitest/browser"
import { indexeddb } from "../../dist/adapters/indexeddb.js"
import { CacheWrapper } from "../../dist/core.js"
import { tell } from "./tell.ts"

const count = 1_000
const rounds = 3

/** A way to keep 1 000 values at once, and to read them back. */
interface Contender {
  readonly name: string
  set(values: readonly unknown[]): Promise<unknown>
  get(): Promise<readonly unknown[]>
}

const keys = Array.from({ length: count }, (_, i) => `user:${i}`)

async function bare(name: string): Promise<Contender> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name)
    request.onupgradeneeded = () => request.result.createObjectStore("s")
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  return {
    name: "one bare transaction",
    set: (values) =>
      new Promise<void>((resolve, reject) => {
        const transaction = db.transaction("s", "readwrite", { durability: "relaxed" })
        const store = transaction.objectStore("s")
        for (let i = 0; i < count; i++) store.put(values[i], keys[i])
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(transaction.error)
      }),
    get: () => {
      const store = db.transaction("s").objectStore("s")
      return Promise.all(
        keys.map(
          (key) =>
            new Promise((resolve, reject) => {
              const request = store.get(key)
              request.onsuccess = () => resolve(request.result)
              request.onerror = () => reject(request.error)
            }),
        ),
      )
    },
  }
}

function adapterAlone(name: string): Contender {
  const adapter = indexeddb({ name })
  return {
    name: "isocache, indexeddb() alone",
    set: (values) => Promise.all(keys.map((key, i) => adapter.set(key, values[i], 300_000))),
    get: () => Promise.all(keys.map((key) => adapter.get(key))),
  }
}

function whole(name: string): Contender {
  const cache = new CacheWrapper({ adapter: indexeddb({ name }) })
  return {
    name: "isocache, the cache",
    set: (values) => Promise.all(keys.map((key, i) => cache.set(key, values[i]))),
    get: () => Promise.all(keys.map((key) => cache.get(key))),
  }
}

function idbKeyval(name: string): Contender {
  const store = createStore(name, "s")
  return {
    name: "idb-keyval",
    set: (values) => Promise.all(keys.map((key, i) => set(key, values[i], store))),
    get: () => Promise.all(keys.map((key) => get(key, store))),
  }
}

function forage(name: string): Contender {
  const store = localforage.createInstance({ name, driver: localforage.INDEXEDDB })
  return {
    name: "localforage",
    set: (values) => Promise.all(keys.map((key, i) => store.setItem(key, values[i]))),
    get: () => Promise.all(keys.map((key) => store.getItem(key))),
  }
}

function dexie(name: string): Contender {
  const db = new Dexie(name, { chromeTransactionDurability: "relaxed" })
  db.version(1).stores({ s: "" })
  const store = db.table("s")
  return {
    name: "dexie",
    set: (values) => Promise.all(keys.map((key, i) => store.put(values[i], key))),
    get: () => Promise.all(keys.map((key) => store.get(key))),
  }
}

const kinds: Record<string, (i: number) => unknown> = {
  "1 kB text": (i) => String(i).padEnd(1_000, "x"),
  "1 kB object": (i) => ({
    id: i,
    name: `User ${i}`,
    at: new Date(i),
    tags: Array.from({ length: 20 }, (_, n) => `tag number ${n} of user ${i}`),
  }),
}

for (const [kind, make] of Object.entries(kinds)) {
  test(`${count} at once, ${kind}`, async () => {
    const values = keys.map((_, i) => make(i))
    const id = `${kind}-${Math.random()}`
    const all = [
      await bare(`b${id}`),
      adapterAlone(`i${id}`),
      whole(`w${id}`),
      idbKeyval(`k${id}`),
      forage(`f${id}`),
      dexie(`d${id}`),
    ]
    const times = all.map(() => ({ set: [] as number[], get: [] as number[] }))
    for (let round = 0; round <= rounds; round++) {
      for (const [i, contender] of all.entries()) {
        const start = performance.now()
        await contender.set(values)
        const middle = performance.now()
        const read = await contender.get()
        const end = performance.now()
        if (JSON.stringify(read[count - 1]) !== JSON.stringify(values[count - 1])) {
          throw new Error(`${contender.name} has not kept what it was given`)
        }
        // The first round opens the database.
        if (round === 0) continue
        times[i]?.set.push(middle - start)
        times[i]?.get.push(end - middle)
      }
    }
    tell({
      bench: "at once",
      engine: server.browser,
      kind,
      rows: all.map(({ name }, i) => ({ name, set: times[i]?.set ?? [], get: times[i]?.get ?? [] })),
    })
  })
}
