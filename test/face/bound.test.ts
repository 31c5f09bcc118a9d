import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/index.ts"
import { unheard } from "../support/setup.ts"

test("a bound view has one region by one name, of its own, wherever its prefix moves", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const waited: unknown[] = []
  const view = cache.bind({ waitUntil: (work) => void waited.push(work) })
  const other = cache.bind({ waitUntil: () => {} })
  const region = view.region("a")
  expect(view.region("a")).toBe(region)
  expect(view.region("a").region("b")).toBe(region.region("b"))
  expect(other.region("a")).not.toBe(region)
  expect(cache.region("a")).not.toBe(region)
  cache.region("a", { prefix: "moved" })
  await region.set("k", 1)
  expect(await cache.region("a").get("k")).toBe(1)
  expect(await cache.adapter.get(":moved::k")).toBeDefined()
  await region.getOrSet("l", () => 2)
  expect(waited.length).toBeGreaterThan(0)
})

test.each([
  ["throws", () => raise()],
  ["rejects", async () => raise()],
])("a waitUntil that %s disturbs nobody", async (_, waitUntil) => {
  const heard = unheard()
  const view = new CacheWrapper({ adapter: memory(), grace: "1h", softTimeout: 0 }).bind({ waitUntil })
  await view.set("k", "old")
  await view.expire("k")
  expect(await view.getOrSet("k", () => "new")).toBe("old")
  await expect.poll(() => view.get("k")).toBe("new")
  expect(await heard()).toEqual([])
})

function raise(): never {
  throw new Error("the request is over")
}

test("within a batch of a bound view its regions are the batch's", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const view = cache.bind({ waitUntil: () => {} })
  const region = view.region("a")
  await expect(
    view.batch(async (batch) => {
      expect(batch.region("a")).not.toBe(region)
      expect(batch.region("a")).toBe(batch.region("a"))
      await batch.region("a").set("k", 1)
      throw new Error("no")
    }),
  ).rejects.toThrow("no")
  expect(await region.get("k")).toBeUndefined()
  await region.batch((batch) => batch.set("k", 2))
  expect(await region.get("k")).toBe(2)
})

async function keysOf(cache: CacheWrapper): Promise<string[]> {
  const keys: string[] = []
  for await (const key of cache.keys()) keys.push(key)
  return keys
}

/** Each verb with what it answers, over a cache that holds `a` and `b`; no other verb may there be. */
const verbs: Readonly<Record<string, (cache: CacheWrapper) => unknown>> = {
  get: (cache) => cache.get("a"),
  getEntry: async (cache) => (await cache.getEntry("a"))?.value,
  peek: (cache) => cache.peek("a"),
  has: (cache) => cache.has("a"),
  getMany: (cache) => cache.getMany(["a", "b", "c"]),
  getOrSet: (cache) => cache.getOrSet("c", () => 3),
  getOrSetMany: (cache) => cache.getOrSetMany(["a", "c"], () => [3]),
  set: (cache) => cache.set("a", 2),
  setMany: (cache) => cache.setMany({ a: 2 }),
  touch: (cache) => cache.touch("a"),
  delete: (cache) => cache.delete("a", "b", "a", "c"),
  expire: (cache) => cache.expire("a", "b"),
  invalidateTags: (cache) => cache.invalidateTags("t"),
  invalidate: (cache) => cache.invalidate(),
  clear: (cache) => cache.clear(),
  keys: (cache) => keysOf(cache),
  prune: (cache) => cache.prune(),
  isLoading: (cache) => cache.isLoading("a"),
  batch: (cache) => cache.batch((batch) => batch.delete("a")),
  region: (cache) => cache.region("r").get("a"),
  memoize: (cache) => cache.memoize((n: number) => n + 1, { name: "f" })(1),
  memoizeMany: (cache) => cache.memoizeMany((...ns: number[]) => ns, { name: "g" })(1, 2),
  generate: (cache) => typeof cache.generate((arg) => arg),
  bare: async (cache) => (await cache.bare().entryOf("a"))?.value,
  use: async (cache) => cache.use(memory()).get("a"),
  ready: async (cache) => typeof (await cache.ready()),
  bind: (cache) => cache.bind({ waitUntil() {} }).delete("a"),
  on: (cache) => typeof cache.on("*", () => {}),
  metrics: (cache) => cache.metrics(),
  close: (cache) => cache.close(),
}

test("a bound view, and a view of one, has every verb of its cache", async () => {
  const names = new Set<string>()
  for (let proto = CacheWrapper.prototype; proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
    for (const name of Object.getOwnPropertyNames(proto)) names.add(name)
  }
  // What its own parts and the classes made of it call.
  const inside = "constructor adapter standard check outlasts load claims entryOf serve serveMany".split(" ")
  expect([...names].filter((name) => !inside.includes(name)).sort()).toEqual(Object.keys(verbs).sort())

  for (const [name, call] of Object.entries(verbs)) {
    const answers: unknown[] = []
    for (const bindings of [0, 1, 2]) {
      let cache = new CacheWrapper({ adapter: memory() })
      await cache.setMany({ a: 1, b: 2 }, { tags: ["t"], grace: "1h" })
      for (let left = bindings; left > 0; left--) cache = cache.bind({ waitUntil() {} })
      const answer = await call(cache)
      answers.push([answer, await cache.getMany(["a", "b", "c"]).catch((error) => error.code)])
    }
    expect(answers[1], name).toEqual(answers[0])
    expect(answers[2], name).toEqual(answers[0])
  }
})
