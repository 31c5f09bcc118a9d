// SQLite beside raw statements: get, set, setMany of 10 000 records of 1 kB, in one file each.   node bench/sqlite.ts
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { sqlite } from "../dist/adapters/sqlite.js"
import { duration, median, table, times } from "./measure.ts"

const count = 10_000
const rounds = 7
const record = JSON.stringify({ text: "x".repeat(1000) })
const keys = Array.from({ length: count }, (_, i) => `user:${i}`)
/** The same keys in an order that is not that of the table. */
const shuffled = keys.map((_, i) => keys[(i * 7919) % count] ?? "")
/** What is written one by one: each a transaction. */
const sample = shuffled.slice(0, 1000)
const folder = mkdtempSync(join(tmpdir(), "isocache-bench-"))

interface Subject {
  readonly name: string
  get(key: string): unknown
  set(key: string): unknown
  setMany?(keys: readonly string[]): unknown
  close(): unknown
}

function raw(): Subject {
  const db = new DatabaseSync(join(folder, "raw.sqlite"))
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000")
  db.exec("CREATE TABLE c (k TEXT PRIMARY KEY, v TEXT, exp INTEGER)")
  const get = db.prepare("SELECT v, exp FROM c WHERE k = ?")
  const set = db.prepare(
    "INSERT INTO c VALUES (?, ?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v, exp = excluded.exp",
  )
  return {
    name: "raw statements",
    get: (key) => get.get(key),
    set: (key) => set.run(key, record, Date.now() + 300_000),
    setMany(many) {
      db.exec("BEGIN IMMEDIATE")
      for (const key of many) set.run(key, record, Date.now() + 300_000)
      db.exec("COMMIT")
    },
    close: () => db.close(),
  }
}

function ours(): Subject {
  const cache = sqlite({ path: join(folder, "ours.sqlite") })
  return {
    name: "isocache sqlite()",
    get: (key) => cache.get(key),
    set: (key) => cache.set(key, record, 300_000),
    setMany: (many) => cache.setMany(many.map((key) => [key, record, 300_000] as const)),
    close: () => cache.close(),
  }
}

async function peers(): Promise<Subject[]> {
  const { default: Keyv } = await import("@keyv/sqlite")
  const store = new Keyv({ uri: `sqlite://${join(folder, "keyv.sqlite")}` })
  const { default: Database } = await import("better-sqlite3")
  const db = new Database(join(folder, "better.sqlite"))
  db.pragma("journal_mode = WAL")
  db.pragma("synchronous = NORMAL")
  db.pragma("cache_size = -16000")
  db.exec("CREATE TABLE c (k TEXT PRIMARY KEY, v TEXT, exp INTEGER)")
  const get = db.prepare("SELECT v, exp FROM c WHERE k = ?")
  const set = db.prepare("INSERT OR REPLACE INTO c VALUES (?, ?, ?)")
  const setMany = db.transaction((many: readonly string[]) => {
    for (const key of many) set.run(key, record, Date.now() + 300_000)
  })
  return [
    {
      name: "@keyv/sqlite",
      get: (key) => store.get(key),
      set: (key) => store.set(key, record),
      close: () => store.disconnect?.(),
    },
    {
      name: "better-sqlite3, raw statements",
      get: (key) => get.get(key),
      set: (key) => set.run(key, record, Date.now() + 300_000),
      setMany,
      close: () => db.close(),
    },
  ]
}

/** Nanoseconds a key. A promise is awaited, a value is not. */
async function time(work: (key: string) => unknown, over: readonly string[]): Promise<number> {
  const start = performance.now()
  for (const key of over) {
    const answer = work(key)
    if (answer instanceof Promise) await answer
  }
  return ((performance.now() - start) * 1e6) / over.length
}

const subjects = [raw(), ours(), ...(await peers())]
const found = new Map<string, number[]>()
const note = (what: string, name: string, ns: number): void => {
  const id = `${what} ${name}`
  found.set(id, [...(found.get(id) ?? []), ns])
}

// Round by round, so that a slow minute of the machine meets everybody. All fill their table in the first.
for (let round = 0; round < rounds; round++) {
  for (const { name, get, set, setMany } of subjects) {
    if (setMany !== undefined) {
      const start = performance.now()
      setMany(round === 0 ? keys : shuffled)
      note(round === 0 ? "new" : "again", name, ((performance.now() - start) * 1e6) / count)
    }
    note("set", name, await time(set, sample))
    // Who cannot fill the table at once has only the sample in it.
    note("get", name, await time(get, setMany === undefined ? sample : shuffled))
    note("miss", name, await time((key) => get(`${key}?`), sample))
  }
}

const titles = {
  get: "get",
  miss: "get, a miss",
  set: "set, a transaction each",
  new: "10 000 at once, new",
  again: "10 000 at once, again",
}
const rows = Object.entries(titles).map(([what, title]) => {
  const base = median(found.get(`${what} raw statements`) ?? [])
  const cells = subjects.map(({ name }) => {
    const ns = median(found.get(`${what} ${name}`) ?? [])
    return Number.isNaN(ns) ? "–" : `${duration(ns)}, ${times(ns, base)}`
  })
  return [title, ...cells]
})
console.log(table(["SQLite, a record of 1 kB", ...subjects.map(({ name }) => name)], rows))
for (const { close } of subjects) await close()
rmSync(folder, { recursive: true, force: true })
