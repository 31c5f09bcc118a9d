// Hit ratios in % of the memory adapter and of other policies on request logs: {web12,web07,orm-busy}.bin.gz, big-endian
// int32 keys, gzipped, in any of the folders.   node bench/traces.ts [FOLDER …]      by default those of this repository
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { memory } from "../dist/adapters/memory.js"
import { arc, lru, type Policy, s3Fifo, type Trace, twoQueues } from "./policies.ts"

const shares = [0.01, 0.05, 0.1]
const smallSizes = [50, 100, 200, 500]

const policies: Record<string, Policy> = {
  "adapter, s3-fifo": adapter("s3-fifo"),
  "adapter, lru": adapter("lru"),
  LRU: lru,
  "2Q": twoQueues,
  ARC: arc,
  "S3-FIFO": s3Fifo(),
  "S3: one read is enough": s3Fifo({ reads: 1 }),
  "S3: small 5 %": s3Fifo({ small: 0.05 }),
  "S3: small 20 %": s3Fifo({ small: 0.2 }),
  "S3: small 25 %": s3Fifo({ small: 0.25 }),
  "S3: ghosts 200 %": s3Fifo({ ghosts: 2 }),
  "S3: ghosts 500 %": s3Fifo({ ghosts: 5 }),
  "S3: main LRU": s3Fifo({ mainLru: true }),
  "S3: small 1 to 90 %": s3Fifo({ between: [0.01, 0.9] }),
  "S3: small 5 to 90 %": s3Fifo({ between: [0.05, 0.9] }),
  "S3: small 10 to 90 %": s3Fifo({ between: [0.1, 0.9] }),
}

function adapter(policy: "s3-fifo" | "lru"): Policy {
  return ({ requests, distinct }, maxEntries) => {
    const keys = Array.from({ length: distinct }, (_, i) => `k${i}`)
    const cache = memory({ maxEntries, policy })
    let hits = 0
    for (const request of requests) {
      const key = keys[request] ?? ""
      if (cache.get(key) !== undefined) hits++
      else cache.set(key, true, Infinity)
    }
    return hits
  }
}

/** Reads a log and numbers its keys by first appearance. */
function load(path: string): Trace {
  const bytes = gunzipSync(readFileSync(path))
  const numbers = new Map<number, number>()
  const requests = Int32Array.from({ length: bytes.length / 4 }, (_, i) => {
    const key = bytes.readInt32BE(i * 4)
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  })
  return { requests, distinct: numbers.size }
}

const root = fileURLToPath(new URL("..", import.meta.url))
const own = [join(root, "playground/data"), join(root, "test/traces/data")]
const folders = process.argv.length > 2 ? process.argv.slice(2) : own
const found = ["web12", "web07", "orm-busy"].flatMap((name) => {
  const path = folders.map((folder) => join(folder, `${name}.bin.gz`)).find(existsSync)
  return path === undefined ? [] : [[name, path] as const]
})
if (found.length === 0) throw new Error(`There are no logs in ${folders.join(", ")}.`)
const logs = found.map(([name]) => name)
const traces = found.map(([, path]) => load(path))

const mean = (numbers: readonly number[]): string =>
  (numbers.reduce((sum, one) => sum + one, 0) / numbers.length).toFixed(2)

console.log(`| policy | ${logs.map((log) => `${log} 1 / 5 / 10 %`).join(" | ")} | mean |`)
console.log(`|---|${logs.map(() => "---|").join("")}---|`)
const tables = Object.entries(policies).map(([name, policy]) => {
  const ratio = (trace: Trace, max: number): number => (policy(trace, max) / trace.requests.length) * 100
  const large = traces.map((trace) => shares.map((share) => ratio(trace, Math.round(trace.distinct * share))))
  console.log(row(name, large))
  const small = traces.map((trace) => smallSizes.map((max) => ratio(trace, max)))
  return row(name, small)
})
console.log(
  `\n| policy | ${logs.map((log) => `${log} ${smallSizes.join(" / ")} entries`).join(" | ")} | mean |`,
)
console.log(`|---|${logs.map(() => "---|").join("")}---|`)
for (const line of tables) console.log(line)

function row(name: string, cells: readonly (readonly number[])[]): string {
  const texts = cells.map((cell) => cell.map((one) => one.toFixed(1)).join(" / "))
  return `| ${name} | ${texts.join(" | ")} | ${mean(cells.flat())} |`
}
