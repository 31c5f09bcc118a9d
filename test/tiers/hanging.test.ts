import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Stored } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { Fences } from "../../src/store/fences.ts"
import { Tokens } from "../../src/store/tokens.ts"
import { memoryBus, tiered } from "../../src/tiers.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { held } from "../support/garbage.ts"
import { gate } from "../support/setup.ts"

const hour = 3_600_000
const never = () => new Promise<never>(() => {})

/** Writes of five keys that never end. */
function hang(fences: Fences): WeakRef<object>[] {
  return [1, 2, 3, 4, 5].map((at) => new WeakRef(fences.begin(`k${at}`, true)))
}

describe("what hangs in the far tier", () => {
  test("is remembered for ten seconds, and dropped by the next operation on any key", async () => {
    const clock = fakeClock()
    const fences = new Fences()
    const tickets = hang(fences)
    await clock.advance(9_999)
    fences.end(fences.begin("other", false))
    expect(await held(tickets)).toBe(5)
    await clock.advance(1)
    fences.end(fences.begin("other", false))
    expect(await held(tickets)).toBe(0)
  })

  test("is dropped even if its key is used without pause", async () => {
    const clock = fakeClock()
    const fences = new Fences()
    const tickets = [new WeakRef(fences.begin("k", true))]
    for (let seconds = 0; seconds < 20; seconds += 4) {
      fences.begin("k", false)
      await clock.advance(4000)
    }
    expect(await held(tickets)).toBe(0)
  })

  test("is dropped after the clock was moved back", async () => {
    const clock = fakeClock()
    const fences = new Fences()
    const tickets = hang(fences)
    clock.jump(clock.now() - 3_600_000)
    await clock.advance(10_000)
    fences.end(fences.begin("other", false))
    expect(await held(tickets)).toBe(0)
  })

  test("is dropped by close", async () => {
    fakeClock()
    const fences = new Fences()
    const tickets = hang(fences)
    fences.close()
    expect(await held(tickets)).toBe(0)
  })

  test("may be a version: its read is dropped as well", async () => {
    const clock = fakeClock()
    const tokens = new Tokens(5000)
    const ask = (key: string) => {
      const answer: Promise<Stored | undefined> = never()
      tokens.share(key, answer)
      return new WeakRef(answer)
    }
    const answers = ["a", "b", "c"].map(ask)
    expect(await held(answers)).toBe(3)
    await clock.advance(10_000)
    ask("d")
    expect(await held(answers)).toBe(0)
  })
})

describe("an answer of the far tier that nobody waits for any more", () => {
  /** Tiers of which the first read takes as long as the gate, and others over the same storage that they do not hear. */
  async function setup() {
    const clock = fakeClock()
    const base = custom("object", "async")
    const { promise, pass } = gate<void>()
    const held = new Set(["k"])
    const get = async (key: string) => {
      const record = await base.get(key)
      if (held.delete(key)) await promise
      return record
    }
    const other = tiered({ near: memory(), far: base })
    await other.set("k", "old", hour)
    const adapter = tiered({ near: memory(), far: { ...base, get }, bus: memoryBus() })
    return { clock, other, pass, adapter }
  }

  test("leaves no copy once the tiers were closed, because they are no longer notified of writes", async () => {
    const { adapter, other, pass } = await setup()
    const read = adapter.get("k")
    await adapter.close?.()
    await adapter.open?.()
    await other.set("k", "new", hour)
    pass()
    expect(await read).toBe("old")
    expect(await adapter.get("k")).toBe("new")
  })

  test("leaves no copy once it was dropped, because a write in between may have gone unnoticed", async () => {
    const { adapter, clock, pass } = await setup()
    const read = adapter.get("k")
    await clock.advance(10_000)
    await adapter.get("other")
    await adapter.set("k", "new", hour)
    pass()
    expect(await read).toBe("old")
    expect(await adapter.get("k")).toBe("new")
  })
})

test("a storage that comes back serves and keeps copies as before", async () => {
  const clock = fakeClock()
  const base = custom("object", "async")
  let isDown = false
  const far = { ...base, get: (key: string) => (isDown ? never() : base.get(key)) }
  const cache = new CacheWrapper({ adapter: far, near: true, storeTimeout: 100 })
  await cache.set("k", 1)
  await clock.advance(6000)
  isDown = true
  const lost = cache.get("k")
  await clock.advance(100)
  expect(await lost).toBeUndefined()
  isDown = false
  await clock.advance(20_000)
  expect(await cache.get("k")).toBe(1)
  expect(cache.peek("k")).toBe(1)
})
