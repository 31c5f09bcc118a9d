import fc from "fast-check"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type Adapter, CacheWrapper } from "../../src/core.ts"
import { delegate } from "../../src/proxies.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"

/** A memory that tells what is asked of it. */
function listening(): { readonly adapter: Adapter; readonly asked: string[] } {
  const base = memory()
  const asked: string[] = []
  const { tokenChanges } = base
  const get = (key: string) => {
    asked.push(key)
    return base.get(key)
  }
  return { adapter: delegate(base, { get, ...(tokenChanges && { tokenChanges }) }), asked }
}

test("a hit on an entry with tags asks for no version while none has changed", async () => {
  const { adapter, asked } = listening()
  const cache = new CacheWrapper({ adapter })
  await cache.set("k", { n: 1 }, { tags: ["t", "u"] })
  await cache.set("plain", 1)
  await cache.get("k")
  await cache.get("plain")
  await cache.get("k")
  asked.length = 0
  for (let i = 0; i < 3; i++) {
    expect(await cache.get("k")).toEqual({ n: 1 })
    expect(await cache.getOrSet("k", () => 0)).toEqual({ n: 1 })
    expect(await cache.has("k")).toBe(true)
    expect(await cache.get("plain")).toBe(1)
  }
  expect(new Set(asked)).toEqual(new Set(["k", "plain"]))
})

const tag = fc.constantFrom("t", "u")
const key = fc.constantFrom("a", "b")
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ verb: fc.constantFrom("get" as const, "has", "getOrSet"), key }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant("set" as const), key, tags: fc.uniqueArray(tag) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constantFrom("delete" as const, "expire", "touch"), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant("end" as const),
      tag: fc.option(tag),
      mode: fc.constantFrom("hard" as const, "soft"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant("wait" as const), ms: fc.constantFrom(1, 600, 2000) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never

test("whatever is ended by whom, hits that read no version agree with those that do", async () => {
  const clock = fakeClock()
  /** What `reader` says, step by step, while both write. */
  const play = async (adapter: Adapter, program: readonly (readonly [Step, boolean])[]) => {
    const options = { adapter, ttl: 1000, grace: 1000 }
    const caches = [new CacheWrapper(options).region("r"), new CacheWrapper(options).region("r")] as const
    const said: unknown[] = []
    let value = 0
    for (const [one, isOther] of program) {
      const cache = caches[isOther ? 1 : 0]
      if (one.verb === "wait") await clock.advance(one.ms)
      else if (one.verb === "set") await cache.set(one.key, { value: value++ }, { tags: one.tags })
      else if (one.verb === "getOrSet") said.push(await cache.getOrSet(one.key, () => `new ${value++}`))
      else if (one.verb !== "end") said.push(await cache[one.verb](one.key))
      else if (one.tag === null) await cache.invalidate({ mode: one.mode })
      else await cache.invalidateTags(one.tag, { mode: one.mode })
    }
    return said
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 40 }), async (program) => {
      const slow = await play(custom("object"), program)
      expect(await play(memory(), program)).toEqual(slow)
    }),
    { numRuns: 500 },
  )
})

test.each(["hard", "soft"] as const)(
  "what another process ended %s by its tag is seen after maxAge, though hits go on all the time",
  async (mode) => {
    const clock = fakeClock()
    const shelf: Shelf = new Map()
    const open = () => new CacheWrapper({ adapter: custom("text", "async", shelf), near: { maxAge: "1s" } })
    const [mine, theirs] = [open(), open()]
    await mine.set("k", 1, { tags: ["t"], ttl: "1h" })
    for (let i = 0; i < 7; i++) {
      expect(await mine.get("k")).toBe(1)
      await clock.advance(100)
    }
    await theirs.invalidateTags("t", { mode })
    for (let i = 0; i < 10; i++) {
      await mine.get("k")
      await clock.advance(100)
    }
    expect(await mine.get("k")).toBeUndefined()
  },
)

test("a storage that fails to count its changes is asked for the versions themselves", async () => {
  const base = memory()
  let left = Infinity
  const tokenChanges = (time?: number) => {
    if (--left === 0) throw new Error("looked at")
    return base.tokenChanges?.(time) ?? 0
  }
  const cache = new CacheWrapper({ adapter: delegate(base, { tokenChanges }) })
  const reads = [
    () => cache.get("k"),
    () => cache.getOrSet("k", () => 2),
    async () => (await cache.getMany(["k"]))[0],
  ]
  for (const read of reads) {
    for (let step = 1; step < 6; step++) {
      for (const isWarm of [false, true]) {
        await cache.set("k", 1, { tags: step % 2 ? [] : ["t"] })
        if (isWarm) for (let i = 0; i < 3; i++) await cache.get("k")
        left = step
        expect(await read()).toBe(1)
        left = Infinity
      }
    }
  }
})
