import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { Fences } from "../../src/store/fences.ts"
import { Messages } from "../../src/store/messages.ts"
import { NearCopies } from "../../src/store/near-copies.ts"
import { Tokens } from "../../src/store/tokens.ts"
import { type BusMessage, memoryBus, tiered } from "../../src/tiers.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { held } from "../support/garbage.ts"

const hour = 3_600_000
const of = (message: Partial<BusMessage>): BusMessage => ({
  isocache: 1,
  origin: "x",
  keys: [],
  prefixes: [],
  ...message,
})

test("writes that others have begun and never end are dropped ten seconds later", async () => {
  const clock = fakeClock()
  const bus = memoryBus()
  const tickets: WeakRef<object>[] = []
  class Watched extends Fences {
    override begin(key: string, writes: boolean) {
      const ticket = super.begin(key, writes)
      tickets.push(new WeakRef(ticket))
      return ticket
    }
  }
  const fences = new Watched()
  const copies = new NearCopies(memory(), hour, undefined, () => {})
  const messages = new Messages(bus, { copies, tokens: new Tokens(hour), fences }, () => {})
  messages.listen()
  bus.publish(of({ keys: ["a", "b", "c"], begins: true }))
  expect(await held(tickets)).toBe(3)
  await clock.advance(10_000)
  messages.listen()
  fences.end(fences.begin("other", false))
  expect(await held(tickets)).toBe(0)
})

test("a message of thousands of prefixes clears the near tier, which keeps nothing until their end is announced", async () => {
  fakeClock()
  const bus = memoryBus()
  const near = memory()
  let clears = 0
  const clear = (prefix: string) => {
    clears++
    return near.clear(prefix)
  }
  const tiers = tiered({ near: { ...near, clear }, far: custom("text", "async"), bus })
  await tiers.set("k", 1, hour)
  const prefixes = Array.from({ length: 5000 }, (_, at) => `p${at}`)
  bus.publish(of({ prefixes, begins: true }))
  expect(clears).toBe(1)
  await tiers.get("k")
  expect(tiers.peek?.("k")).toBeUndefined()
  bus.publish(of({ prefixes }))
  await tiers.get("k")
  expect(tiers.peek?.("k")).toBe(1)
})

test("hits of thousands of tags ask far for nothing", async () => {
  fakeClock()
  const base = custom("object", "async")
  let asked = 0
  const get = (key: string) => {
    asked++
    return base.get(key)
  }
  const cache = new CacheWrapper({ adapter: { ...base, get }, near: true, ttl: "1h" })
  const keys = Array.from({ length: 6000 }, (_, at) => `k${at}`)
  for (const key of keys) await cache.set(key, 1, { tags: [key] })
  for (const key of keys) await cache.get(key)
  asked = 0
  for (const key of keys) expect(await cache.get(key)).toBe(1)
  expect(asked).toBe(0)
})

test("a near tier remembers no more versions than it has room for, and a change is never missed for it", () => {
  const tokens = new Tokens(hour)
  const time = Date.now()
  for (let at = 0; at < 100_000; at++) tokens.set(`${at}`, "a", time)
  expect(tokens.get("0")).toBe("a")
  const before = tokens.changes()
  tokens.set("one more", "a", time)
  expect(tokens.get("0")).toBeUndefined()
  expect(tokens.get("one more")).toBe("a")
  expect(tokens.changes()).toBeGreaterThan(before)
})

test("versions that expire one after the other are dropped in few scans, none too late", () => {
  const tokens = new Tokens(1000)
  const start = Date.now()
  for (let i = 0; i < 1000; i++) tokens.set(`#h${i}`, "v", start + i)
  const counts = new Set<number>()
  for (let at = start + 1000; at < start + 2000; at++) {
    counts.add(tokens.changes(at))
    // Each that is over has been counted.
    expect(tokens.changes(at)).toBeGreaterThanOrEqual(1000 + at - start - 999)
  }
  expect(counts.size).toBeLessThan(20)
})
