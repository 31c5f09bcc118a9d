import { expect, test } from "vitest"
import { kv } from "../../adapters/kv.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"
import { type Faults, kvDouble } from "../support/kv-double.ts"

const second = 1000
const minute = 60 * second

function setup(faults: Faults = {}) {
  const clock = fakeClock()
  const double = kvDouble(faults)
  const adapter = kv({ binding: double.kv })
  /** What comes of `work` in `ms`; "nothing" before it has settled. */
  const within = async (ms: number, work: Promise<unknown>): Promise<unknown> => {
    let outcome: unknown = "nothing"
    work.then(
      (value) => {
        outcome = value
      },
      () => {
        outcome = "refused"
      },
    )
    await clock.advance(ms)
    return outcome
  }
  return { clock, double, adapter, within }
}

test("what is read of a version while others are written is remembered", async () => {
  const { clock, double, adapter, within } = setup({ latency: 10 })
  await within(10, adapter.set("#h", "old", Infinity))
  await clock.advance(minute)
  const others = [adapter.set("#h=t", "new", Infinity), adapter.clear("#h:r:"), adapter.delete("#h=u")]
  expect(await within(10, adapter.get("#h"))).toBe("old")
  await clock.advance(20)
  await Promise.all(others)
  double.log.length = 0
  expect(await within(0, adapter.get("#h"))).toBe("old")
  expect(double.log).toEqual([])
})

test("one of the requests that find a version too old reads it; the others go on with it, for a second", async () => {
  const { clock, double, adapter, within } = setup()
  await adapter.set("#h", "old", Infinity)
  await clock.advance(minute)
  double.plant("isocache:#h", "new")
  double.faults({ latency: 10 * second })
  double.log.length = 0
  const first = adapter.get("#h")
  expect(await within(0, adapter.get("#h"))).toBe("old")
  await clock.advance(second - 1)
  expect(await within(0, adapter.get("#h"))).toBe("old")
  expect(double.log).toEqual(["get isocache:#h"])
  await clock.advance(1)
  const later = adapter.get("#h")
  expect(await within(0, later)).toBe("nothing")
  await clock.advance(10 * second)
  expect(await Promise.all([first, later])).toEqual(["new", "new"])
  expect(double.log).toEqual(["get isocache:#h", "get isocache:#h"])
})

test("nobody goes on with a version that was not asked for in a while", async () => {
  const { clock, double, adapter, within } = setup()
  await adapter.set("#h", "old", Infinity)
  await clock.advance(minute + second)
  double.plant("isocache:#h", "new")
  double.faults({ latency: 10 })
  expect(await within(10, Promise.all([adapter.get("#h"), adapter.get("#h")]))).toEqual(["new", "new"])
})

test.each(["429 Too Many Requests", "500 Internal Server Error"])(
  "what an invalidation has ended stays so while another is under way, and when it fails: %s",
  async (status) => {
    // A place "usually" sees its own writes at once, says Cloudflare: this one does not.
    const blind: Faults = { lag: 20 * second, ownWrites: false, copies: true }
    const { clock, double, adapter, within } = setup(blind)
    const cache = new CacheWrapper({ adapter, ttl: "1h" })
    await cache.set("k", "old")
    await clock.advance(minute)
    expect(await cache.get("k")).toBe("old")
    await cache.invalidate()
    expect(await cache.get("k")).toBeUndefined()

    const fail = (operation: string) => {
      if (operation === "put") throw new Error(`KV PUT failed: ${status}`)
    }
    double.faults({ ...blind, fail, latency: (operation) => (operation === "put" ? 100 : 0) })
    const another = cache.invalidate()
    expect(await within(50, cache.get("k"))).toBeUndefined()
    expect(await within(150, another)).toBe("refused")
    expect(await within(0, cache.get("k"))).toBeUndefined()
  },
)

test.each([
  [10, 20, "the one before it ends first"],
  [20, 10, "it ends first"],
])("of crossing writes of a version the one that began last holds (%d and %d ms: %s)", async (...waits) => {
  const { clock, double, adapter, within } = setup({ latency: () => Number(waits.shift() ?? 100) })
  const writes = Promise.all(["one", "two"].map((token) => adapter.set("#h", token, Infinity)))
  for (const ms of [0, 10, 10, 10]) {
    await clock.advance(ms)
    expect(await within(0, adapter.get("#h"))).toBe("two")
  }
  await writes
  expect(double.log).toEqual(["put isocache:#h", "put isocache:#h"])
})

test("of crossing writes of a version one that is refused leaves the other", async () => {
  const { adapter } = setup({ writeLimit: true })
  const writes = ["one", "two"].map((token) => adapter.set("#h", token, Infinity))
  const [, second] = await Promise.allSettled(writes)
  expect(second?.status).toBe("rejected")
  expect(await adapter.get("#h")).toBe("one")
})

test("a write of a version that does not end is believed for some seconds", async () => {
  const { clock, double, adapter, within } = setup()
  await adapter.set("#h", "old", Infinity)
  double.faults({ latency: (operation) => (operation === "put" ? Number.MAX_SAFE_INTEGER : 0) })
  expect(await within(0, adapter.set("#h", "new", Infinity))).toBe("nothing")
  expect(await within(0, adapter.get("#h"))).toBe("new")
  await clock.advance(5 * second)
  expect(await within(0, adapter.get("#h"))).toBe("old")
})

test("however many versions there are, none is served that a dropped one has replaced", async () => {
  const { double, adapter, within } = setup()
  double.faults({ latency: (operation, name) => (operation === "get" && name === "isocache:#h" ? 10 : 0) })
  const read = adapter.get("#h")
  await adapter.set("#h", "new", Infinity)
  for (let at = 0; at < 10_000; at += 1000) {
    const keys = Array.from({ length: 1000 }, (_, i) => `#h=${at + i}`)
    await adapter.getMany(keys)
  }
  // The place goes on seeing what was before.
  double.plant("isocache:#h", "old")
  expect(await within(10, read)).toBe("old")
  double.plant("isocache:#h", "newer")
  expect(await within(10, adapter.get("#h"))).toBe("newer")
})

test("the result of a read that overlaps a write is not remembered, even if that write never ends", async () => {
  const { clock, double, adapter, within } = setup()
  double.plant("isocache:#h", "old")
  const never = Number.MAX_SAFE_INTEGER
  double.faults({ latency: (operation) => (operation === "put" ? never : 10) })
  const read = adapter.get("#h")
  expect(await within(0, adapter.set("#h", "new", Infinity))).toBe("nothing")
  expect(await within(10, read)).toBe("old")
  // Its request is over; what it has written is there.
  double.plant("isocache:#h", "new")
  await clock.advance(5 * second)
  expect(await within(10, adapter.get("#h"))).toBe("new")
})
