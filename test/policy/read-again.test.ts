import { describe, expect, test } from "vitest"
import { lateKinds } from "../support/fake.ts"
import { settled, setup } from "../support/setup.ts"

describe.each(lateKinds)("a stale value is read again before it is served, on %s", (kind) => {
  const prepare = async (reads: (count: number) => number | "hang" | undefined) => {
    const made = await setup(kind, { ttl: "1h", grace: "1h", leaseTtl: "1h" })
    await made.cache.set("k", "stale")
    await made.cache.expire("k")
    let count = 0
    made.storage.fault = (verb, key) => (verb === "get" && key === "k" ? reads(count++) : undefined)
    return made
  }

  test.each([
    ["takes long", 300],
    ["hangs", "hang"],
  ] as const)("and where that %s, hardTimeout holds all the same", async (_, again) => {
    const { cache, clock } = await prepare((count) => (count === 0 ? 30 : again))
    const start = clock.now()
    const load = cache.getOrSet("k", () => clock.after(10_000, "new"), { hardTimeout: 100, lease: false })
    let took = 0
    load.then(() => {
      took = clock.now() - start
    })
    await clock.advance(150)
    expect([await load, took]).toEqual(["stale", 100])
  })

  test("a failed load's caller waits for it no longer than hardTimeout", async () => {
    const { cache, clock } = await prepare((count) => (count === 0 ? undefined : "hang"))
    const load = cache.getOrSet("k", () => clock.failAfter(10, new Error("down")), {
      hardTimeout: 100,
      lease: false,
    })
    await clock.advance(110)
    expect(await load).toBe("stale")
  })

  test("its signal ends the wait", async () => {
    const { cache, clock } = await prepare((count) => (count === 0 ? undefined : "hang"))
    const { signal, abort } = controlled()
    const load = cache.getOrSet("k", () => clock.after(10_000, "new"), {
      softTimeout: 10,
      signal,
      lease: false,
    })
    load.catch(() => {})
    await clock.advance(50)
    abort("enough")
    await settled(clock)
    await expect(load).rejects.toBe("enough")
  })

  test("what was deleted in the meantime is not served, however little time is left", async () => {
    const { cache, clock } = await prepare((count) => (count === 0 ? undefined : 300))
    const load = cache.getOrSet("k", () => clock.after(10_000, "new"), { hardTimeout: 100, lease: false })
    load.catch(() => {})
    await clock.advance(50)
    const deleted = cache.delete("k")
    await clock.advance(400)
    await deleted
    await expect(load).rejects.toMatchObject({ code: "FALLBACK_TIMEOUT" })
  })
})

function controlled(): { signal: AbortSignal; abort: (reason: unknown) => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) }
}
