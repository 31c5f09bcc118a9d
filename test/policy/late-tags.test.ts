import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import type { LoadContext } from "../../src/types.ts"
import { fakeClock } from "../support/clock.ts"
import { gate } from "../support/setup.ts"

/** A storage whose handles answer later; the answer to one call, as of then, may wait until its door is opened. */
function doors() {
  const inner = memory()
  const waiting = new Map<string, Promise<void>>()
  const late = async <T>(call: string, answer: T): Promise<T> => {
    const door = waiting.get(call)
    waiting.delete(call)
    await door
    return answer
  }
  return {
    handle: (): Adapter => ({
      name: "late",
      medium: "object",
      copy: "clone",
      get: (key) => late(`get ${key}`, inner.get(key)),
      set: (key, record, ttl) => late(`set ${key}`, inner.set(key, record, ttl)),
      delete: (key) => late(`delete ${key}`, inner.delete(key)),
      clear: (prefix) => inner.clear(prefix),
    }),
    /** Holds up the next such call; answers a function that opens its door. */
    hold(call: string): () => void {
      const door = gate<void>()
      waiting.set(call, door.promise)
      return () => door.pass()
    },
  }
}

const tag = "#h==late"

for (const [whose, call] of [
  ["over the same adapter", `get ${tag}`],
  ["over another handle", `get ${tag}`],
  ["over another handle", "set k"],
] as const) {
  test.each(["hard", "soft"] as const)(
    `who joins after a cache ${whose} has ended a tag that was chosen late (%s), as ${call} is answered, loads anew`,
    async (mode) => {
      const clock = fakeClock()
      const { handle, hold } = doors()
      const cache = new CacheWrapper({ adapter: handle() })
      const other = new CacheWrapper({ adapter: whose.includes("same") ? cache.adapter : handle() })
      await cache.set("tagged", 1, { tags: ["late"] })
      await clock.advance(1)
      let loads = 0
      const load = async (context: LoadContext<number>) => {
        const value = ++loads
        await clock.after(20, undefined)
        context.tags = ["late"]
        return value
      }
      const open = hold(call)
      const first = cache.getOrSet("k", load)
      await clock.advance(30)
      const joined = cache.getOrSet("k", load)
      await clock.advance(1)
      expect(loads).toBe(1)
      await other.invalidateTags("late", { mode })
      const second = cache.getOrSet("k", load)
      await clock.advance(30)
      open()
      await clock.advance(30)
      expect(await Promise.all([first, joined, second])).toEqual([1, 1, 2])
      expect(await cache.get("k")).toBe(2)
    },
  )
}
