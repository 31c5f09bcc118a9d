import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"

/** The requests of a log: big-endian int32 each. */
function requestsOf(path: string): string[] {
  const bytes = gunzipSync(readFileSync(new URL(path, import.meta.url)))
  return Array.from({ length: bytes.length / 4 }, (_, i) => String(bytes.readInt32BE(i * 4)))
}

const web12 = requestsOf("../../playground/data/web12.bin.gz")
const web07 = requestsOf("./data/web07.bin.gz")

// In percent, for caches of 1, 5 and 10 % of the distinct keys: what an independent simulator gives.
test.each([
  ["web12", "s3-fifo", web12, [41.1, 64.8, 72.3]],
  ["web12", "lru", web12, [39.8, 60.0, 68.5]],
  ["web07", "s3-fifo", web07, [43.8, 54.2, 58.1]],
  ["web07", "lru", web07, [39.2, 50.6, 55.7]],
] as const)("on %s, %s hits as often as published", (_, policy, requests, published) => {
  const distinct = new Set(requests).size
  const ratios = [0.01, 0.05, 0.1].map((share) => {
    const cache = memory({ maxEntries: Math.round(distinct * share), policy })
    let hits = 0
    for (const key of requests) {
      if (cache.get(key) !== undefined) hits++
      else cache.set(key, true, Infinity)
    }
    return Math.round((hits / requests.length) * 1000) / 10
  })
  expect(ratios).toEqual(published)
})
