import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { telling } from "../../src/store/telling.ts"
import { type BusMessage, memoryBus, tiered } from "../../src/tiers.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { gate } from "../support/setup.ts"

/** A reader with copies that never age, and a writer whose writes reach the storage when the gate lets them; their answer is lost. */
async function setup(near: boolean) {
  const clock = fakeClock()
  const shelf: Shelf = new Map()
  const bus = memoryBus()
  const sent: BusMessage[] = []
  bus.subscribe((message) => sent.push(message))
  const base = custom("text", "async", shelf)
  const { promise, pass } = gate<void>()
  const dying = <A extends unknown[]>(work: (...own: A) => unknown) =>
    (async (...own: A) => {
      await promise
      await work(...own)
      return new Promise(() => {})
    }) as never
  const reader = new CacheWrapper({ adapter: tiered({ near: memory(), far: base, bus }), ttl: "1d" })
  await reader.set("k", "old", { tags: ["t"] })
  const far: Adapter = {
    ...base,
    bus,
    set: dying(base.set),
    delete: dying(base.delete),
    clear: dying(base.clear),
  }
  const writer = new CacheWrapper({ adapter: far, near, ttl: "1d" })
  await writer.get("k")
  return { clock, reader, writer, pass, sent }
}

const writes: Record<string, (writer: CacheWrapper) => Promise<unknown>> = {
  set: (writer) => writer.set("k", "new", { tags: ["t"] }),
  delete: (writer) => writer.delete("k"),
  invalidateTags: (writer) => writer.invalidateTags("t"),
  invalidate: (writer) => writer.invalidate(),
  clear: (writer) => writer.clear(),
}

describe.each([true, false])(
  "a writer that dies before he tells of his write, with a near tier: %s",
  (near) => {
    test.each(Object.entries(writes))("leaves nobody with what was before: %s", async (verb, write) => {
      const { clock, reader, writer, pass } = await setup(near)
      expect(await reader.get("k")).toBe("old")
      write(writer).catch(() => {})
      await clock.advance(10)
      expect(await reader.get("k")).toBe("old")
      pass()
      await clock.advance(10)
      const now = verb === "set" ? "new" : undefined
      expect(await reader.get("k")).toBe(now)
      await clock.advance(60_000)
      expect(await reader.get("k")).toBe(now)
      await reader.set("k", "newer")
      expect(reader.peek("k")).toBe("newer")
    })
  },
)

test("a writer that awaits its writes announces their end, and copies are kept again at once", async () => {
  fakeClock()
  const shelf: Shelf = new Map()
  const bus = memoryBus()
  const open = () =>
    new CacheWrapper({ adapter: tiered({ near: memory(), far: custom("text", "async", shelf), bus }) })
  const [reader, writer] = [open(), open()]
  await reader.set("k", 1)
  await Promise.all([writer.set("k", 2), writer.set("k", 3), writer.touch("k")])
  expect(await reader.get("k")).toBe(3)
  expect(reader.peek("k")).toBe(3)
})

describe("of overlapping writes of one key, the end of each is announced", () => {
  const turn = () => new Promise((resolve) => setTimeout(resolve))
  const writesOf: Record<string, (tiers: Adapter, number: number) => unknown> = {
    set: (tiers, number) => tiers.set("k", number, 1000),
    clear: (tiers) => tiers.clear("k"),
  }
  const writers: Record<string, (far: Adapter) => Adapter> = {
    "tiers by their bus": (far) => tiered({ near: memory(), far, ...(far.bus && { bus: far.bus }) }),
    "a storage by its own": (far) => telling(far, () => {}),
  }

  describe.each(Object.entries(writers))("%s", (_, over) => {
    test.each(Object.entries(writesOf))("%s", async (__, write) => {
      const base = custom("object", "async")
      const bus = memoryBus()
      const waiting: (() => void)[] = []
      const held = <A extends unknown[]>(work: (...own: A) => unknown) =>
        ((...own: A) =>
          new Promise<void>((done) => waiting.push(() => done(work(...own) as undefined)))) as never
      const writer = over({ ...base, set: held(base.set), clear: held(base.clear), bus })
      const reader = tiered({ near: memory(), far: base, bus })
      const elsewhere = tiered({ near: memory(), far: base })
      const isKept = async () => {
        await elsewhere.set("k", "v", 1000)
        await reader.get("k")
        return reader.peek?.("k") !== undefined
      }
      expect(await isKept()).toBe(true)
      for (const begunApart of [true, false]) {
        const writes = [1, 2].map(async (number) => {
          if (begunApart && number === 2) await turn()
          await write(writer, number)
        })
        await turn()
        await turn()
        if (begunApart) for (const end of waiting.splice(0)) end()
        else waiting.shift()?.()
        await turn()
        // Together they have ended in one turn; apart the second one is under way still.
        expect(await isKept()).toBe(begunApart)
        for (const end of waiting.splice(0)) end()
        await Promise.all(writes)
        await turn()
        expect(await isKept()).toBe(true)
      }
    })
  })
})

test("on a bus that may lose messages only the end is announced", async () => {
  const sent: BusMessage[] = []
  const bus = { ...memoryBus(), lossy: true, publish: (message: BusMessage) => void sent.push(message) }
  await tiered({ near: memory(), far: custom("text", "async"), bus }).set("k", 1, 1000)
  expect(sent.map(({ begins }) => begins)).toEqual([undefined])
})
