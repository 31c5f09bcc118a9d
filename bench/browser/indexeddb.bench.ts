import { createStore, get, set } from "idb-keyval"
import localforage from "localforage"
import { test } from "vitest"
import { server } from "vitest/browser"
import { indexeddb } from "../../adapters/indexeddb.ts"

const count = 1_000
const rounds = 5

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

function isocache(name: string): Contender {
  const adapter = indexeddb({ name })
  return {
    name: "isocache",
    set: (values) => Promise.all(keys.map((key, i) => adapter.set(key, values[i], 300_000))),
    get: () => Promise.all(keys.map((key) => adapter.get(key))),
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
    const all = [await bare(`b${id}`), isocache(`i${id}`), idbKeyval(`k${id}`), forage(`f${id}`)]
    const times = all.map(() => ({ set: [] as number[], get: [] as number[] }))
    for (let round = 0; round <= rounds; round++) {
      for (const [i, contender] of all.entries()) {
        const start = performance.now()
        await contender.set(values)
        const middle = performance.now()
        await contender.get()
        const end = performance.now()
        // The first round opens the database.
        if (round === 0) continue
        times[i]?.set.push(middle - start)
        times[i]?.get.push(end - middle)
      }
    }
    const lines = all.map(({ name }, i) => {
      const { set = [], get = [] } = times[i] ?? {}
      return `${name.padEnd(22)}${figures(set)}   ${figures(get)}`
    })
    const title = `${server.browser}, ${count} at once, ${kind}`
    console.log(
      `${title}\n${"ms, median and best".padEnd(22)}   set  best     get  best\n${lines.join("\n")}`,
    )
  })
}

function figures(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  return [sorted[sorted.length >> 1], sorted[0]].map((ms = Number.NaN) => ms.toFixed(0).padStart(6)).join("")
}
