import fc from "fast-check"
import { afterEach, expect, test, vi } from "vitest"
import { type MemoryOptions, memory } from "../../adapters/memory.ts"

afterEach(() => {
  vi.useRealTimers()
})

/** A policy written for reading only: arrays of keys, the oldest first. */
interface Model {
  get(key: string): boolean
  set(key: string): void
  delete(key: string): boolean
  keys(): string[]
}

function without(keys: string[], key: string): boolean {
  const at = keys.indexOf(key)
  if (at >= 0) keys.splice(at, 1)
  return at >= 0
}

function naiveLru(max: number): Model {
  const keys: string[] = []
  const get = (key: string): boolean => without(keys, key) && keys.push(key) > 0
  return {
    get,
    set(key) {
      if (get(key)) return
      if (keys.length === max) keys.shift()
      keys.push(key)
    },
    delete: (key) => without(keys, key),
    keys: () => keys,
  }
}

function naiveS3Fifo(max: number): Model {
  const small: string[] = []
  const main: string[] = []
  const ghosts: string[] = []
  const uses = new Map<string, number>()
  const room = Math.max(1, Math.floor(max / 10))
  const memorable = Math.max(1, Math.floor(max * 0.9))
  const has = (key: string): boolean => small.includes(key) || main.includes(key)
  const usesOf = (key: string): number => uses.get(key) ?? 0

  function evict(): void {
    if (small.length === 0 || main.length > max - room) {
      for (;;) {
        const key = String(main.shift())
        if (usesOf(key) === 0) return
        uses.set(key, usesOf(key) - 1)
        main.push(key)
      }
    }
    for (let key = small.shift(); key !== undefined; key = small.shift()) {
      if (usesOf(key) < 2) {
        if (ghosts.length === memorable) ghosts.shift()
        ghosts.push(key)
        return
      }
      uses.set(key, 0)
      main.push(key)
    }
  }

  return {
    get(key) {
      if (has(key)) uses.set(key, Math.min(3, usesOf(key) + 1))
      return has(key)
    },
    set(key) {
      if (has(key)) return
      const queue = without(ghosts, key) ? main : small
      while (small.length + main.length >= max) evict()
      uses.set(key, 0)
      queue.push(key)
    },
    delete: (key) => without(small, key) || without(main, key),
    keys: () => [...small, ...main],
  }
}

const models = { lru: naiveLru, "s3-fifo": naiveS3Fifo }

/** Keys of which few come often, as in life. */
const someKey = fc.oneof({ weight: 2, arbitrary: fc.nat(8) }, fc.nat(60)).map((n) => `key ${n}`)
const steps = fc.array(
  fc.record({
    verb: fc.constantFrom("get", "get", "get", "set", "load", "load", "delete"),
    key: someKey,
  }),
  { minLength: 20, maxLength: 600, size: "max" },
)

test.each(["lru", "s3-fifo"] as const)("%s keeps the very keys that a naive model of it keeps", (policy) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), steps, (max, program) => {
      const cache = memory({ maxEntries: max, policy })
      const model = models[policy](max)
      for (const { verb, key } of program) {
        if (verb === "delete") expect(cache.delete(key)).toBe(model.delete(key))
        else if (verb === "set") {
          cache.set(key, key, Infinity)
          model.set(key)
        } else {
          const hit = cache.get(key) !== undefined
          expect(hit).toBe(model.get(key))
          if (!hit && verb === "load") {
            cache.set(key, key, Infinity)
            model.set(key)
          }
        }
      }
      expect(cache.keys("").sort()).toEqual([...model.keys()].sort())
    }),
    { numRuns: 150 },
  )
})

test("a read key outlives a thousand that are read once, under S3-FIFO but not under LRU", () => {
  const kept = (policy: "lru" | "s3-fifo"): boolean => {
    const cache = memory({ maxEntries: 100, policy })
    cache.set("often", 1, Infinity)
    cache.get("often")
    cache.get("often")
    for (let i = 0; i < 1000; i++) cache.set(`scan ${i}`, i, Infinity)
    return cache.get("often") !== undefined
  }
  expect(kept("s3-fifo")).toBe(true)
  expect(kept("lru")).toBe(false)
})

const policies = fc.constantFrom<MemoryOptions["policy"]>("lru", "s3-fifo")

test("what was just set is there, and neither bound is ever exceeded", () => {
  const writes = fc.array(fc.tuple(someKey, fc.nat(300), fc.constantFrom("set", "get", "delete")), {
    maxLength: 200,
    size: "max",
  })
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 200, max: 3000 }),
      writes,
      (...given) => {
        const [policy, maxEntries, maxBytes, program] = given
        const cache = memory({ policy, maxEntries, maxBytes })
        const sizeOfEntry = (key: string, length: number): number => 96 + 16 + key.length + 16 + length
        for (const [key, length, verb] of program) {
          if (verb === "get") cache.get(key)
          else if (verb === "delete") cache.delete(key)
          else {
            cache.set(key, "x".repeat(length), Infinity)
            const fits = sizeOfEntry(key, length) <= maxBytes
            expect(cache.get(key)).toBe(fits ? "x".repeat(length) : undefined)
          }
          const keys = cache.keys("")
          const bytes = keys.map((each) => sizeOfEntry(each, String(cache.get(each)).length))
          expect(keys.length).toBeLessThanOrEqual(maxEntries)
          expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(maxBytes)
        }
      },
    ),
  )
})

test("a byte bound alone bounds; what it has room for stays", () => {
  const cache = memory({ maxEntries: Infinity, maxBytes: 100_000 })
  for (let i = 0; i < 1000; i++) cache.set(`${i}`, "x".repeat(872), Infinity)
  // 96 + 16 + 3 for the key + 16 + 872 = 1003
  expect(cache.keys("")).toHaveLength(99)
})

test("a record larger than all bytes is not kept, pushes nothing out, and removes the old one", () => {
  const cache = memory({ maxBytes: 2000 })
  cache.set("other", 1, Infinity)
  cache.set("k", "small", Infinity)
  cache.set("k", "x".repeat(2000), Infinity)
  expect(cache.get("k")).toBeUndefined()
  expect(cache.keys("")).toEqual(["other"])
})

test("sizes follow what a record holds: text, numbers, buffers, maps, cycles", () => {
  const cycle: unknown[] = ["x".repeat(1000)]
  cycle.push(cycle, cycle)
  const kilobytes: [unknown, number][] = [
    ["x".repeat(1000), 1000],
    ["é".repeat(1000), 1000],
    ["€".repeat(1000), 2000],
    [new Uint8Array(1000), 1000],
    [new Float64Array(125), 1000],
    [Array.from({ length: 100 }, (_, i) => i + 0.5), 1600],
    [{ value: { deep: ["x".repeat(1000)] } }, 1000],
    [new Map([["k", "x".repeat(1000)]]), 1000],
    [new Set(["x".repeat(1000)]), 1000],
    [cycle, 1000],
    [10n ** 2400n, 1000],
    [new Error("x".repeat(1000)), 2000],
  ]
  for (const [record, size] of kilobytes) {
    const isKept = (maxBytes: number): boolean => {
      const cache = memory({ maxBytes })
      cache.set("k", record, Infinity)
      return cache.get("k") !== undefined
    }
    expect(isKept(size * 0.99)).toBe(false)
    // The estimate adds slots and headers: 500 bytes at most here, and the stack of the error.
    expect(isKept(size + 2000)).toBe(true)
  }
})

test("the dead leave before the living, in a cache of any policy", () => {
  vi.useFakeTimers({ now: 0 })
  for (const policy of ["lru", "s3-fifo"] as const) {
    const cache = memory({ maxEntries: 60, policy })
    const alive = Array.from({ length: 30 }, (_, i) => `alive ${i}`)
    for (const key of alive) cache.set(key, 1, Infinity)
    for (let i = 0; i < 30; i++) cache.set(`dead ${i}`, 1, 10)
    vi.advanceTimersByTime(10)
    for (let i = 0; i < 30; i++) cache.set(`new ${i}`, 1, Infinity)
    for (const key of alive) expect(cache.get(key), `${key}, ${policy}`).toBe(1)
  }
})

test("the dead leave as writes come by, even where there is room", () => {
  vi.useFakeTimers({ now: 0 })
  const cache = memory({ maxEntries: Infinity })
  const gone = new Set<unknown>()
  for (let i = 0; i < 1000; i++) cache.set(`${i}`, i, 10)
  vi.advanceTimersByTime(10)
  for (let i = 0; i < 200; i++) cache.set("same", i, Infinity)
  // `get` shows what is really held: it does not judge.
  for (let i = 0; i < 1000; i++) gone.add(cache.get(`${i}`))
  expect([...gone]).toEqual([undefined])
})

test("no dead record stays for long, however lives were renewed before", () => {
  vi.useFakeTimers({ now: 0 })
  const writes = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.nat(2)), {
    minLength: 100,
    maxLength: 300,
    size: "max",
  })
  fc.assert(
    fc.property(writes, (program) => {
      const cache = memory({ maxEntries: Infinity })
      for (const [key, ttl, wait] of program) {
        cache.set(`${key}`, key, ttl)
        vi.advanceTimersByTime(wait)
      }
      vi.advanceTimersByTime(20)
      for (let i = 0; i < 30; i++) cache.set("same", i, Infinity)
      for (const [key] of program) expect(cache.get(`${key}`)).toBeUndefined()
    }),
    { numRuns: 50 },
  )
})

test("lives renewed and shortened at random end when they should", () => {
  vi.useFakeTimers({ now: 0 })
  const writes = fc.array(fc.tuple(fc.nat(30), fc.constantFrom(0, 1, 5, 20, Infinity), fc.nat(3)), {
    maxLength: 300,
    size: "max",
  })
  fc.assert(
    fc.property(writes, (program) => {
      const cache = memory({ maxEntries: 1000 })
      const untils = new Map<string, number>()
      for (const [key, ttl, wait] of program) {
        cache.set(`${key}`, key, ttl)
        untils.set(`${key}`, Date.now() + ttl)
        vi.advanceTimersByTime(wait)
        const alive = [...untils].filter(([, until]) => until > Date.now()).map(([each]) => each)
        expect(cache.keys("").sort()).toEqual(alive.sort())
      }
    }),
    { numRuns: 50 },
  )
})

test("a million keys through a small cache leave it as large as it was", () => {
  for (const policy of ["lru", "s3-fifo"] as const) {
    const cache = memory({ maxEntries: 1000, policy })
    let evicted = 0
    cache.observe(() => evicted++)
    for (let i = 0; i < 500_000; i++) cache.set(`key ${i}`, i, i % 3 === 0 ? 1 : Infinity)
    expect(cache.keys("").length).toBeLessThanOrEqual(1000)
    expect(evicted).toBeGreaterThan(300_000)
    for (let i = 0; i < 500_000; i++) cache.delete(`key ${i}`)
    expect(cache.keys("")).toEqual([])
    for (let i = 0; i < 2000; i++) cache.set(`again ${i}`, i, Infinity)
    expect(cache.keys("")).toHaveLength(1000)
  }
})
