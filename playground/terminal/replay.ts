import { readFile } from "node:fs/promises"
import { gunzipSync } from "node:zlib"
import { cached } from "isocache"
import { type Origin, startOrigin } from "./origin.ts"
import { drawProgress, numberText, printReport, type Run } from "./report.ts"

const concurrency = 32
const sampleSize = 4000 // requests of the run without a cache

/**
 * Replays a real request log through `cached` as it opens by itself, against a local origin that takes its time,
 * with a progress bar, and prints a table. Closes what it has opened.
 *
 * @param options.isCold - Clears what an earlier run has left. Default false.
 * @returns Whether it came to its end before `signal` stopped it.
 */
export async function replayLog(signal: AbortSignal, options: { isCold?: boolean } = {}): Promise<boolean> {
  const log = await readLog(new URL("../data/web12.bin.gz", import.meta.url))
  const origin = await startOrigin(signal)
  const pages = cached.region("web12", { ttl: "1 day", lease: false })
  try {
    await cached.ready()
    if (options.isCold) await pages.clear()
    const left = await countEntries(pages)
    const storage =
      cached.adapter.name === "memory" ? "memory" : `${cached.adapter.name} with memory in front`
    console.log(`\n  ${numberText(log.length)} requests of a shop, December 2013, through ${storage}.`)
    console.log(
      left === 0
        ? "  The cache is empty: start again to see it warm.\n"
        : `  ${numberText(left)} entries are left from an earlier run.\n`,
    )
    const send = replayer(origin, signal)
    const bare = await send("without a cache", log.subarray(0, sampleSize), (path) => origin.fetch(path))
    const kept = await send("with the cache", log, (path) => pages.getOrSet(path, () => origin.fetch(path)))
    if (signal.aborted) console.log("\n  Stopped.")
    else printReport(bare, kept, cached.metrics())
  } finally {
    await cached.close()
    await origin.close()
  }
  return !signal.aborted
}

/** One big-endian int32 key per request. */
async function readLog(file: URL): Promise<Int32Array> {
  const bytes = gunzipSync(await readFile(file))
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32BE(i * 4))
}

async function countEntries(pages: { keys(): AsyncIterable<string> }): Promise<number> {
  let count = 0
  for await (const _ of pages.keys()) count++
  return count
}

/** Lets `concurrency` visitors take the requests one after another. */
function replayer(origin: Origin, signal: AbortSignal) {
  return async (
    title: string,
    requests: Int32Array,
    get: (path: string) => Promise<unknown>,
  ): Promise<Run> => {
    const latencies = new Float64Array(requests.length)
    const before = origin.calls()
    const startedAt = performance.now()
    let next = 0
    let done = 0
    let drawnAt = 0
    const visit = async () => {
      while (next < requests.length && !signal.aborted) {
        const at = next++
        const begun = performance.now()
        try {
          await get(`/product/${requests[at]}`)
        } catch (error) {
          if (!signal.aborted) throw error
        }
        const ended = performance.now()
        latencies[at] = ended - begun
        done++
        if (ended - drawnAt > 100 || done === requests.length) {
          drawnAt = ended
          drawProgress(title, done / requests.length)
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
}
