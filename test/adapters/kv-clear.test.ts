import { expect, onTestFinished, test, vi } from "vitest"
import { tokensOf } from "../../adapters/kv/tokens.ts"
import { kv } from "../../adapters/kv.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fakeClock } from "../support/clock.ts"
import { type Faults, kvDouble } from "../support/kv-double.ts"

const minute = 60_000
const second = 1000

/** "list results may be cached", says Cloudflare: what was written lately is not shown yet. */
const behind: Faults = { listLag: 30 * second }

function setup(faults: Faults = behind) {
  const clock = fakeClock()
  const double = kvDouble(faults)
  const adapter = kv({ binding: double.kv })
  return { clock, double, adapter, cache: new CacheWrapper({ adapter, ttl: "1h" }) }
}

test.each(["", "region", "region of a region"])(
  "clear ends what the listing does not show, for good: cache %s",
  async (name) => {
    const { clock, cache } = setup()
    const outer = name === "" ? cache : cache.region("outer")
    const inner = name === "region of a region" ? outer.region("inner") : outer
    await inner.set("k", 1)
    await inner.set("tagged", 1, { tags: ["t"] })
    await inner.invalidate({ mode: "soft" })
    await inner.set("late", 1)
    await outer.clear()
    for (const wait of [0, 30 * second, 2 * minute]) {
      await clock.advance(wait)
      expect(await inner.getMany(["k", "tagged", "late"])).toEqual([undefined, undefined, undefined])
    }
  },
)

test("what is written after a clear lives on, whatever the place still sees of the versions from before", async () => {
  const faults: Faults = { ...behind, copies: true, ownWrites: false, lag: 5 * second }
  const { clock, double, cache } = setup(faults)
  const users = cache.region("users")
  await users.set("k", 1, { tags: ["t"] })
  await users.invalidate({ mode: "soft" })
  await cache.invalidateTags("t", { mode: "soft" })
  await clock.advance(minute)
  await users.set("k", 2, { tags: ["t"] })
  // Another isolate of the same place: it knows nothing but what the place shows.
  const other = new CacheWrapper({ adapter: kv({ binding: { ...double.kv } }), ttl: "1h" })
  await other.region("users").clear()
  await other.region("users").set("new", 3)
  await users.clear()
  await cache.clear()
  await users.set("k", 4, { tags: ["t"] })
  for (const wait of [0, second, 59 * second, minute, 10 * minute]) {
    await clock.advance(wait)
    expect(await users.get("k")).toBe(4)
  }
})

test("for a minute after a clear its versions are absent unless written again, and are not read", async () => {
  const { clock, double, adapter } = setup()
  for (const key of ["#h", "#s", "#h:r:", "#h=t"]) double.plant(`isocache:${key}`, "old")
  expect(await adapter.getMany(["#h", "#h:r:", "#h:q:"])).toEqual(["old", "old", undefined])
  double.faults({ ...behind, copies: true, ownWrites: false, lag: 2 * minute })
  await adapter.clear("#h")
  double.log.length = 0
  expect(await adapter.getMany(["#h", "#h:r:", "#h=t", "#h=u"])).toEqual(Array(4).fill(undefined))
  expect(double.log).toEqual([])
  expect(await adapter.get("#s")).toBe("old")
  await adapter.set("#h:r:", "new", Infinity)
  expect(await adapter.getMany(["#h:r:", "#h"])).toEqual(["new", undefined])
  double.log.length = 0
  await clock.advance(minute)
  await adapter.get("#h=t")
  expect(double.log).toEqual(["get isocache:#h=t"])
})

test("a read of a version that a clear has crossed is not remembered", async () => {
  const { clock, double, adapter } = setup()
  double.plant("isocache:#h", "old")
  double.faults({ latency: (operation) => (operation === "get" ? 2 * minute : 0) })
  const read = adapter.get("#h")
  await adapter.clear("")
  await clock.advance(2 * minute)
  expect(await read).toBeUndefined()
  double.faults({})
  double.log.length = 0
  await adapter.get("#h")
  expect(double.log).toEqual(["get isocache:#h"])
})

test("a clear that cannot remove a version rejects, and may be tried again", async () => {
  const { clock, double, cache } = setup({ ...behind, writeLimit: true })
  await cache.set("k", 1)
  await expect(cache.clear()).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  expect(await cache.get("k")).toBeUndefined()
  await clock.advance(second)
  await cache.clear()
  expect(double.log.filter((it) => it === "delete isocache:#h").length).toBe(2)
})

test("a version is looked up under its own prefixes, however many others were cleared", () => {
  const { double } = setup()
  const tokens = tokensOf(double.kv)
  for (let i = 0; i < 2000; i++) tokens.clearing(`#h:r${i}:`)
  tokens.writing("#h:r7:", "new")(true)
  tokens.clearing("#h:r7:and longer:")
  const compared = vi.spyOn(String.prototype, "startsWith")
  onTestFinished(() => compared.mockRestore())
  const known = tokens.known(["#h", "#h:r6:", "#h:r7:", "#h:r7:s:", "#h:r8:s:", "#h:r7"])
  expect(compared.mock.calls.length).toBeLessThan(10)
  expect([...known]).toEqual([
    ["#h:r6:", undefined],
    ["#h:r7:", "new"],
    ["#h:r7:s:", undefined],
    ["#h:r8:s:", undefined],
  ])
})
