import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

describe.each(kinds)("clocks that differ, on %s", (kind) => {
  test("what one whose clock is ahead has expired is stale at once", async () => {
    const { cache, another, clock } = await setup(kind, { ttl: "1h", grace: "1h" })
    await cache.set("k", "old")
    const here = clock.now()
    clock.jump(here + 5000)
    expect(await another().expire("k")).toBe(1)
    clock.jump(here)
    expect(await cache.get("k")).toBeUndefined()
    const told = { value: "old", stale: true, freshUntil: here + 5000, staleUntil: here + 3_605_000 }
    expect(await cache.getEntry("k", { stale: true })).toMatchObject(told)
    expect(await cache.touch("k")).toBe(true)
    expect(await cache.get("k")).toBe("old")
    await cache.expire("k")
    expect(await cache.getOrSet("k", () => "new")).toBe("new")
    expect(await cache.get("k")).toBe("new")
  })

  test("what one whose clock is ahead expires although it takes it for stale is stale by every clock", async () => {
    const { cache, another, clock } = await setup(kind, { ttl: "1m", grace: "1h" })
    await cache.set("k", "old")
    const here = clock.now()
    clock.jump(here + 90_000)
    expect(await another().expire("k")).toBe(1)
    clock.jump(here)
    expect(await cache.get("k")).toBeUndefined()
    const told = { value: "old", stale: true, freshUntil: here + 60_000, staleUntil: here + 3_660_000 }
    expect(await cache.getEntry("k", { stale: true })).toMatchObject(told)
  })

  test.each(["invalidateTags", "invalidate"] as const)(
    "a soft %s by one whose clock is ahead expires at once",
    async (verb) => {
      const { cache, another, clock } = await setup(kind, { ttl: "1h", grace: "1h" })
      await cache.set("k", "old", { tags: ["t"] })
      expect(await cache.get("k")).toBe("old")
      const here = clock.now()
      clock.jump(here + 5000)
      if (verb === "invalidate") await another().invalidate({ mode: "soft" })
      else await another().invalidateTags("t", { mode: "soft" })
      clock.jump(here)
      expect(await cache.get("k")).toBeUndefined()
      expect(await cache.getEntry("k", { stale: true })).toMatchObject({ value: "old", stale: true })
      expect(await cache.getOrSet("k", () => "new")).toBe("new")
      expect(await cache.get("k")).toBe("new")
    },
  )
})
