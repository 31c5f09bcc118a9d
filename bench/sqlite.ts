/**
 * SQLite beside raw statements: get, set, setMany of 10 000 records of 1 kB, in one file each.
 * Run: npm exec node bench/sqlite.ts. The last column is the time beside the raw statement's.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { sqlite } from "../adapters/sqlite.ts"

const count = 10_000
const rounds = 5
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

/** A peer that is not installed (npm ci --prefix bench) is left out. */
async function peers(): Promise<Subject[]> {
  const found: Subject[] = []
  const load = async (name: string): Promise<any> => {
    try {
      return await import(name)
    } catch {
      console.log(`left out, not installed: ${name}`)
      return undefined
    }
  }
  const keyv = await load("@keyv/sqlite")
  if (keyv !== undefined) {
    const store = new keyv.default({ uri: `sqlite://${join(folder, "keyv.sqlite")}` })
    found.push({
      name: "@keyv/sqlite",
      get: (key) => store.get(key),
      set: (key) => store.set(key, record),
      close: () => store.disconnect?.(),
    })
  }
  const better = await load("better-sqlite3")
  if (better !== undefined) {
    const db = new better.default(join(folder, "better.sqlite"))
    db.pragma("journal_mode = WAL")
    db.pragma("synchronous = NORMAL")
    db.pragma("cache_size = -16000")
    db.exec("CREATE TABLE c (k TEXT PRIMARY KEY, v TEXT, exp INTEGER)")
    const get = db.prepare("SELECT v, exp FROM c WHERE k = ?")
    const set = db.prepare("INSERT OR REPLACE INTO c VALUES (?, ?, ?)")
    const setMany = db.transaction((many: readonly string[]) => {
      for (const key of many) set.run(key, record, Date.now() + 300_000)
    })
    found.push({
      name: "better-sqlite3",
      get: (key) => get.get(key),
      set: (key) => set.run(key, record, Date.now() + 300_000),
      setMany,
      close: () => db.close(),
    })
  }
  return found
}

/** Microseconds per key, in each round. A promise is awaited, a value is not. */
async function time(work: (key: string) => unknown, over: readonly string[]): Promise<number> {
  const start = performance.now()
  for (const key of over) {
    const answer = work(key)
    if (answer instanceof Promise) await answer
  }
  return ((performance.now() - start) * 1000) / over.length
}

const subjects = [raw(), ours(), ...(await peers())]
const best = new Map<string, number>()
const note = (what: string, name: string, micros: number): void => {
  const id = `${what} ${name}`
  best.set(id, Math.min(best.get(id) ?? Infinity, micros))
}

// Round by round, so that a slow minute of the machine meets everybody.
for (let round = 0; round < rounds; round++) {
  for (const { name, get, set, setMany } of subjects) {
    if (setMany !== undefined) {
      const start = performance.now()
      setMany(round === 0 ? keys : shuffled)
      note(
        round === 0 ? "setMany, new" : "setMany, again",
        name,
        ((performance.now() - start) * 1000) / count,
      )
    }
    note("set", name, await time(set, sample))
    // Who cannot fill the table at once has only the sample in it.
    note("get", name, await time(get, setMany === undefined ? sample : shuffled))
    note("get, miss", name, await time((key) => get(`${key}?`), sample))
  }
}

console.log(
  `node ${process.version}, ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}, best of ${rounds}`,
)
for (const what of ["get", "get, miss", "set", "setMany, new", "setMany, again"]) {
  const base = best.get(`${what} raw statements`) ?? 0
  for (const { name } of subjects) {
    const micros = best.get(`${what} ${name}`)
    if (micros !== undefined) {
      console.log(
        `${what.padEnd(15)} ${name.padEnd(20)} ${micros.toFixed(2).padStart(8)} µs ${(micros / base).toFixed(2).padStart(6)} ×`,
      )
    }
  }
}
for (const { close } of subjects) await close()
rmSync(folder, { recursive: true, force: true })
