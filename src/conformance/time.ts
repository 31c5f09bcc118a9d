import { now, sleep } from "../base/clock.ts"
import type { CacheWrapper } from "../core.ts"
import type { Entry } from "../entry.ts"
import { cacheOver } from "./cache.ts"
import { type ConformanceCase, check, equal, hour, law, past } from "./law.ts"

const day = 24 * hour

/** Deadlines to the millisecond, whatever the storage's own idea of time. */
export const time: readonly ConformanceCase[] = [
  law("an entry has the deadlines it was given, to the millisecond", {}, async (scene) => {
    const cache = cacheOver(scene)
    const lives = [
      { ttl: 1_234, grace: 5_678, lasts: [1_234, 5_678] },
      { ttl: 59_999, grace: 1, lasts: [59_999, 1] },
      { ttl: "1.5s", grace: "2 minutes", lasts: [1_500, 120_000] },
      { ttl: "60d", grace: "52w", lasts: [60 * day, 364 * day] },
      { ttl: Infinity, lasts: [Infinity, 0] },
      { ttl: "1h", grace: Infinity, lasts: [hour, Infinity] },
      { lasts: [5 * 60_000, 0] },
    ] as const
    for (const { lasts, ...options } of lives) {
      const start = now()
      await cache.set("k", "v", options)
      const end = now()
      const entry = await cache.getEntry("k", { stale: true })
      const what = `the entry with ${JSON.stringify(options)}`
      if (entry === undefined) throw new Error(`${what}: expected an entry, got undefined`)
      check(
        entry.createdAt >= start && entry.createdAt <= end,
        `createdAt of ${what} lies outside of its set`,
      )
      equal(entry.freshUntil, entry.createdAt + lasts[0], `freshUntil of ${what}`)
      equal(entry.staleUntil, entry.freshUntil + lasts[1], `staleUntil of ${what}`)
      equal(entry.tags, [], `tags of ${what}`)
    }
  }),
  law("a ttl of 60 days, or without end, is fresh", {}, async (scene) => {
    const cache = cacheOver(scene)
    for (const ttl of [60 * day, "60d", 100_000 * day, Infinity] as const) {
      await cache.set("k", "v", { ttl })
      equal(await cache.get("k"), "v", `get with a ttl of ${ttl}`)
      equal((await cache.getEntry("k"))?.stale, false, `stale with a ttl of ${ttl}`)
    }
  }),
  law("a ttl of 0 stores nothing and removes what was there", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", "old")
    await cache.set("k", "new", { ttl: 0, grace: "1h" })
    equal(await cache.getEntry("k", { stale: true }), undefined, "getEntry")
    await cache.set("l", "old")
    await cache.setMany([["l", "new"]], { ttl: 0 })
    equal(await cache.has("l"), false, "has after setMany")
  }),
  law("what is past its ttl and has no grace is a miss", {}, async (scene) => {
    const cache = cacheOver(scene)
    await expired(cache, "k", {})
    equal(await cache.get("k"), undefined, "get")
    equal(await cache.get("k", { stale: true }), undefined, "get of a stale one")
    equal(await cache.has("k"), false, "has")
    equal([...(await cache.getMany(["k"]))], [undefined], "getMany")
    equal(await cache.touch("k"), false, "touch")
    equal(await cache.expire("k"), 0, "expire")
    equal(await cache.delete("k"), 0, "delete")
    equal(await cache.getOrSet("k", () => "loaded"), "loaded", "getOrSet")
  }),
  law("what is past its ttl is stale within its grace", {}, async (scene) => {
    const cache = cacheOver(scene)
    await expired(cache, "k", { grace: "1h" })
    equal(await cache.get("k"), undefined, "get")
    equal(await cache.has("k"), false, "has")
    equal(await cache.getEntry("k"), undefined, "getEntry")
    equal(await cache.get("k", { stale: true }), "v", "get of a stale one")
    equal((await cache.getEntry("k", { stale: true }))?.stale, true, "stale of the entry")
    equal(await cache.getOrSet("k", () => Promise.reject(new Error("down"))), "v", "getOrSet that fails")
    equal(await cache.delete("k"), 1, "delete")
    equal(await cache.get("k", { stale: true }), undefined, "get of a deleted one")
  }),
  law(
    "an entry is fresh to the last millisecond of its ttl, and stale to the last of its grace",
    {},
    async (scene) => {
      const cache = cacheOver(scene)
      let entry: Entry<unknown> | undefined
      let isTold = false
      // A busy machine may look too late, so it tries again. A storage too slow to be observed in time is let off.
      for (let attempt = 0; attempt < (entry ? 10 : 20) && !isTold; attempt++) {
        await cache.set("k", "v", { ttl: 60, grace: 60 })
        const found = await cache.getEntry("k", { stale: true })
        if (found) isTold = await watched(cache, found)
        entry ??= found
      }
      if (entry === undefined) throw new Error("getEntry after set: expected an entry, got undefined")
      equal(await cache.get("k", { stale: true }), undefined, "get of a stale one after grace was over")
    },
  ),
  law("touch restarts the ttl and leaves createdAt", {}, async (scene) => {
    const cache = cacheOver(scene)
    await expired(cache, "k", { grace: "1h" })
    const before = await cache.getEntry("k", { stale: true })
    const start = now()
    equal(await cache.touch("k", "2h"), true, "touch")
    const end = now()
    const entry = await cache.getEntry("k")
    if (entry === undefined) throw new Error("getEntry after touch: expected an entry, got undefined")
    equal(entry.value, "v", "value")
    equal(entry.createdAt, before?.createdAt, "createdAt")
    check(
      entry.freshUntil >= start + 2 * hour && entry.freshUntil <= end + 2 * hour,
      "freshUntil is not two hours from touch",
    )
    equal(entry.staleUntil, entry.freshUntil + hour, "staleUntil")
    equal(await cache.touch("absent"), false, "touch of an absent key")
  }),
  law("touch without a ttl restarts the entry's own", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", "v", { ttl: "1h" })
    await past(now() + 5)
    const start = now()
    equal(await cache.touch("k"), true, "touch")
    const until = (await cache.getEntry("k"))?.freshUntil ?? 0
    check(until >= start + hour && until <= now() + hour, "freshUntil is not an hour from touch")
  }),
  law("expire makes stale now, and keeps within grace", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", "v", { grace: "1h" })
    await cache.set("l", "w", { grace: "1h" })
    await cache.set("bare", "x")
    equal(await cache.expire("k", "l", "absent"), 2, "expire")
    equal(await cache.get("k"), undefined, "get")
    equal(await cache.get("k", { stale: true }), "v", "get of a stale one")
    await cache.expire("bare")
    equal(await cache.get("bare", { stale: true }), undefined, "get of one without grace")
    await cache.set("k", "new")
    equal(await cache.get("k"), "new", "get after a new set")
  }),
  law("a second set replaces all deadlines and tags", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", "old", { ttl: Infinity, grace: "1h", tags: ["t"] })
    await cache.set("k", "new", { ttl: "1h" })
    const entry = await cache.getEntry("k")
    equal(entry && entry.freshUntil - entry.createdAt, hour, "ttl")
    equal(entry && entry.staleUntil - entry.freshUntil, 0, "grace")
    equal(entry?.tags, [], "tags")
  }),
  law("maxAge caps the age for one call", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", "v", { ttl: "1h" })
    await past(now() + 20)
    equal(await cache.get("k", { maxAge: 10 }), undefined, "get with a maxAge of 10 ms, 20 ms later")
    equal(await cache.get("k", { maxAge: "1h" }), "v", "get with a maxAge of an hour")
    equal(await cache.get("k"), "v", "get")
  }),
]

/** Observes "k" until it is gone; returns whether it has looked shortly before each of its deadlines. */
async function watched(cache: CacheWrapper, { freshUntil, staleUntil }: Entry<unknown>): Promise<boolean> {
  equal(staleUntil - freshUntil, 60, "grace")
  const nearest = [Infinity, Infinity] as [ttl: number, grace: number]
  // An observation only counts if the whole call lies on one side of a deadline.
  for (let start = now(); start < staleUntil; start = now()) {
    const fresh = await cache.get("k")
    const middle = now()
    const stale = await cache.get("k", { stale: true })
    const end = now()
    if (middle < freshUntil) {
      equal(fresh, "v", `get ${freshUntil - middle} ms before the ttl is over`)
      nearest[0] = freshUntil - middle
    }
    if (start >= freshUntil) equal(fresh, undefined, `get ${start - freshUntil} ms after the ttl was over`)
    if (end < staleUntil) {
      equal(stale, "v", `get of a stale one ${staleUntil - end} ms before grace is over`)
      nearest[1] = staleUntil - end
    }
    await sleep(1)
  }
  return Math.max(...nearest) <= 5
}

/** Sets `key` to "v" and waits until its ttl is over. */
async function expired(cache: CacheWrapper, key: string, options: { grace?: "1h" }): Promise<void> {
  await cache.set(key, "v", { ttl: 20, ...options })
  await past(now() + 20)
}
