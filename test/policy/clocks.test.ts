import { describe, expect, test } from "vitest"
import { parseDuration } from "../../src/core.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

describe.each(kinds)("clocks that differ, on %s", (kind) => {
  test.each([
    ["fresh", "1h", 5000],
    ["stale already", "1m", 90_000],
  ] as const)(
    "what one whose clock is ahead expires, %s to it, is stale by every clock",
    async (_, ttl, ahead) => {
      const { cache, another, clock } = await setup(kind, { ttl, grace: "1h" })
      await cache.set("k", "old")
      const here = clock.now()
      clock.jump(here + ahead)
      expect(await another().expire("k")).toBe(1)
      clock.jump(here)
      expect(await cache.get("k")).toBeUndefined()
      const until = here + Math.min(ahead, parseDuration(ttl))
      const told = { value: "old", stale: true, freshUntil: until, staleUntil: until + 3_600_000 }
      expect(await cache.getEntry("k", { stale: true })).toMatchObject(told)
      expect(await cache.touch("k")).toBe(true)
      expect(await cache.get("k")).toBe("old")
      await cache.expire("k")
      expect(await cache.getOrSet("k", () => "new")).toBe("new")
      expect(await cache.get("k")).toBe("new")
    },
  )

  test.each([[["x"]], [["x", "y"]]])(
    "what keep() renews with the tags %j is ended by one whose clock is behind, by any of them",
    async (tags) => {
      for (const tag of tags) {
        const { cache, another, clock } = await setup(kind)
        await cache.set("k", "old", { ttl: 100, grace: "1h", tags })
        await clock.advance(200)
        const renewed = cache.getOrSet("k", async ({ keep }) => {
          const here = clock.now()
          clock.jump(here - 5000)
          await another().invalidateTags(tag)
          clock.jump(here)
          return keep()
        })
        await clock.advance(1)
        await renewed.catch(() => {})
        expect(await cache.get("k", { stale: true })).toBeUndefined()
      }
    },
  )

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
