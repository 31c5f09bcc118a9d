import { expect, onTestFinished, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter, Awaitable } from "../../src/adapter.ts"
import { CacheError, CacheWrapper } from "../../src/core.ts"
import { circuitBreaker, delegate, readOnly, retry, storeTimeout } from "../../src/proxies.ts"
import { chaos } from "../../src/testing.ts"
import { tiered } from "../../src/tiers.ts"
import { randomOf } from "../schedules/clock.ts"
import { custom } from "../support/adapters.ts"
import { fakeClock } from "../support/clock.ts"
import { unheard } from "../support/setup.ts"

const hour = 3_600_000
const proxies: Readonly<Record<string, (adapter: Adapter) => Adapter>> = {
  delegate: (adapter) => delegate(adapter),
  retry: (adapter) => retry(adapter),
  circuitBreaker: (adapter) => circuitBreaker(adapter),
  storeTimeout: (adapter) => storeTimeout(adapter),
  readOnly: (adapter) => readOnly(adapter),
  chaos: (adapter) => chaos(adapter),
}
const abilities = [
  "getMany",
  "setMany",
  "deleteMany",
  "add",
  "keys",
  "lock",
  "prune",
  "open",
  "close",
  "peek",
  "tokenChanges",
  "observe",
  "copy",
] as const

/** An adapter that fails as told, call by call. */
function failing(outcomes: readonly unknown[]): { readonly adapter: Adapter; readonly calls: string[] } {
  const base = custom("text", "async")
  const left = [...outcomes]
  const calls: string[] = []
  const next = <T>(name: string, work: () => T): T | Promise<never> => {
    calls.push(name)
    const outcome = left.shift()
    return outcome === undefined ? work() : Promise.reject(outcome)
  }
  return {
    calls,
    adapter: {
      ...base,
      get: (key) => next("get", () => base.get(key)),
      set: (key, record, ttl) => next("set", () => base.set(key, record, ttl)),
      add: () => next("add", () => true),
      lock: () => next("lock", () => undefined),
    },
  }
}

const down = (): Error => new Error("down")

test.each(Object.entries(proxies))(
  "%s has exactly the abilities of what it wraps, in any order",
  (_, wrap) => {
    const all: Adapter = { ...memory(), lock: () => undefined, open() {}, close() {}, peek: () => undefined }
    for (const ability of abilities) {
      const { [ability]: _, ...rest } = all
      for (const second of Object.values(proxies)) {
        const wrapped = wrap(second(rest))
        for (const name of abilities) expect(wrapped[name] !== undefined, name).toBe(name !== ability)
        expect([wrapped.name, wrapped.medium]).toEqual(["memory", "object"])
      }
    }
  },
)

test.each(Object.entries(proxies))(
  "%s calls methods as methods: an adapter may be an instance of a class",
  async (_, wrap) => {
    class Mine {
      readonly name = "mine"
      readonly medium = "text"
      readonly kept = new Map<string, unknown>([["k", "v"]])
      get(key: string): unknown {
        return this.kept.get(key)
      }
      set(key: string, record: unknown): void {
        this.kept.set(key, record)
      }
      delete(key: string): boolean {
        return this.kept.delete(key)
      }
      clear(): void {
        this.kept.clear()
      }
      getMany(keys: readonly string[]): unknown[] {
        return keys.map((key) => this.get(key))
      }
    }
    const wrapped = wrap(new Mine())
    expect(await wrapped.get("k")).toBe("v")
    expect(await wrapped.getMany?.(["k", "l"])).toEqual(["v", undefined])
  },
)

test.each(Object.entries(proxies))("%s over nothing is refused", (_, wrap) => {
  for (const nothing of [
    undefined,
    null,
    {},
    "memory",
    { ...memory(), get: undefined },
    { ...memory(), medium: "stone" },
  ]) {
    // The types refuse it too.
    expect(() => wrap(nothing as unknown as Adapter)).toThrow(
      expect.objectContaining({ code: "ADAPTER_OPTIONS" }),
    )
  }
})

test("delegate puts overrides in place, and takes undefined for none", async () => {
  const adapter = memory()
  const get = vi.fn(() => "mine")
  const mine = delegate(adapter, { get, set: undefined as never, name: "mine" })
  await mine.set("k", "v", hour)
  expect([await mine.get("k"), adapter.get("k"), mine.name]).toEqual(["mine", "v", "mine"])
})

test("delegate takes overrides from an instance of a class, as it takes adapters", async () => {
  class Counted implements Partial<Adapter> {
    readonly #inner: Adapter
    #reads = 0
    constructor(inner: Adapter) {
      this.#inner = inner
    }
    get(key: string) {
      this.#reads++
      return this.#inner.get(key)
    }
    get reads(): number {
      return this.#reads
    }
  }
  const adapter = memory()
  const counted = new Counted(adapter)
  const cache = new CacheWrapper({ adapter: delegate(adapter, counted) })
  await cache.set("k", 1)
  const before = counted.reads
  expect(await cache.get("k")).toBe(1)
  expect(counted.reads).toBeGreaterThan(before)
})

test("an override of get is asked on every hit: neither peek nor tokenChanges passes it by", async () => {
  const near = tiered({ near: memory(), far: custom("text", "async") })
  for (const adapter of [memory(), near, circuitBreaker(near), delegate(near)]) {
    const asked: string[] = []
    const get = (key: string) => {
      asked.push(key)
      return adapter.get(key)
    }
    const counted = delegate(adapter, { get })
    expect([counted.peek, counted.tokenChanges]).toEqual([undefined, undefined])
    const cache = new CacheWrapper({ adapter: counted })
    await cache.set("k", 1)
    for (let at = 0; at < 5; at++) expect(await cache.get("k")).toBe(1)
    expect(asked.filter((key) => key === "k")).toHaveLength(5)
    const { peek, tokenChanges } = adapter
    const own = delegate(adapter, { get, peek: peek as never, tokenChanges: tokenChanges as never })
    expect([own.peek, own.tokenChanges]).toEqual([peek, tokenChanges])
  }
})

test("tokens that an override keeps elsewhere are not taken for unchanged", async () => {
  const [here, elsewhere] = [memory(), memory()]
  const { get, set, add, delete: remove, clear, getMany, setMany, deleteMany, keys } = elsewhere
  const records = { get, set, add, delete: remove, clear, getMany, setMany, deleteMany, keys }
  const [mine, theirs] = [delegate(here, records), elsewhere].map((adapter) => new CacheWrapper({ adapter }))
  await mine?.set("k", 1)
  for (let at = 0; at < 3; at++) expect(await mine?.get("k")).toBe(1)
  await theirs?.invalidate()
  expect(await mine?.get("k")).toBeUndefined()
})

test("an adapter that begins to answer later, and to fail, leaves no rejection unheard on the short way of a hit", async () => {
  const rejections = unheard()
  const faults = { fail: 0 }
  const cache = new CacheWrapper({ adapter: chaos(memory(), faults) })
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event))
  await cache.set("k", 1)
  for (let at = 0; at < 3; at++) expect(await cache.get("k")).toBe(1)
  faults.fail = 1
  expect(await cache.get("k")).toBeUndefined()
  expect(await cache.getOrSet("k", () => 2)).toBe(2)
  faults.fail = 0
  expect(await cache.get("k")).toBe(1)
  expect(errors.length).toBeGreaterThan(0)
  expect(await rejections()).toEqual([])
})

test.for([
  ["retry", (adapter: Adapter) => retry(adapter, { minDelay: 1 })],
  ["circuitBreaker", (adapter: Adapter) => circuitBreaker(adapter, { failures: 1, resetAfter: 5 })],
] as const)("%s: what fails once and answers later for it is synchronous all the same", async ([, wrap]) => {
  const base = memory()
  let failures = 0
  const get = (key: string) => {
    if (failures-- > 0) throw down()
    return base.get(key)
  }
  const { peek: _, tokenChanges: __, ...four } = base
  const cache = new CacheWrapper({ adapter: wrap({ ...four, get, async open() {} }) })
  await cache.set("k", 1)
  expect(await cache.get("k")).toBe(1)
  expect(cache.peek("k")).toBe(1)
  // The version of the cache, its entry, or both.
  for (const times of [1, 2, 1, 3]) {
    failures = times
    for (let reads = 3; reads > 0; reads--) await cache.get("k")
    failures = 0
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(await cache.get("k")).toBe(1)
    expect(cache.peek("k")).toBe(1)
  }
})

test.each(["retry", "circuitBreaker", "storeTimeout"])(
  "what has a then and no more is asked for once through %s",
  async (name) => {
    const base = custom("text", "async")
    let calls = 0
    let runs = 0
    // As query builders answer: each `then` runs the query.
    const late = <T>(work: () => Awaitable<T>): Promise<T> => {
      calls++
      const then: Promise<T>["then"] = (done, failed) => {
        runs++
        return new Promise<T>((resolve) => resolve(work())).then(done, failed)
      }
      return { then } as Promise<T> // All that is looked for.
    }
    const adapter = proxies[name]?.({
      ...base,
      get: (key) => late(() => base.get(key)),
      set: (key, record, ttl) => late(() => base.set(key, record, ttl)),
      lock: () => late(() => undefined),
    })
    await adapter?.set("k", "v", hour)
    expect(await adapter?.get("k")).toBe("v")
    await adapter?.lock?.("k", hour)
    expect({ calls, runs }).toEqual({ calls: 3, runs: 3 })
  },
)

test("retry makes as many attempts as configured, and gives up with the last error", async () => {
  const clock = fakeClock()
  const { adapter, calls } = failing([down(), down()])
  const got = retry(adapter, { attempts: 3, minDelay: 100, maxDelay: 1000 }).get("k")
  await clock.advance(99)
  expect(calls.length).toBe(1)
  await clock.advance(2000)
  expect(await got).toBeUndefined()
  expect(calls.length).toBe(3)
  const last = new Error("third")
  const lost = retry(failing([down(), down(), last]).adapter, { minDelay: 1, maxDelay: 1 }).get("k")
  const outcome = expect(lost).rejects.toBe(last)
  await clock.advance(10)
  await outcome
})

test("the waits of retry are random from the first on, grow, and keep to their bounds", async () => {
  const clock = fakeClock()
  const random = vi.spyOn(Math, "random").mockImplementation(randomOf(1))
  onTestFinished(() => random.mockRestore())
  const waits: number[][] = [[], [], [], [], []]
  for (let run = 0; run < 300; run++) {
    const at: number[] = []
    const dead = delegate(custom("text", "async"), {
      get: () => {
        at.push(Date.now())
        return Promise.reject(down())
      },
    })
    const lost = expect(
      retry(dead, { attempts: 6, minDelay: 100, maxDelay: 1000 }).get("k"),
    ).rejects.toThrow()
    await clock.advance(10_000)
    await lost
    for (const [n, all] of waits.entries()) all.push((at[n + 1] ?? 0) - (at[n] ?? 0))
  }
  for (const all of waits) {
    expect(Math.min(...all)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...all)).toBeLessThanOrEqual(1000)
    expect(new Set(all).size).toBeGreaterThan(100) // two who fail together do not come back together
  }
  const means = waits.map((all) => all.reduce((sum, wait) => sum + wait) / all.length)
  // Between 100 and 300, then up to three times the one before.
  expect(means[0]).toBeGreaterThan(180)
  expect(means[0]).toBeLessThan(220)
  for (const n of [1, 2]) expect(means[n]).toBeGreaterThan((means[n - 1] ?? 0) * 1.1)
})

test("retry leaves add, lock and the caller's own mistakes alone", async () => {
  for (const name of ["add", "lock"] as const) {
    const { adapter, calls } = failing([down()])
    await expect(retry(adapter)[name]?.("k", "v" as never, hour)).rejects.toThrow("down")
    expect(calls).toEqual([name])
  }
  const { adapter, calls } = failing([new CacheError("VALUE_TOO_LARGE", "too large")])
  await expect(retry(adapter).set("k", "v", hour)).rejects.toThrow("too large")
  expect(calls).toEqual(["set"])
})

test("retry writes a version token once: again it would undo what others have invalidated since", async () => {
  const storage = custom("text", "async")
  let lost = 0
  const lossy = delegate(storage, {
    async set(key, record, ttl) {
      await storage.set(key, record, ttl)
      if (lost-- > 0) throw down()
    },
    async setMany(entries) {
      for (const [key, record, ttl] of entries) await storage.set(key, record, ttl)
      if (lost-- > 0) throw down()
    },
  })
  const tried = retry(lossy, { minDelay: 1, maxDelay: 1 })
  for (const write of [
    (key: string) => tried.set(key, "mine", hour),
    (key: string) =>
      tried.setMany?.([
        ["k", "mine", hour],
        [key, "mine", hour],
      ]),
  ]) {
    for (const key of ["#hprices", "entry"]) {
      lost = 1
      const outcome = Promise.resolve(write(key)).then(
        () => "kept",
        () => "told",
      )
      while (lost > 0) await undefined
      await storage.set(key, "theirs", hour)
      expect(await outcome).toBe(key === "entry" ? "kept" : "told")
      expect(await storage.get(key)).toBe(key === "entry" ? "mine" : "theirs")
    }
  }
})

test("retry does not repeat a write whose attempts took a second, but it repeats reads", async () => {
  const clock = fakeClock()
  const calls: string[] = []
  const slow = (name: string) => (): Promise<never> => {
    calls.push(name)
    return clock.failAfter(400, down())
  }
  const writes = ["set", "setMany", "delete", "deleteMany", "clear"] as const
  const slowly = Object.fromEntries([...writes, "get"].map((name) => [name, slow(name)]))
  const tried = retry(delegate(memory(), slowly), { attempts: 5, minDelay: 1000, maxDelay: 1000 })
  const outcomes = Promise.allSettled([
    tried.get("k"),
    tried.set("k", "v", hour),
    tried.setMany?.([["k", "v", hour]]),
    tried.delete("k"),
    tried.deleteMany?.(["k"]),
    tried.clear(""),
  ])
  await clock.advance(20_000)
  for (const { status } of await outcomes) expect(status).toBe("rejected")
  const count = (name: string) => calls.filter((call) => call === name).length
  // The waits do not count: they were asked for.
  expect(writes.map(count)).toEqual([3, 3, 3, 3, 3])
  expect(count("get")).toBe(5)
})

test("retries have a budget: a storage that is down gets a fifth more of work in the long run", async () => {
  const clock = fakeClock()
  let calls = 0
  const dead = delegate(custom("text", "async"), {
    get: () => {
      calls++
      return Promise.reject(down())
    },
  })
  const tried = retry(dead, { minDelay: 1, maxDelay: 1 })
  for (let at = 0; at < 1000; at++) {
    const outcome = expect(tried.get("k")).rejects.toThrow("down")
    await clock.advance(5)
    await outcome
  }
  expect(calls).toBeGreaterThan(1200)
  expect(calls).toBeLessThanOrEqual(1000 + 100 + 200)
})

test("a breaker opens after failures in a row, lets one probe through, and closes when it succeeds", async () => {
  const clock = fakeClock()
  const { adapter, calls } = failing([down(), undefined, down(), down(), down(), undefined])
  const states: string[] = []
  const broken = circuitBreaker(adapter, {
    failures: 2,
    resetAfter: "10s",
    onChange: (state) => states.push(state),
  })
  const get = () =>
    Promise.resolve(broken.get("k")).then(
      () => "ok",
      (error: { code?: string; message: string }) => error.code ?? error.message,
    )
  expect([await get(), await get(), await get(), await get()]).toEqual(["down", "ok", "down", "down"])
  expect([await get(), await get()]).toEqual(["ADAPTER_UNAVAILABLE", "ADAPTER_UNAVAILABLE"])
  expect(calls.length).toBe(4)
  await clock.advance(10_000)
  expect(await Promise.all([get(), get()])).toEqual(["down", "ADAPTER_UNAVAILABLE"])
  await clock.advance(10_000)
  expect([await get(), await get()]).toEqual(["ok", "ok"])
  expect(states).toEqual(["open", "half-open", "open", "half-open", "closed"])
})

test("to a breaker a mistake of the caller's own is an answer: it ends a row of failures, and closes what was open", async () => {
  const clock = fakeClock()
  const mistake = new CacheError("VALUE_TOO_LARGE", "too large")
  const { adapter } = failing([down(), mistake, down(), down(), mistake, down()])
  const states: string[] = []
  const onChange = (state: string) => states.push(state)
  const broken = circuitBreaker(adapter, { failures: 2, resetAfter: "10s", onChange })
  const set = () => Promise.resolve(broken.set("k", "v", 1000)).catch((error: Error) => error.message)
  expect([await set(), await set(), await set()]).toEqual(["down", "too large", "down"])
  expect(states).toEqual([])
  await set()
  await clock.advance(10_000)
  expect([await set(), await set()]).toEqual(["too large", "down"])
  expect(states).toEqual(["open", "half-open", "closed"])
})

test("a probe that hangs does not keep the breaker open for ever", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  const answers: (() => Promise<unknown>)[] = [
    () => Promise.reject(down()),
    () => new Promise(() => {}),
    async () => "v",
  ]
  const broken = circuitBreaker(delegate(base, { get: () => answers.shift()?.() }), {
    failures: 1,
    resetAfter: 1000,
  })
  await expect(broken.get("k")).rejects.toThrow("down")
  await clock.advance(1000)
  void broken.get("k")
  await expect(broken.get("k")).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  await clock.advance(1000)
  expect(await broken.get("k")).toBe("v")
})

test("what began before the breaker opened does not close it", async () => {
  const clock = fakeClock()
  const base = custom("text", "async")
  const answers: (() => Promise<unknown>)[] = [() => clock.after(10, "slow"), () => Promise.reject(down())]
  const broken = circuitBreaker(delegate(base, { get: () => answers.shift()?.() }), {
    failures: 1,
    resetAfter: 1000,
  })
  const slow = broken.get("k")
  await expect(broken.get("k")).rejects.toThrow("down")
  await clock.advance(10)
  expect(await slow).toBe("slow")
  await expect(broken.get("k")).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
})

test("a dead far tier costs callers storeTimeout once, then nothing", async () => {
  let calls = 0
  const never = (): Promise<never> => {
    calls++
    return new Promise(() => {})
  }
  const dead = delegate(custom("text", "async"), { get: never, set: never })
  const cache = new CacheWrapper({ adapter: circuitBreaker(storeTimeout(dead, 20), { failures: 1 }) })
  expect(await cache.get("k")).toBeUndefined()
  const before = calls
  expect(await cache.get("k")).toBeUndefined()
  expect(await cache.getOrSet("k", () => "loaded")).toBe("loaded")
  expect(calls).toBe(before)
})

test("storeTimeout ends a wait, and gives back a lease that comes too late", async () => {
  const clock = fakeClock()
  const release = vi.fn()
  const slow = {
    ...custom("text", "async"),
    get: () => clock.after(3000, "late"),
    lock: () => clock.after(3000, { release }),
  }
  const limited = storeTimeout(slow)
  const outcomes = Promise.all([
    expect(limited.get("k")).rejects.toMatchObject({ code: "STORE_TIMEOUT" }),
    expect(limited.lock?.("k", hour)).rejects.toMatchObject({ code: "STORE_TIMEOUT" }),
  ])
  await clock.advance(2000)
  await outcomes
  expect(release).not.toHaveBeenCalled()
  await clock.advance(1000)
  expect(release).toHaveBeenCalledOnce()
})

test("a listing that hangs ends with storeTimeout, and so does a caller that stops reading", async () => {
  const nobodyHeard = unheard()
  let ended = 0
  const keys = () => {
    const steps = [{ value: "a", done: false }]
    return {
      next: async () => steps.shift() ?? new Promise<never>(() => {}),
      async return(): Promise<never> {
        ended++
        return new Promise(() => {})
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
  const limited = storeTimeout({ ...custom("text"), keys }, 20)
  const list = async (isEnough: boolean) => {
    const found: string[] = []
    for await (const key of limited.keys?.("") ?? []) {
      found.push(key)
      if (isEnough) break
    }
    return found
  }
  await expect(list(false)).rejects.toMatchObject({ code: "STORE_TIMEOUT" })
  expect(await list(true)).toEqual(["a"])
  expect(ended).toBe(2)
  expect(await nobodyHeard()).toEqual([])
})

test("a read-only cache serves what is there, rejects explicit writes, and stores loads silently not", async () => {
  const adapter = { ...memory(), lock: () => undefined }
  await new CacheWrapper({ adapter }).set("k", 1, { tags: ["t"] })
  const cache = new CacheWrapper({ adapter: readOnly(adapter) })
  const events: unknown[] = []
  cache.on("error", (event) => events.push(event))
  expect(await cache.get("k")).toBe(1)
  expect(await cache.getOrSet("new", () => 2, { tags: ["new"] })).toBe(2)
  expect(await cache.getOrSet("new", () => 3)).toBe(3)
  expect(await cache.getOrSetMany(["a", "b"], (missing) => missing)).toEqual(["a", "b"])
  expect(events).toEqual([])
  const refused = expect.objectContaining({ code: "ADAPTER_ABILITY" })
  await expect(cache.set("k", 2)).rejects.toEqual(refused)
  await expect(cache.delete("k")).rejects.toEqual(refused)
  await expect(cache.clear()).rejects.toEqual(refused)
  await expect(cache.invalidateTags("t")).rejects.toEqual(refused)
  expect(await cache.get("k")).toBe(1)
})

test("what is corrupt under readOnly is a miss, and nothing says that it was removed", async () => {
  const adapter = memory()
  await adapter.set("k", "no entry", hour)
  const cache = new CacheWrapper({ adapter: readOnly(adapter) })
  const messages: string[] = []
  cache.on("error", ({ error }) => messages.push((error as Error).message))
  expect(await cache.get("k")).toBeUndefined()
  expect(await adapter.get("k")).toBe("no entry")
  expect(messages).toEqual([expect.stringContaining("removed, unless the storage is read-only")])
})

test("options that make no sense are refused at the call", () => {
  const adapter = memory()
  const refused = expect.objectContaining({ code: "ADAPTER_OPTIONS" })
  // @ts-expect-error no such option
  expect(() => retry(adapter, { tries: 3 })).toThrow(refused)
  expect(() => retry(adapter, { attempts: 0 })).toThrow(refused)
  expect(() => circuitBreaker(adapter, { failures: 1.5 })).toThrow(refused)
  expect(() => storeTimeout(adapter, -1)).toThrow(expect.objectContaining({ code: "TTL_INVALID" }))
  expect(() => chaos(adapter, { fail: 2 })).toThrow(refused)
})

test("an onChange that throws or rejects disturbs nobody", async () => {
  const rejections = unheard()
  for (const onChange of [
    async () => Promise.reject(new Error("a listener's own")),
    () => {
      throw new Error("a listener's own")
    },
  ]) {
    const broken = circuitBreaker(failing([down()]).adapter, { failures: 1, onChange })
    await expect(broken.get("k")).rejects.toThrow("down")
    await expect(broken.get("k")).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  }
  expect(await rejections()).toEqual([])
})

test("a clock set back does not keep a breaker open for longer", async () => {
  const clock = fakeClock()
  const { adapter } = failing([down()])
  const broken = circuitBreaker(adapter, { failures: 1, resetAfter: "10s" })
  await expect(broken.get("k")).rejects.toThrow("down")
  await expect(broken.get("k")).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
  clock.jump(clock.now() - hour)
  expect(await broken.get("k")).toBeUndefined()
})
