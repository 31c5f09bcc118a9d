// What a hit of the memory adapter alone costs beside a bare Map, and what an entry weighs.   node bench/memory.ts
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { LRUCache } from "lru-cache"
import { memory } from "../dist/adapters/memory.js"
import { duration, median, times as ratio, table, wall } from "./measure.ts"

interface Subject {
  get(key: string): unknown
  set(key: string, record: unknown): void
}

const rounds = 15
const reads = 1 << 16

const subjects: Record<string, (max: number) => Subject> = {
  Map: () => new Map(),
  "isocache memory()": (max) => adapter(max, "s3-fifo"),
  'isocache memory({ policy: "lru" })': (max) => adapter(max, "lru"),
  "lru-cache, ttl": (max) => new LRUCache<string, object>({ max, ttl: 300_000 }) as Subject, // takes any object
}

function adapter(maxEntries: number, policy: "s3-fifo" | "lru"): Subject {
  const cache = memory({ maxEntries, policy })
  return { get: cache.get, set: (key, record) => cache.set(key, record, 300_000) }
}

/** A loop of its own for each subject, so that none is slowed by another's types. */
function loop(): (subject: Subject, keys: readonly string[]) => number {
  // The source is the constant below.
  return new Function(
    "subject",
    "keys",
    "let n = 0; for (const key of keys) if (subject.get(key).at === 1) n++; return n",
  ) as never
}

/** ns of each subject, in the order of `subjects`. */
function hits(count: number, order: readonly string[], keys: readonly string[]): number[] {
  const runs = Object.values(subjects).map((make) => {
    const subject = make(count)
    for (const key of keys) subject.set(key, { value: key, at: 1 })
    return { subject, run: loop(), times: [] as number[] }
  })
  for (let round = 0; round < rounds; round++) {
    for (const { subject, run, times } of runs) {
      const start = wall()
      if (run(subject, order) !== reads) throw new Error("a hit was missed")
      times.push((wall() - start) / reads)
    }
  }
  return runs.map(({ times }) => median(times))
}

function churn(max: number): (number | undefined)[] {
  const keys = Array.from({ length: max * 4 }, (_, i) => `user:profile:${i}`)
  const record = { value: 1, at: 1 }
  // Whoever looks a key up first pays for its hash: nobody here.
  if (new Set(keys).size !== keys.length) throw new Error("keys repeat")
  return Object.entries(subjects).map(([name, make]) => {
    if (name === "Map") return undefined
    const runs = Array.from({ length: 3 }, () => {
      const subject = make(max)
      const start = wall()
      for (const key of keys) subject.set(key, record)
      return (wall() - start) / keys.length
    })
    // The first run warms up.
    return median(runs.slice(1))
  })
}

/** Bytes an entry of each subject, key included, record not; and once four times as many keys went through. */
function weights(count: number): [full: number, churned: number | undefined][] {
  setFlagsFromString("--expose-gc")
  // `gc` appears in contexts made after the flag.
  const gc = runInNewContext("gc") as () => void
  const record = { value: 1, at: 1 }
  const weigh = (make: (max: number) => Subject, churned: number): number => {
    gc()
    const before = process.memoryUsage()
    const subject = make(count)
    for (let i = 0; i < count * churned; i++) subject.set(`user:profile:${i}`, record)
    gc()
    const after = process.memoryUsage()
    if (subject.get(`user:profile:${count * churned - 1}`) !== record) throw new Error("not kept")
    return (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / count
  }
  return Object.entries(subjects).map(([name, make]) => [
    weigh(make, 1),
    name === "Map" ? undefined : weigh(make, 4),
  ])
}

const names = Object.keys(subjects)
const rows: (readonly string[])[] = []
for (const count of [64, 10_000, 100_000]) {
  const keys = Array.from({ length: count }, (_, i) => `user:profile:${i}`)
  const inTurn = Array.from({ length: reads }, (_, i) => keys[i % count] ?? "")
  const atRandom = Array.from({ length: reads }, () => keys[Math.floor(Math.random() * count)] ?? "")
  for (const [order, asked] of [["in turn", inTurn] as const, ["at random", atRandom] as const]) {
    const found = hits(count, asked, keys)
    const [map = Number.NaN] = found
    rows.push([
      `a hit, ${count.toLocaleString("en")} keys ${order}`,
      ...found.map((ns) => `${ns.toFixed(ns < 100 ? 1 : 0)} ns, ${ratio(ns, map)}`),
    ])
  }
}
for (const max of [10_000, 100_000]) {
  const found = churn(max).map((ns) => (ns === undefined ? "–" : duration(ns)))
  rows.push([`set of a new key, ${max.toLocaleString("en")} kept`, ...found])
}
const heavy = weights(100_000)
rows.push(["bytes an entry, key included, record not", ...heavy.map(([full]) => full.toFixed(0))])
rows.push(["… after four times as many keys", ...heavy.map(([, churned]) => churned?.toFixed(0) ?? "–")])
console.log(table(["adapters alone, synchronous", ...names], rows))
