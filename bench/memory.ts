/** What a hit of the memory adapter costs beside a bare Map, and what an entry weighs. `node bench/memory.ts` */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { LRUCache } from "lru-cache"
import { memory } from "../adapters/memory.ts"

interface Subject {
  get(key: string): unknown
  set(key: string, record: unknown): void
}

const rounds = 21
const reads = 1 << 17

const subjects: Record<string, (max: number) => Subject> = {
  Map: () => new Map(),
  "memory s3-fifo": (max) => adapter(max, "s3-fifo"),
  "memory lru": (max) => adapter(max, "lru"),
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

function hits(count: number): void {
  const keys = Array.from({ length: count }, (_, i) => `user:profile:${i}`)
  const orders = {
    "in turn": Array.from({ length: reads }, (_, i) => keys[i % count] ?? ""),
    "at random": Array.from({ length: reads }, () => keys[Math.floor(Math.random() * count)] ?? ""),
  }
  for (const [name, order] of Object.entries(orders)) {
    const runs = Object.entries(subjects).map(([name, make]) => {
      const subject = make(count)
      for (const key of keys) subject.set(key, { value: key, at: 1 })
      return { name, subject, run: loop(), times: [] as number[] }
    })
    for (let round = 0; round < rounds; round++) {
      for (const { subject, run, times } of runs) {
        const start = performance.now()
        if (run(subject, order) !== reads) throw new Error("a hit was missed")
        times.push(((performance.now() - start) * 1e6) / reads)
      }
    }
    const medians = runs.map(({ name, times }) => `${name} ${median(times).toFixed(1)}`)
    console.log(`hit, ns   ${String(count).padStart(6)} keys ${name.padEnd(9)}  ${medians.join("   ")}`)
  }
}

function churn(max: number): void {
  const keys = Array.from({ length: max * 8 }, (_, i) => `user:profile:${i}`)
  const record = { value: 1, at: 1 }
  // Whoever looks a key up first pays for its hash: nobody here.
  if (new Set(keys).size !== keys.length) throw new Error("keys repeat")
  const times = Object.entries(subjects).map(([name, make]) => {
    if (name === "Map") return ""
    let start = 0
    // The first run warms up.
    for (let run = 0; run < 2; run++) {
      const subject = make(max)
      start = performance.now()
      for (const key of keys) subject.set(key, record)
    }
    return `${name} ${(((performance.now() - start) * 1e6) / keys.length).toFixed(0)}`
  })
  console.log(`set of a new key when full, ns   ${max} entries  ${times.filter(Boolean).join("   ")}`)
}

function weights(count: number): void {
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
  const bytes = Object.entries(subjects).map(([name, make]) => {
    const churned = name === "Map" ? "" : `, churned ${weigh(make, 4).toFixed(0)}`
    return `${name} ${weigh(make, 1).toFixed(0)}${churned}`
  })
  console.log(`bytes an entry (key included, record not)   ${count} entries  ${bytes.join("   ")}`)
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN
}

for (const count of [64, 10_000, 100_000]) hits(count)
for (const max of [10_000, 100_000]) churn(max)
weights(100_000)
