import { type CacheWrapper, key } from "../core.ts"
import { cacheOver } from "./cache.ts"
import { hostileKeys, named } from "./keys.ts"
import { type ConformanceCase, equal, law, recordOf } from "./law.ts"

type Scoped = Pick<CacheWrapper, "get" | "set" | "has" | "delete" | "clear" | "keys" | "getMany">

/** The keys of a cache, its prefix and its regions: each sees and clears only its own. */
export const scope: readonly ConformanceCase[] = [
  law("any string is a key of a cache, and no two keys collide", {}, async (scene) => {
    for (const options of [{}, { prefix: "p" }]) {
      const cache = cacheOver(scene, scene.adapter, options)
      const all = hostileKeys()
      for (const [at, name] of all.entries()) await cache.set(name, at)
      const got = await Promise.all(all.map((name) => cache.get(name)))
      for (const [at, name] of all.entries()) equal(got[at], at, `get of ${named(name)}`)
      equal([...(await cache.getMany(all))], Array.from(all.keys()), "getMany")
      equal(await cache.delete(...all), all.length, "delete of all")
    }
  }),
  law("segments differ by type and by boundary", {}, async (scene) => {
    const cache = cacheOver(scene)
    const all = [
      "user",
      ["user"],
      ["user", 42],
      ["user", "42"],
      ["user", [42]],
      ["user", { a: 42 }],
      ["user42"],
      "user,42",
      ["us", "er"],
      ["user", null],
      ["user", undefined],
      ["user", "null"],
      [["user"], 42],
      [1n],
      [1],
      ["1"],
      [true],
      ["true"],
      [],
    ] as const
    for (const [at, name] of all.entries()) await cache.set(name, at)
    for (const [at, name] of all.entries()) equal(await cache.get(name), at, `get of ${JSON.stringify(at)}`)
    equal(await cache.get(key("user", 42)), 2, "get by key()")
    await cache.set(["o", { a: 1, b: 2 }], "object")
    equal(await cache.get(["o", { b: 2, a: 1 }]), "object", "get with members in another order")
  }),
  law("a prefix sees and clears its own keys only", {}, async (scene) => {
    const prefixes = [
      "a",
      "ab",
      "a:",
      "a:b",
      "A",
      "*",
      "a*",
      "%",
      "a%",
      "_",
      "[a]",
      "\\",
      "\ud800",
      "\uffff",
      ".",
    ]
    await apart(
      prefixes.map((prefix) => [JSON.stringify(prefix), cacheOver(scene, scene.adapter, { prefix })]),
    )
  }),
  law("regions see and clear their own keys only", {}, async (scene) => {
    const cache = cacheOver(scene, scene.adapter, { prefix: "p" })
    const names = ["a", "ab", "a:b", "a:", ":a", "A", "a*", "*", "%", "a/b", "a\\", "a%3Ab"]
    const regions = names.map((name): [string, Scoped] => [
      `region ${JSON.stringify(name)}`,
      cache.region(name),
    ])
    await apart(regions)
    await cache.region("x").set("k", "x")
    await cache.region("x").region("y").set("k", "x in y")
    await cache.region("x:y").set("k", "x:y")
    await cache.region("x").clear()
    equal(await cache.region("x").region("y").get("k"), undefined, "get in an inner region after clear")
    equal(await cache.region("x:y").get("k"), "x:y", "get in a region whose name reads like an inner one")
  }),
  law("a key is not a region's key, however it is written", {}, async (scene) => {
    const cache = cacheOver(scene)
    const region = cache.region("a")
    await region.set("b", "region")
    const alike = ["ab", "a:b", "a/b", "a.b", ":a:b", "a::b", "a\0b"]
    for (const name of alike) equal(await cache.get(name), undefined, `get of ${named(name)}`)
    for (const name of alike) await cache.set(name, "cache")
    equal(await region.get("b"), "region", "get in the region")
    await region.clear()
    for (const name of alike)
      equal(await cache.get(name), "cache", `get of ${named(name)} after the region's clear`)
  }),
  law("clear of a prefix leaves foreign records of the storage", {}, async (scene) => {
    const { adapter } = scene
    await adapter.set("zebra", recordOf(adapter, "foreign"), 3_600_000)
    const cache = cacheOver(scene, adapter, { prefix: "p" })
    await cache.set("k", "v")
    await cache.clear()
    equal(await cache.get("k"), undefined, "get after clear")
    equal(await adapter.get("zebra"), recordOf(adapter, "foreign"), "get of the foreign record")
  }),
  law("two caches on one storage with the same prefix see the same entries", {}, async (scene) => {
    const [one, other] = [cacheOver(scene), cacheOver(scene)]
    await one.set("k", { n: 1 }, { tags: ["t"] })
    equal(await other.get("k"), { n: 1 }, "get")
    equal((await other.getEntry("k"))?.tags, ["t"], "tags")
    equal(await other.delete("k"), 1, "delete")
    equal(await one.get("k"), undefined, "get after the other's delete")
  }),
  law("keys lists the keys as given, of this cache itself", { needs: "keys" }, async (scene) => {
    const cache = cacheOver(scene, scene.adapter, { prefix: "p" })
    const given = hostileKeys()
    for (const name of given) await cache.set(name, 1, { tags: ["t"] })
    await cache.set(["user", 42], 1)
    await cache.region("r").set("inner", 1)
    await cacheOver(scene, scene.adapter, { prefix: "pq" }).set("neighbour", 1)
    await cache.invalidateTags("other")
    const listed = await listOf(cache)
    const expected = [...given, String(key("user", 42))].sort()
    for (const name of expected)
      equal(listed.filter((it) => it === name).length, 1, `times that keys lists ${named(name)}`)
    equal(listed.length, expected.length, "number of keys")
    equal(await listOf(cache.region("r")), ["inner"], "keys of the region")
  }),
  law("keys lists live entries: fresh, or stale within grace", { needs: "keys" }, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("fresh", 1)
    await cache.set("stale", 1, { grace: "1h" })
    await cache.expire("stale")
    await cache.set("gone", 1)
    await cache.expire("gone")
    await cache.set("deleted", 1)
    await cache.delete("deleted")
    equal(await listOf(cache), ["fresh", "stale"], "keys")
  }),
]

/** Fails unless the caches do not see each other's keys, and can be cleared one by one. */
async function apart(caches: readonly (readonly [name: string, cache: Scoped])[]): Promise<void> {
  const names = ["k", "b:k", "", ":", "a"]
  for (const [who, cache] of caches) await Promise.all(names.map((name) => cache.set(name, who)))
  const seen = async (from: number) => {
    const reads = caches
      .slice(from)
      .flatMap(([who, cache]) =>
        names.map(async (name) => equal(await cache.get(name), who, `get of ${named(name)} under ${who}`)),
      )
    await Promise.all(reads)
  }
  await seen(0)
  for (const [at, [who, cache]] of caches.entries()) {
    await cache.clear()
    for (const name of names)
      equal(await cache.get(name), undefined, `get of ${named(name)} under ${who} after clear`)
    await seen(at + 1)
  }
}

/** The keys that `cache` lists, sorted. */
async function listOf(cache: Scoped): Promise<string[]> {
  const found: string[] = []
  for await (const name of cache.keys()) found.push(name)
  return found.sort()
}
