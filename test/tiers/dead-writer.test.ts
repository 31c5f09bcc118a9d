import { describe, expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
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

test("who waits for his writes tells their end as well, and copies are kept again at once", async () => {
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

test("a bus that may lose messages is told the end alone", async () => {
  const sent: BusMessage[] = []
  const bus = { ...memoryBus(), lossy: true, publish: (message: BusMessage) => void sent.push(message) }
  await tiered({ near: memory(), far: custom("text", "async"), bus }).set("k", 1, 1000)
  expect(sent.map(({ begins }) => begins)).toEqual([undefined])
})
