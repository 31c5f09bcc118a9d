import { now, sleep } from "../base/clock.ts"
import { cacheOver, forgeOver, gateway } from "./cache.ts"
import { junkFor } from "./junk-table.ts"
import { type ConformanceCase, check, equal, law } from "./law.ts"

/** Tags, regions and leases: what several caches on one storage agree on. */
export const invalidation: readonly ConformanceCase[] = [
  law("invalidating a tag removes every entry that has it, and no other", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("a", 1, { tags: ["t", "u"], grace: "1h" })
    await cache.set("b", 2, { tags: ["u"] })
    await cache.set("c", 3, { tags: ["T"] })
    await cache.set("d", 4)
    await cache.region("r").set("e", 5, { tags: ["u"] })
    equal((await cache.getEntry("a"))?.tags.toSorted(), ["t", "u"], "tags of the entry")
    await cache.invalidateTags("t")
    equal(await cache.get("a"), undefined, "get of a tagged one")
    equal(await cache.get("a", { stale: true }), undefined, "get of a tagged one as stale")
    equal([...(await cache.getMany(["a", "b", "c", "d"]))], [undefined, 2, 3, 4], "getMany")
    await cache.set("a", "new", { tags: ["t"] })
    equal(await cache.get("a"), "new", "get of what was set afterwards")
  }),
  law("a tag can be any text, and tags do not collide", {}, async (scene) => {
    const cache = cacheOver(scene)
    const tags = [
      "",
      " ",
      "a",
      "A",
      "a:b",
      "a,b",
      "#",
      "__proto__",
      "*",
      "\ud800",
      "\u{1f600}",
      "t".repeat(5_000),
    ]
    for (const [at, tag] of tags.entries()) await cache.set(`k${at}`, at, { tags: [tag] })
    for (const [at, tag] of tags.entries()) {
      await cache.invalidateTags(tag)
      const left = tags.map((_, other) => (other > at ? other : undefined))
      equal(
        [...(await cache.getMany(tags.map((_, other) => `k${other}`)))],
        left,
        `getMany after ${JSON.stringify(tag.slice(0, 9))}`,
      )
    }
  }),
  law("a soft invalidation makes stale and keeps within grace", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("a", 1, { tags: ["t"], grace: "1h" })
    await cache.invalidateTags("t", { mode: "soft" })
    equal(await cache.get("a"), undefined, "get")
    equal(await cache.get("a", { stale: true }), 1, "get of a stale one")
    await cache.invalidateTags("t")
    equal(await cache.get("a", { stale: true }), undefined, "get of a stale one after a hard invalidation")
    await cache.invalidateTags("t", { mode: "soft" })
    equal(await cache.get("a", { stale: true }), undefined, "get of a stale one after a soft one followed")
  }),
  law("invalidating a region reaches its inner regions, and no other", {}, async (scene) => {
    const cache = cacheOver(scene)
    const region = cache.region("r")
    for (const it of [cache, region, region.region("inner"), cache.region("s")])
      await it.set("k", 1, { grace: "1h" })
    await region.invalidate()
    equal(await region.get("k", { stale: true }), undefined, "get in the region")
    equal(await region.region("inner").get("k"), undefined, "get in the inner region")
    equal(await cache.get("k"), 1, "get in the cache")
    equal(await cache.region("s").get("k"), 1, "get in another region")
    await region.set("k", 2)
    equal(await region.get("k"), 2, "get of what was set afterwards")
  }),
  law("invalidating a cache leaves other prefixes", {}, async (scene) => {
    const one = cacheOver(scene, scene.adapter, { prefix: "a" })
    const other = cacheOver(scene, scene.adapter, { prefix: "ab" })
    for (const cache of [one, other]) await cache.set("k", 1, { tags: ["t"] })
    await one.invalidate()
    equal(await one.get("k"), undefined, "get")
    equal(await other.get("k"), 1, "get under the other prefix")
  }),
  law("an invalidation during a load outlives its result", {}, async (scene) => {
    const cache = cacheOver(scene)
    const gate = gateway()
    const answer = cache.getOrSet("k", gate.load, { tags: ["t"] })
    await gate.started
    await cache.invalidateTags("t")
    gate.pass("late")
    equal(await answer, "late", "getOrSet")
    equal(await cache.get("k"), undefined, "get")
  }),
  law("a version token that was lost counts as changed", { needs: "add" }, async (scene) => {
    const forge = forgeOver(scene.adapter)
    const cache = cacheOver(scene, forge.adapter)
    await cache.set("tagged", 1, { tags: ["t"], grace: "1h" })
    await cache.region("r").set("k", 2, { grace: "1h" })
    check(forge.tokens.size > 0, "no version token was written")
    for (const token of forge.tokens) await scene.adapter.delete(token)
    const later = cacheOver(scene)
    equal(await later.get("tagged", { stale: true }), undefined, "get of a tagged one")
    equal(await later.region("r").get("k", { stale: true }), undefined, "get in a region")
    await later.set("tagged", 3, { tags: ["t"] })
    equal(await later.get("tagged"), 3, "get of what was set afterwards")
  }),
  law("junk in the place of version tokens makes no verb fail and revives nothing", {}, async (scene) => {
    const forge = forgeOver(scene.adapter)
    for (const junk of junkFor(scene.adapter).slice(0, 5)) {
      const cache = cacheOver(scene, forge.adapter)
      await cache.set("k", 1, { tags: ["t"] })
      await cache.invalidateTags("t")
      for (const token of forge.tokens) await scene.adapter.set(token, junk, Infinity)
      const later = cacheOver(scene)
      equal(await later.get("k"), undefined, "get of an invalidated one")
      equal(await later.getOrSet("k", () => "loaded", { tags: ["t"] }), "loaded", "getOrSet")
      equal([...(await later.getMany(["absent"]))], [undefined], "getMany")
      await later.invalidateTags("t")
      await later.set("k", "set", { tags: ["t"] })
      equal(await later.get("k"), "set", "get of what was set afterwards")
      await later.clear()
    }
  }),
  law("a tag that one handle invalidates is gone for the other", { needs: "add shared" }, async (scene) => {
    const one = cacheOver(scene)
    const other = cacheOver(scene, await scene.another())
    await one.set("k", 1, { tags: ["t"] })
    equal(await other.get("k"), 1, "get by the other")
    await one.invalidateTags("t")
    equal(await other.get("k"), undefined, "get by the other after the invalidation")
    await other.set("k", 2, { tags: ["t"] })
    equal(await one.get("k"), 2, "get of what the other has set afterwards")
    await other.invalidate()
    equal(await one.get("k"), undefined, "get after the other has invalidated all")
  }),
  law("with a lease, two caches on one storage load once", { needs: "lock shared" }, async (scene) => {
    const caches = [cacheOver(scene), cacheOver(scene, await scene.another())]
    let runs = 0
    const load = async () => {
      runs++
      await sleep(50)
      return { run: runs }
    }
    const calls = Array.from({ length: 20 }, (_, at) => caches[at % 2]?.getOrSet("k", load))
    for (const value of await Promise.all(calls)) equal(value, { run: 1 }, "getOrSet")
    equal(runs, 1, "runs of the fallback")
  }),
  law(
    "a holder that never ends delays the other by leaseTtl at most",
    { needs: "lock shared" },
    async (scene) => {
      const hung = cacheOver(scene)
      const other = cacheOver(scene, await scene.another())
      const gate = gateway()
      const waiting = hung.getOrSet("k", gate.load, { leaseTtl: 80 })
      await gate.started
      const start = now()
      equal(await other.getOrSet("k", () => "loaded", { leaseTtl: 80 }), "loaded", "getOrSet of the other")
      check(now() - start < 5_000, "getOrSet of the other took more than 5 seconds")
      gate.pass("late")
      equal(await waiting, "late", "getOrSet of the hung one")
    },
  ),
]
