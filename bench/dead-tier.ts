// A far tier that hangs: what it costs the callers, one after the other, each with a key of his own and one load.
// Target: storeTimeout once, then nothing.   node bench/dead-tier.ts [callers=2000]
import { memory } from "../dist/adapters/memory.js"
import { CacheWrapper } from "../dist/core.js"
import { circuitBreaker, storeTimeout } from "../dist/proxies.js"
import { chaos } from "../dist/testing.js"
import { tiered } from "../dist/tiers.js"
import { duration, median, table, timed } from "./measure.ts"

const callers = Number(process.argv[2] ?? 2000)
const limit = 200
/** Without a breaker every caller pays, so a few must do. */
const fewCallers = 5

const dead = () => chaos(memory(), { hang: 1 })
const load = async () => ({ id: 1, name: "loaded" })

interface Case {
  readonly name: string
  readonly callers: number
  readonly cache: CacheWrapper
}

const cases: readonly Case[] = [
  {
    name: "memory, no far tier",
    callers,
    cache: new CacheWrapper({ adapter: memory() }),
  },
  {
    name: `dead far tier, cache's own storeTimeout ${limit} ms`,
    callers: fewCallers,
    cache: new CacheWrapper({ adapter: tiered({ near: memory(), far: dead() }), storeTimeout: limit }),
  },
  {
    name: `dead far tier behind storeTimeout(${limit})`,
    callers: fewCallers,
    cache: new CacheWrapper({ adapter: tiered({ near: memory(), far: storeTimeout(dead(), limit) }) }),
  },
  {
    name: `… and circuitBreaker({ failures: 1 })`,
    callers,
    cache: new CacheWrapper({
      adapter: tiered({
        near: memory(),
        far: circuitBreaker(storeTimeout(dead(), limit), { failures: 1 }),
      }),
    }),
  },
  {
    name: "… and circuitBreaker(), which takes 5 failures",
    callers,
    cache: new CacheWrapper({
      adapter: tiered({ near: memory(), far: circuitBreaker(storeTimeout(dead(), limit)) }),
    }),
  },
]

const rows: string[][] = []
for (const { name, callers, cache } of cases) {
  const waits: number[] = []
  for (let i = 0; i < callers; i++) {
    waits.push(await timed(() => cache.getOrSet(`user:${i}`, load)))
  }
  const slow = waits.filter((ms) => ms >= limit / 2)
  const rest = waits.filter((ms) => ms < limit / 2)
  rows.push([
    name,
    waits
      .slice(0, 3)
      .map((ms) => duration(ms * 1e6))
      .join(", "),
    `${slow.length} of ${callers}`,
    duration(slow.reduce((sum, ms) => sum + ms, 0) * 1e6),
    rest.length > 0 ? duration(median(rest) * 1e6) : "–",
  ])
}
console.log(
  table(
    [
      "getOrSet, always a miss",
      "first three",
      `wait over ${limit / 2} ms`,
      "their waits in all",
      "the others",
    ],
    rows,
  ),
)
process.exit(0)
