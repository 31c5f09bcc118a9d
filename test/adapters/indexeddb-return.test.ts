import fc from "fast-check"
import { expect, test } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { CacheWrapper } from "../../src/core.ts"
import { raise, settle, setup } from "../support/indexeddb-setup.ts"

const long = { ttl: "1h", grace: "7d" } as const

/** Two tabs on one database, and the means to take it away from the first: memory stands in for it there. */
function twoTabs({ clock, faults } = setup(), name = "isocache") {
  const one = new CacheWrapper({ adapter: indexeddb({ name }) })
  const two = new CacheWrapper({ adapter: indexeddb({ name }) })
  const lose = async () => {
    await one.get("opened")
    faults.transaction = () => raise("InvalidStateError")
    await one.get("lost")
    faults.transaction = () => undefined
  }
  const comeBack = async () => {
    await clock.advance(30_000)
    await one.get("back")
    await settle()
  }
  const close = () => Promise.all([one, two].map(({ adapter }) => adapter.close?.()))
  return { clock, one, two, lose, comeBack, close }
}

test("what others wrote, deleted and invalidated while the database was lost to a tab stays so", async () => {
  const { one, two, lose, comeBack } = twoTabs()
  await lose()
  await one.set("written", "old", long)
  await one.set("deleted", "old", long)
  await one.set("tagged", "old", { ...long, tags: ["tag"] })
  await two.set("written", "new", long)
  await two.delete("deleted")
  await two.invalidateTags("tag")
  await two.set("later", "new", { ...long, tags: ["tag"] })
  await comeBack()
  for (const tab of [one, two]) {
    expect(await tab.getMany(["deleted", "tagged", "later"])).toEqual([undefined, undefined, "new"])
    expect(await tab.get("written")).not.toBe("old")
  }
})

test("what others have in a database survives that a tab had lost it", async () => {
  const { one, two, lose, comeBack } = twoTabs()
  const users = two.region("users")
  await two.set("article", 1, long)
  await users.set("42", 2, { ...long, tags: ["people"] })
  await lose()
  await one.set("other", 3, long)
  await one.region("users").set("43", 4, { ...long, tags: ["people"] })
  expect(await one.region("users").get("43")).toBe(4)
  await comeBack()
  for (const tab of [one, two]) {
    expect([await tab.get("article"), await tab.region("users").get("42")]).toEqual([1, 2])
  }
})

test("what a tab ends while it has lost the database is ended for all when it comes back", async () => {
  const { one, two, lose, comeBack } = twoTabs()
  for (const key of ["deleted", "written", "stays"]) await two.set(key, 1, long)
  await two.set("tagged", 1, { ...long, tags: ["tag"] })
  await two.set("expired", 1, { ...long, tags: ["soft"] })
  await two.region("ended").set("k", 1, long)
  await two.region("cleared").set("k", 1, long)
  await lose()
  await one.delete("deleted")
  await one.set("written", 2, long)
  await one.invalidateTags("tag")
  await one.invalidateTags("soft", { mode: "soft" })
  await one.region("ended").invalidate()
  await one.region("cleared").clear()
  await comeBack()
  for (const tab of [one, two]) {
    expect(await tab.getMany(["deleted", "tagged", "expired", "stays"])).toEqual([
      undefined,
      undefined,
      undefined,
      1,
    ])
    expect(await tab.get("expired", { stale: true })).toBe(1)
    expect([undefined, 2]).toContain(await tab.get("written"))
    expect(await tab.region("ended").get("k", { stale: true })).toBeUndefined()
    expect(await tab.region("cleared").get("k", { stale: true })).toBeUndefined()
  }
})

test("an expired entry keeps the end of its grace, even if it is expired again without the database", async () => {
  const { clock, one, two, lose, comeBack } = twoTabs()
  const staleUntil = async () => (await two.getEntry("k", { stale: true }))?.staleUntil
  await two.set("k", 1, { ttl: "1h", grace: "1h" })
  await two.invalidate({ mode: "soft" })
  const end = await staleUntil()
  for (let i = 0; i < 12; i++) {
    await lose()
    await clock.advance(1_000)
    await one.invalidate({ mode: "soft" })
    await comeBack()
    expect(await staleUntil()).toBe(end)
  }
  await two.invalidate({ mode: "soft" })
  expect(await staleUntil()).toBe(end)
})

test("a load under an invalidation of its own does not outlive one that others made in the meantime", async () => {
  const { clock, one, two, lose, comeBack } = twoTabs()
  await two.set("warm", 1, { ...long, tags: ["tag"] })
  await lose()
  await one.invalidateTags("tag")
  const load = one.getOrSet("k", () => clock.after(40_000, "old"), { ...long, tags: ["tag"] })
  await settle()
  await two.invalidateTags("tag")
  await comeBack()
  await clock.advance(10_000)
  expect(await load).toBe("old")
  await settle()
  for (const tab of [one, two]) expect(await tab.get("k")).toBeUndefined()
})

test("whatever two tabs do, no older value comes back with the database", { timeout: 120_000 }, async () => {
  const verbs = ["set", "set", "delete", "hard", "soft", "region", "clear"] as const
  const step = fc.record({
    tab: fc.constantFrom(0, 1),
    verb: fc.constantFrom(...verbs),
    key: fc.constantFrom("a", "b"),
  })
  const program = fc.tuple(fc.array(step, { maxLength: 5 }), fc.array(step, { minLength: 1, maxLength: 8 }))
  const database = setup()
  let runs = 0
  await fc.assert(
    fc.asyncProperty(program, async ([before, during]) => {
      const { clock, one, two, lose, comeBack, close } = twoTabs(database, `run ${runs++}`)
      const tabs = [one, two]
      const latest = new Map<string, number>()
      const fresh = new Set<string>()
      let value = 0
      const run = async ({ tab, verb, key }: { tab: number; verb: (typeof verbs)[number]; key: string }) => {
        const region = tabs[tab]?.region("r")
        await clock.advance(1)
        if (verb === "set") {
          latest.set(key, ++value)
          fresh.add(key)
          await region?.set(key, value, { ...long, tags: [key] })
        } else if (verb === "soft") {
          fresh.delete(key)
          await region?.invalidateTags(key, { mode: "soft" })
        } else {
          for (const ended of verb === "hard" || verb === "delete" ? [key] : ["a", "b"]) latest.delete(ended)
          if (verb === "delete") await region?.delete(key)
          if (verb === "hard") await region?.invalidateTags(key)
          if (verb === "region") await region?.invalidate()
          if (verb === "clear") await region?.clear()
        }
      }
      for (const each of before) await run(each)
      await lose()
      for (const each of during) await run(each)
      await comeBack()
      for (const tab of tabs) {
        for (const key of ["a", "b"]) {
          const entry = await tab.region("r").getEntry(key, { stale: true })
          if (!entry) continue
          expect(entry.value).toBe(latest.get(key))
          if (!entry.stale) expect(fresh).toContain(key)
        }
      }
      await close()
    }),
    { numRuns: 60 },
  )
})
