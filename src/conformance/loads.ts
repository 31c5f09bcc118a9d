import { sleep } from "../base/clock.ts"
import { cacheOver, gateway, refusal } from "./cache.ts"
import { type ConformanceCase, check, equal, equalEach, failureOf, law } from "./law.ts"

/** Verbs, loads and batches over any storage. */
export const loads: readonly ConformanceCase[] = [
  law("100 concurrent callers share one load", { always: true }, async (scene) => {
    const cache = cacheOver(scene)
    let runs = 0
    const load = async () => {
      runs++
      await sleep(10)
      return { n: 1 }
    }
    const got = await Promise.all(Array.from({ length: 100 }, () => cache.getOrSet("k", load)))
    equal(runs, 1, "runs of the fallback")
    for (const value of got) equal(value, { n: 1 }, "getOrSet")
  }),
  law("what was loaded is not loaded again", {}, async (scene) => {
    const cache = cacheOver(scene)
    let runs = 0
    for (let call = 0; call < 3; call++) equal(await cache.getOrSet("k", () => ++runs), 1, "getOrSet")
    equal(await cache.get("k"), 1, "get")
  }),
  law("different keys load separately", {}, async (scene) => {
    const cache = cacheOver(scene)
    const names = Array.from({ length: 30 }, (_, at) => `k${at}`)
    const load = (name: string) => cache.getOrSet(name, async () => `value of ${name}`)
    const got = await Promise.all([...names, ...names].map(load))
    equal(
      got,
      [...names, ...names].map((name) => `value of ${name}`),
      "getOrSet",
    )
    equal(
      [...(await cache.getMany(names))],
      names.map((name) => `value of ${name}`),
      "getMany",
    )
  }),
  law(
    "a failing fallback rejects all its callers with its own error, and stores nothing",
    { always: true },
    async (scene) => {
      const cache = cacheOver(scene)
      const down = new Error("down")
      let runs = 0
      const fail = async () => {
        runs++
        throw down
      }
      const calls = Array.from({ length: 5 }, () => failureOf(() => cache.getOrSet("k", fail), "getOrSet"))
      for (const error of await Promise.all(calls))
        check(error === down, "getOrSet: expected the fallback's own error")
      equal(runs, 1, "runs of the fallback")
      equal(await cache.has("k"), false, "has")
      equal(await cache.getOrSet("k", () => "up"), "up", "the next getOrSet")
    },
  ),
  law("an absent key is a miss with reason absent", { always: true }, async (scene) => {
    const cache = cacheOver(scene)
    equal(await cache.get("k"), undefined, "get")
    equal(await cache.get("k", { default: "d" }), "d", "get with a default")
    equal(await cache.has("k"), false, "has")
    const error = await refusal(
      () => cache.get("k", { required: true }),
      "CACHE_MISS",
      "get that is required",
    )
    equal(error.reason, "absent", "reason")
  }),
  law("delete returns how many live entries there were", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.setMany([
      ["a", 1],
      ["b", undefined],
      ["c", 3],
      ["d", 4],
    ])
    equal(await cache.delete("a", "b", "absent"), 2, "delete of three, of which two are there")
    equal(await cache.delete("a", "b"), 0, "delete a second time")
    equal(await cache.delete("c", "c"), 1, "delete of a key twice")
    equal(await cache.delete(), 0, "delete of no keys")
    equal(await cache.get("a"), undefined, "get of a deleted one")
    equal(await cache.get("d"), 4, "get of the other")
  }),
  law("a delete during a load wins over its result", {}, async (scene) => {
    const cache = cacheOver(scene)
    const gate = gateway()
    const answer = cache.getOrSet("k", gate.load)
    await gate.started
    await cache.delete("k")
    gate.pass("late")
    equal(await answer, "late", "getOrSet")
    equal(await cache.get("k"), undefined, "get")
  }),
  law("a set during a load wins over its result", {}, async (scene) => {
    const cache = cacheOver(scene)
    const gate = gateway()
    const answer = cache.getOrSet("k", gate.load)
    await gate.started
    await cache.set("k", "set")
    gate.pass("late")
    equal(await answer, "late", "getOrSet")
    equal(await cache.get("k"), "set", "get")
  }),
  law(
    "getMany returns values in order, with duplicates and absent keys, from any iterable",
    {},
    async (scene) => {
      const cache = cacheOver(scene)
      await cache.setMany(
        new Map<string, unknown>([
          ["a", 1],
          ["b", { n: 2 }],
          ["", 3],
        ]),
      )
      const keys = ["b", "absent", "", "a", "b"]
      equalEach(await cache.getMany(keys), [{ n: 2 }, undefined, 3, 1, { n: 2 }], "getMany")
      equal([...(await cache.getMany(new Set(keys)))], [{ n: 2 }, undefined, 3, 1], "getMany of a Set")
      equal([...(await cache.getMany([]))], [], "getMany of no keys")
    },
  ),
  law("setMany of a cache with a key twice keeps the last", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.setMany([
      ["a", "first"],
      ["b", 2],
      ["a", "last"],
    ])
    equal([...(await cache.getMany(["a", "b"]))], ["last", 2], "getMany")
    await cache.setMany([])
  }),
  law("getOrSetMany loads the missing keys, once, in one call", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("b", "cached")
    const asked: string[][] = []
    const load = (missing: readonly unknown[]) => {
      asked.push(missing.map(String))
      return missing.map((name) => `loaded ${String(name)}`)
    }
    const got = await cache.getOrSetMany(["a", "b", "c", "a"], load)
    equal([...got], ["loaded a", "cached", "loaded c", "loaded a"], "getOrSetMany")
    equal(asked, [["a", "c"]], "what was asked of the fallback")
    equal(
      [...(await cache.getOrSetMany(["a", "c"], load))],
      ["loaded a", "loaded c"],
      "getOrSetMany a second time",
    )
    equal(asked.length, 1, "calls of the fallback")
  }),
  law("1 000 keys are loaded at once, each once", {}, async (scene) => {
    const cache = cacheOver(scene)
    const names = Array.from({ length: 1_000 }, (_, at) => `k${at}`)
    let runs = 0
    const load = (name: string) => cache.getOrSet(name, async () => ({ name, run: ++runs }))
    const got = await Promise.all([...names, ...names].map(load))
    equal(runs, 1_000, "runs of the fallback")
    for (const [at, name] of names.entries()) {
      equal(got[at]?.name, name, `getOrSet of ${name}`)
      equal(got[at + 1_000], got[at], `the second getOrSet of ${name}`)
    }
    equal([...(await cache.getMany(names))], got.slice(0, 1_000), "getMany")
  }),
  law(
    "two caches write 20 keys at once, and each is one of theirs, whole",
    { needs: "shared" },
    async (scene) => {
      const caches = [cacheOver(scene), cacheOver(scene, await scene.another())]
      const names = Array.from({ length: 20 }, (_, at) => `k${at}`)
      const written = (who: number, name: string) => ({
        who,
        name,
        text: `${who} ${name} `.repeat(50 * (who + 1)),
      })
      await Promise.all(
        names.flatMap((name) =>
          caches.map((cache, who) => cache.set(name, written(who, name), { tags: ["t"] })),
        ),
      )
      for (const cache of caches) {
        for (const name of names) {
          const got = await cache.get<ReturnType<typeof written>>(name)
          equal(got, written(got?.who === 1 ? 1 : 0, name), `get of ${name}`)
        }
      }
    },
  ),
  law("1 000 entries go through setMany, getMany and delete", {}, async (scene) => {
    const cache = cacheOver(scene)
    const names = Array.from({ length: 1_000 }, (_, at) => `k${at}`)
    await cache.setMany(names.map((name, at) => [name, { at, name }] as const))
    equal(
      [...(await cache.getMany(names))],
      names.map((name, at) => ({ at, name })),
      "getMany",
    )
    equal(await cache.delete(...names), 1_000, "delete")
    equal(
      [...(await cache.getMany(names))],
      names.map(() => undefined),
      "getMany after delete",
    )
  }),
]
