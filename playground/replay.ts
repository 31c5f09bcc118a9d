// Replays a real request log through `cached` as it opens by itself, against a local origin that takes its time.
//   npm run replay            the built package (npm run build first)
//   npm run replay -- --cold  after clearing what an earlier run has left
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { cached } from "isocache"

const originDelay = 4 // ms
const concurrency = 32
const sampleSize = 4000 // requests of the run without a cache

interface Run {
  readonly requests: number
  readonly originCalls: number
  readonly seconds: number
  readonly latencies: Float64Array
}

const log = await readLog(new URL("data/web12.bin.gz", import.meta.url))
const origin = await startOrigin()
const stop = new AbortController()
process.once("SIGINT", () => stop.abort())

const pages = cached.region("web12", { ttl: "1 day", lease: false })
try {
  await cached.ready()
  if (process.argv.includes("--cold")) await pages.clear()
  const warm = await countEntries()
  console.log(
    `\n  ${log.length.toLocaleString("en")} requests of a shop, December 2013, through ${cached.adapter.name === "memory" ? "memory" : `${cached.adapter.name} with memory in front`}.`,
  )
  console.log(
    `  ${warm === 0 ? "The cache is empty: start again to see it warm." : `${warm.toLocaleString("en")} entries are left from an earlier run.`}\n`,
  )

  const bare = await replay("without a cache", log.subarray(0, sampleSize), (path) => origin.fetch(path))
  const kept = await replay("with the cache", log, (path) => pages.getOrSet(path, () => origin.fetch(path)))
  if (stop.signal.aborted) console.log("\n  Stopped.")
  else report(bare, kept)
} finally {
  await cached.close()
  await origin.close()
}
process.exitCode = stop.signal.aborted ? 130 : 0

/** One big-endian int32 key per request. */
async function readLog(file: URL): Promise<Int32Array> {
  const bytes = gunzipSync(await readFile(file))
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32BE(i * 4))
}

async function countEntries(): Promise<number> {
  let count = 0
  for await (const _ of pages.keys()) count++
  return count
}

/** A product page a few milliseconds away. */
async function startOrigin() {
  let calls = 0
  const server = createServer((request, response) => {
    calls++
    setTimeout(() => {
      response.setHeader("content-type", "application/json")
      response.end(
        JSON.stringify({
          path: request.url,
          title: `Product ${request.url}`,
          prices: [9.99, 12.5],
          stock: 3,
        }),
      )
    }, originDelay)
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return {
    calls: () => calls,
    async fetch(path: string): Promise<unknown> {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: stop.signal })
      return response.json()
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Lets `concurrency` visitors take the requests one after another. */
async function replay(
  title: string,
  requests: Int32Array,
  get: (path: string) => Promise<unknown>,
): Promise<Run> {
  const latencies = new Float64Array(requests.length)
  const before = origin.calls()
  const startedAt = performance.now()
  let next = 0
  let done = 0
  let drawnAt = 0
  const visit = async () => {
    while (next < requests.length && !stop.signal.aborted) {
      const at = next++
      const begun = performance.now()
      try {
        await get(`/product/${requests[at]}`)
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
      const ended = performance.now()
      latencies[at] = ended - begun
      done++
      if (ended - drawnAt > 100 || done === requests.length) {
        drawnAt = ended
        draw(title, done / requests.length)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, visit))
  if (process.stdout.isTTY) process.stdout.write("\n")
  return {
    requests: done,
    originCalls: origin.calls() - before,
    seconds: (performance.now() - startedAt) / 1000,
    latencies: latencies.slice(0, done).sort(),
  }
}

/** On a terminal a bar that moves; elsewhere one line at the end. */
function draw(title: string, share: number): void {
  const bar = "█".repeat(Math.round(share * 40)).padEnd(40, "░")
  const line = `  ${title.padEnd(16)} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`)
  else if (share === 1) console.log(line)
}

function report(bare: Run, kept: Run): void {
  const at = ({ latencies }: Run, share: number) => {
    const ms = latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? 0
    return `${ms < 1 ? ms.toFixed(3) : ms.toFixed(1)} ms`
  }
  const { hitRatio, coalesced } = cached.metrics()
  const saved = kept.requests - kept.originCalls
  const rows: [string, string, string][] = [
    ["", "without", "with cache"],
    ["requests", bare.requests.toLocaleString("en"), kept.requests.toLocaleString("en")],
    ["hit ratio", "–", `${(100 * hitRatio).toFixed(1)} %`],
    ["joined a load", "–", coalesced.toLocaleString("en")],
    ["origin calls", bare.originCalls.toLocaleString("en"), kept.originCalls.toLocaleString("en")],
    [
      "origin calls saved",
      "–",
      `${saved.toLocaleString("en")} (${((100 * saved) / kept.requests).toFixed(1)} %)`,
    ],
    ["latency p50", at(bare, 0.5), at(kept, 0.5)],
    ["latency p95", at(bare, 0.95), at(kept, 0.95)],
    ["latency p99", at(bare, 0.99), at(kept, 0.99)],
    ["seconds", bare.seconds.toFixed(1), kept.seconds.toFixed(1)],
  ]
  console.log()
  for (const [name, left, right] of rows)
    console.log(`  ${name.padEnd(20)}${left.padStart(14)}${right.padStart(20)}`)
  console.log(
    `\n  Without a cache only the first ${bare.requests.toLocaleString("en")} requests were sent.\n`,
  )
}
