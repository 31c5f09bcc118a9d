import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { chaos, type Faults, logLine, trace } from "../../src/testing.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"

const hour = 3_600_000

/** What 100 sets and gets come to. */
async function weather(faults: Faults): Promise<string> {
  const adapter = chaos(custom("text", "async"), faults)
  let seen = ""
  for (let at = 0; at < 100; at++) {
    await Promise.resolve(adapter.set(`k${at}`, `record ${at}`, hour)).catch(() => (seen += "!"))
    const got = await Promise.resolve(adapter.get(`k${at}`)).catch(() => "failed")
    seen += got === undefined ? "-" : got === `record ${at}` ? "." : got === "failed" ? "x" : "?"
  }
  return seen
}

test("the same seed causes the same faults, another seed causes others", async () => {
  const faults = { fail: 0.2, lose: 0.2, corrupt: 0.2 }
  const first = await weather({ seed: 7, ...faults })
  expect(await weather({ seed: 7, ...faults })).toBe(first)
  expect(await weather({ seed: 8, ...faults })).not.toBe(first)
  for (const mark of ["!", "-", ".", "x", "?"]) expect(first).toContain(mark)
})

test("without faults it is synchronous where the adapter is", () => {
  const adapter = chaos(memory())
  expect(adapter.set("k", 1, hour)).toBeUndefined()
  expect(adapter.get("k")).toBe(1)
  expect(adapter.getMany?.(["k", "l"])).toEqual([1, undefined])
})

test("faults may change while it runs, and each does what it says", async () => {
  const clock = fakeClock()
  const inner = custom("text", "sync")
  const faults: Faults = {}
  const adapter = chaos(inner, faults)
  await adapter.set("k", "record", 10 * hour)
  faults.fail = 1
  await expect(adapter.set("k", "new", hour)).rejects.toThrow("Chaos")
  expect(inner.get("k")).toBe("record")
  Object.assign(faults, { fail: 0, latency: 50 })
  const slow = adapter.get("k")
  let hasCome = false
  void Promise.resolve(slow).then(() => (hasCome = true))
  await clock.advance(49)
  expect(hasCome).toBe(false)
  await clock.advance(1)
  expect(await slow).toBe("record")
  Object.assign(faults, { latency: 0, hang: 1 })
  let hasSettled = false
  void Promise.resolve(adapter.get("k")).finally(() => (hasSettled = true))
  await clock.advance(hour)
  expect(hasSettled).toBe(false)
  Object.assign(faults, { hang: 0, corrupt: 1 })
  for (let at = 0; at < 20; at++) {
    expect(await adapter.get("k")).not.toBe("record")
    expect(inner.get("k")).toBe("record")
  }
  Object.assign(faults, { corrupt: 0, lose: 1 })
  expect(await adapter.get("k")).toBeUndefined()
  expect(inner.get("k")).toBeUndefined()
  await inner.set("k", "old", 10 * hour)
  await adapter.set("k", "new", 10 * hour)
  expect(inner.get("k")).toBeUndefined() // Lost, and nothing older comes back.
  Object.assign(faults, { lose: 0, duplicate: 1 })
  await inner.set("k", "v", 10 * hour)
  expect(await adapter.delete("k")).toBe(true) // What the first one answered.
})

test("what is added may be lost like what is set; a record that an add found stays", async () => {
  const inner = memory()
  const adapter = chaos(inner, { lose: 1 })
  expect(await adapter.add?.("#h", "token", hour)).toBe(true)
  expect(inner.get("#h")).toBeUndefined()
  inner.set("#h", "theirs", hour)
  expect(await adapter.add?.("#h", "mine", hour)).toBe(false)
  expect(inner.get("#h")).toBe("theirs")
})

test("a cache over chaos never rejects a read, and never serves what was deleted", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const faults: Faults = { seed }
    const cache = new CacheWrapper({ adapter: chaos(memory(), faults), storeTimeout: 5, leaseTtl: 20 })
    for (let at = 0; at < 20; at++) {
      Object.assign(faults, { fail: 0.2, lose: 0.1, corrupt: 0.1, duplicate: 0.2 })
      const value = `${seed} ${at}`
      const loaded = await cache.getOrSet("k", () => value)
      expect(String(loaded)).toMatch(new RegExp(`^${seed} `))
      await cache.get("k", { stale: true })
      Object.assign(faults, { fail: 0, lose: 0, corrupt: 0 })
      await cache.delete("k")
      expect(await cache.get("k")).toBeUndefined()
    }
  }
})

test("trace records events until it is stopped", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const { events, off } = trace(cache)
  await cache.getOrSet("k", () => 1)
  await cache.get("k")
  expect(events.map(({ type }) => type)).toEqual(["miss", "load", "loaded", "set", "hit"])
  off()
  await cache.get("k")
  expect(events.length).toBe(5)
})

test("a log line tells a shortened key and never a value or what somebody's error says", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const { events } = trace(cache)
  const key = `user:${"x".repeat(200)}\n`
  await cache.region("users").set(key, "secret value")
  const failure = Object.assign(new TypeError("secret message"), { code: "E_MINE" })
  await expect(cache.getOrSet(key, () => Promise.reject(failure))).rejects.toBe(failure)
  const lines = events.map(logLine)
  for (const line of lines) {
    expect(line).not.toMatch(/secret|\n/)
    expect(line.length).toBeLessThan(300)
  }
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    event: "set",
    region: "users",
    key: expect.stringMatching(/^user:x+…$/),
  })
  expect(lines.map((line) => JSON.parse(line)).find(({ event }) => event === "failed")).toMatchObject({
    error: { name: "TypeError", code: "E_MINE" },
  })
})
