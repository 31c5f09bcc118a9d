import { expect, test } from "vitest"
import type { FakeClock } from "../support/clock.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

const never = () => new Promise<never>(() => {})

function setBack(clock: FakeClock): void {
  clock.jump(clock.now() - 3_600_000)
}

test.each(kinds)("hardTimeout is no longer for a clock set back, on %s", async (kind) => {
  const { cache, clock } = await setup(kind)
  const first = cache.getOrSet("k", never, { hardTimeout: 300 })
  const refused = expect(first).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
  setBack(clock)
  const second = cache.getOrSet("k", never, { hardTimeout: 300 })
  const alsoRefused = expect(second).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
  await clock.advance(1000)
  await Promise.all([refused, alsoRefused])
})

test.each(kinds)("nor is leaseTtl for a caller that joins a hanging load, on %s", async (kind) => {
  const { cache, clock } = await setup(kind, { leaseTtl: 300 })
  const hung = cache.getOrSet("k", never)
  await clock.advance(10)
  setBack(clock)
  const joined = cache.getOrSet("k", () => "challenger")
  await clock.advance(1000)
  expect(await Promise.all([hung, joined])).toEqual(["challenger", "challenger"])
})

test("nor for a caller that polls for another's lease", async () => {
  const { cache, another, clock } = await setup("all abilities", { leaseTtl: 500 })
  another()
    .getOrSet("k", never)
    .catch(() => {})
  await clock.advance(10)
  const own = cache.getOrSet("k", () => "own")
  await clock.advance(10)
  setBack(clock)
  await clock.advance(3000)
  expect(await Promise.race([own, "waits"])).toBe("own")
})

test.each(kinds)("nor is the back-off of a load that failed, on %s", async (kind) => {
  const { cache, clock } = await setup(kind, { ttl: 10, grace: "10h" })
  await cache.set("k", "old")
  await clock.advance(20)
  const fail = () => Promise.reject(new Error("down"))
  expect(await cache.getOrSet("k", fail)).toBe("old")
  clock.jump(clock.now() - 15)
  expect(await cache.getOrSet("k", () => "new", { maxAge: 0 })).toBe("new")
})

test.each(kinds)("nor is close() by a clock that stands still, on %s", async (kind) => {
  const { cache, clock } = await setup(kind, { storeTimeout: 500 })
  cache.getOrSet("k", never).catch(() => {})
  await clock.advance(1)
  const closed = cache.close().then(() => "closed")
  for (let i = 0; i < 10; i++) {
    const time = clock.now()
    await clock.advance(100)
    clock.jump(time)
  }
  expect(await Promise.race([closed, "waits"])).toBe("closed")
})

test.each(kinds)("what was expired is not fresh again, on %s", async (kind) => {
  const { cache, clock } = await setup(kind, { ttl: "1d", grace: "1d" })
  await cache.set("k", "old")
  await cache.expire("k")
  setBack(clock)
  expect(await cache.has("k")).toBe(false)
  expect(await cache.get("k", { stale: true })).toBe("old")
  expect(await cache.getOrSet("k", () => "new")).toBe("new")
})

test.each(kinds)("what was made before is not young for a maxAge, on %s", async (kind) => {
  const { cache, clock } = await setup(kind, { ttl: "1d" })
  await cache.set("k", "old")
  setBack(clock)
  expect(await cache.get("k")).toBe("old")
  expect(await cache.get("k", { maxAge: "1m" })).toBeUndefined()
  expect(await cache.get("k", { maxAge: "2h" })).toBe("old")
  expect(await cache.getOrSet("k", () => "new", { maxAge: 0 })).toBe("new")
})

test.each(kinds)("no load has taken less than no time, on %s", async (kind) => {
  const { cache, clock, events } = await setup(kind)
  const loads = [
    cache.getOrSet("good", () => clock.after(20, 1)),
    cache.getOrSet("bad", () => clock.failAfter(20, new Error("down"))).catch(() => {}),
  ]
  await clock.advance(10)
  setBack(clock)
  await clock.advance(20)
  await Promise.all(loads)
  const durations = events.flatMap((event) => ("duration" in event ? [event.duration] : []))
  expect(durations).toEqual([0, 0])
  expect(cache.metrics().loadTime).toMatchObject({ count: 1, mean: 0, p50: 0 })
})

test.each(lateKinds)(
  "a clear that is under way still comes before what is set after it, on %s",
  async (kind) => {
    const { cache, clock, storage } = await setup(kind)
    await cache.set("k", "old")
    storage.fault = (verb) => (verb === "clear" ? 50 : undefined)
    const cleared = cache.clear()
    await clock.advance(10)
    setBack(clock)
    const set = cache.set("k", "new")
    await clock.advance(500)
    await Promise.all([cleared, set])
    expect(await cache.get("k")).toBe("new")
  },
)

test.each(kinds)("nor does a refresh that hangs behind its callers hold its key, on %s", async (kind) => {
  const { cache, clock } = await setup(kind, { grace: "10h", softTimeout: 0, leaseTtl: 300 })
  await cache.set("k", "old")
  await cache.invalidate({ mode: "soft" })
  expect(await cache.getOrSet("k", never)).toBe("old")
  setBack(clock)
  await clock.advance(1000)
  expect(await cache.getOrSet("k", () => "new")).toBe("old")
  await clock.advance(1)
  expect(await cache.get("k")).toBe("new")
})
