import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { expect, onTestFinished, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { type Bus, broadcastBus, memoryBus, tiered } from "../../src/tiers.ts"
import { custom, type Shelf } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"

/** Two caches over one storage, each with a near tier of its own. */
function pair(bus: () => Bus): readonly [CacheWrapper, CacheWrapper] {
  const shelf: Shelf = new Map()
  const open = () =>
    new CacheWrapper({ adapter: tiered({ near: memory(), far: custom("text", "async", shelf), bus: bus() }) })
  return [open(), open()]
}

/** Waits until `is` answers true. */
async function soon(is: () => Promise<boolean>): Promise<void> {
  await expect.poll(is, { timeout: 1000, interval: 5 }).toBe(true)
}

test.each([
  ["one memoryBus", () => [memoryBus()]],
  ["one broadcastBus", () => [broadcastBus(`test ${Math.random()}`)]],
  ["two broadcastBuses of one name", () => ["a", "b"].map(() => broadcastBus("test of two"))],
])("%s: a set, a delete, a clear and invalidations are seen by the other near tier", async (_, make) => {
  const buses = make()
  let made = 0
  const [one, two] = pair(() => buses[made++ % buses.length] ?? memoryBus())
  await one.set("k", 1, { tags: ["t"] })
  expect(await two.get("k")).toBe(1)
  await one.set("k", 2, { tags: ["t"] })
  await soon(async () => (await two.get("k")) === 2)
  await one.invalidateTags("t")
  await soon(async () => (await two.get("k")) === undefined)
  await one.set("k", 3)
  await soon(async () => (await two.get("k")) === 3)
  await one.delete("k")
  await soon(async () => (await two.get("k")) === undefined)
  await one.set("k", 4)
  await soon(async () => (await two.get("k")) === 4)
  await one.invalidate()
  await soon(async () => (await two.get("k")) === undefined)
  await one.set("k", 5)
  await soon(async () => (await two.get("k")) === 5)
  await one.clear()
  await soon(async () => (await two.get("k")) === undefined)
  for (const bus of buses) bus.close?.()
})

test("with a bus that loses nothing near copies do not age", async () => {
  fakeClock()
  const bus = memoryBus()
  const near = memory()
  const far = custom("text", "sync")
  const lives: number[] = []
  const spied = {
    ...near,
    set(key: string, record: unknown, ttl: number) {
      lives.push(ttl)
      near.set(key, record, ttl)
    },
  }
  await tiered({ near: spied, far, bus }).set("k", 1, 60_000)
  await tiered({ near: spied, far }).set("k", 1, 60_000)
  await tiered({ near: spied, far, bus: { ...bus, lossy: true } }).set("k", 1, 60_000)
  expect(lives).toEqual([60_000, 5000, 5000])
})

test.each(["delete", "expire"] as const)(
  "what the storage has evicted %s ends in the other near tier",
  async (verb) => {
    const shelf: Shelf = new Map()
    const bus = memoryBus()
    const open = () =>
      new CacheWrapper({
        adapter: tiered({ near: memory(), far: custom("text", "async", shelf), bus }),
        grace: "1h",
      })
    const [one, two] = [open(), open()]
    await two.set("k", 1)
    for (const key of shelf.keys()) if (!key.startsWith("#")) shelf.delete(key)
    expect(await two.get("k")).toBe(1)
    await one[verb]("k")
    expect(await two.get("k")).toBeUndefined()
  },
)

test("messages contain keys, never values; a tier's own and foreign ones are ignored", async () => {
  const bus = memoryBus()
  const sent: unknown[] = []
  bus.subscribe((message) => sent.push(message))
  const tiers = tiered({ near: memory(), far: custom("text", "async"), bus })
  await tiers.set("k", "secret", 60_000)
  const message = { isocache: 1, origin: expect.any(String), keys: ["k"], prefixes: [] }
  expect(sent).toEqual([{ ...message, begins: true }, message])
  expect(tiers.peek?.("k")).toBe("secret")
  const hostile = {
    get isocache(): number {
      throw new Error("boo")
    },
  }
  const strange: unknown[] = [
    null,
    1,
    "k",
    [],
    {},
    hostile,
    { isocache: 2, origin: "x", keys: ["k"], prefixes: [] },
  ]
  strange.push(
    { isocache: 1, origin: "x", keys: "k", prefixes: [] },
    { isocache: 1, origin: "x", keys: [1], prefixes: [""] },
  )
  for (const message of strange) bus.publish(message as Parameters<Bus["publish"]>[0]) // anybody may speak
  expect(tiers.peek?.("k")).toBe("secret")
  bus.publish({ isocache: 1, origin: "x", keys: ["k"], prefixes: [] })
  expect(tiers.peek?.("k")).toBeUndefined()
})

test("a message outdates a pending read", async () => {
  const bus = memoryBus()
  const base = custom("text", "async")
  await tiered({ near: memory(), far: base }).set("k", "old", 60_000)
  const tiers = tiered({ near: memory(), far: base, bus })
  const read = tiers.get("k")
  bus.publish({ isocache: 1, origin: "x", keys: [], prefixes: [""] })
  expect(await read).toBe("old")
  expect(tiers.peek?.("k")).toBeUndefined()
})

test("a closed broadcast bus neither receives nor sends, nor opens its channel again", async () => {
  const name = `test of the end ${Math.random()}`
  const [ended, other] = [broadcastBus(name), broadcastBus(name)]
  const heard: string[] = []
  const from = (origin: string) => ({ isocache: 1, origin, keys: ["k"], prefixes: [] }) as const
  other.subscribe(({ origin }) => heard.push(`other hears ${origin}`))
  ended.subscribe(() => heard.push("ended hears"))
  ended.close?.()
  ended.publish(from("ended"))
  ended.subscribe(() => heard.push("ended hears"))
  broadcastBus(name).publish(from("third"))
  await expect.poll(() => heard, { timeout: 1000, interval: 5 }).toContain("other hears third")
  expect(heard).toEqual(["other hears third"])
  other.close?.()
})

test("on a server a broadcast bus that only speaks leaves no channel open, one that listens keeps its own", () => {
  let open = 0
  class Channel {
    constructor() {
      open++
    }
    close() {
      open--
    }
    postMessage() {}
    addEventListener() {}
  }
  vi.stubGlobal("BroadcastChannel", Channel)
  onTestFinished(() => void vi.unstubAllGlobals())
  const bus = broadcastBus("speaks")
  const message = { isocache: 1, origin: "x", keys: ["k"], prefixes: [] } as const
  const openAfter = (act: () => unknown) => {
    act()
    return open
  }
  expect(openAfter(() => bus.publish(message))).toBe(0)
  const stop = bus.subscribe(() => {})
  expect(openAfter(() => bus.publish(message))).toBe(1)
  expect(openAfter(stop)).toBe(0)
  // As a tier does that is closed while a write is under way.
  expect(openAfter(() => bus.publish(message))).toBe(0)
})

test("pages from files may not hear each other: their bus loses messages", () => {
  vi.stubGlobal("document", { createElement() {} })
  vi.stubGlobal("process", undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const isLossy = ["https://shop.example", "null"].map((origin) => {
    vi.stubGlobal("origin", origin)
    return broadcastBus("files").lossy
  })
  expect(isLossy).toEqual([false, true])
})

test("after its end a memory bus lets nobody hear anybody", () => {
  const bus = memoryBus()
  const heard: string[] = []
  bus.subscribe(() => heard.push("one"))
  bus.close?.()
  const stop = bus.subscribe(() => heard.push("other"))
  bus.publish({ isocache: 1, origin: "x", keys: ["k"], prefixes: [] })
  stop()
  expect(heard).toEqual([])
})

test("a bus that throws harms nobody", async () => {
  const down = (): never => {
    throw new Error("down")
  }
  const tiers = tiered({ near: memory(), far: memory(), bus: { publish: down, subscribe: down } })
  await tiers.set("k", 1, 60_000)
  await Promise.resolve()
  expect(await tiers.get("k")).toBe(1)
})

// Listens on a broadcast bus, hears another one of the same thread, and has nothing else to do.
const listening = (broadcast: string): string => `
import { broadcastBus } from ${JSON.stringify(broadcast)}
let hasHeard = false
broadcastBus("listen").subscribe(({ keys }) => {
  hasHeard = true
  console.log("heard", keys.join())
})
broadcastBus("listen").publish({ isocache: 1, origin: "other", keys: ["k"], prefixes: [] })
// It must live until the message has come; then it is to end by itself.
const wait = (left) => {
  if (!hasHeard && left > 0) setTimeout(wait, 20, left - 1)
}
wait(100)
`

const root = join(import.meta.dirname, "../..")
const runtimes = join(root, "tools/runtimes/node_modules")
test.for([
  ["node", process.execPath, []],
  ["deno", join(runtimes, "deno/deno"), ["run", "--no-prompt"]],
  ["bun", join(runtimes, "bun/bin/bun.exe"), ["run"]],
] as const)(
  "%s: a broadcast bus that listens keeps no process alive",
  { timeout: 30_000 },
  ([, program, args], { skip }) => {
    skip(!existsSync(program), "not installed: npm test installs it")
    const folder = mkdtempSync(join(tmpdir(), "isocache-bus-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const script = join(folder, "listen.mjs")
    writeFileSync(script, listening(pathToFileURL(join(root, "src/base/broadcast.ts")).href))
    const out = execFileSync(program, [...args, script], { timeout: 20_000, cwd: root, encoding: "utf8" })
    expect(out).toContain("heard k")
  },
)
