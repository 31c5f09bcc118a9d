import type { Adapter, Lease } from "../adapter.ts"
import { now } from "../base/clock.ts"
import { shortlyBeforeEnd } from "./deadline.ts"
import { hostileKeys, named } from "./keys.ts"
import { ability, type ConformanceCase, check, equal, hour, law, past, recordOf } from "./law.ts"

const minute = 60_000

/** add and lock: operations that decide between writers. */
export const locks: readonly ConformanceCase[] = [
  law("add sets an absent key, and leaves a present one", { needs: "add" }, async ({ adapter }) => {
    const add = ability(adapter, "add")
    equal(await add("k", recordOf(adapter, "first"), hour), true, "add")
    equal(await add("k", recordOf(adapter, "second"), hour), false, "add a second time")
    equal(await adapter.get("k"), recordOf(adapter, "first"), "get")
    await adapter.delete("k")
    equal(await add("k", recordOf(adapter, "third"), Infinity), true, "add after delete")
    equal(await adapter.get("k"), recordOf(adapter, "third"), "get after delete and add")
  }),
  law(
    "add leaves what set has put, and set replaces what add has put",
    { needs: "add" },
    async ({ adapter }) => {
      await adapter.set("k", recordOf(adapter, "set"), hour)
      equal(await ability(adapter, "add")("k", recordOf(adapter, "added"), hour), false, "add")
      equal(await adapter.get("k"), recordOf(adapter, "set"), "get after add")
      await ability(adapter, "add")("l", recordOf(adapter, "added"), hour)
      await adapter.set("l", recordOf(adapter, "set"), hour)
      equal(await adapter.get("l"), recordOf(adapter, "set"), "get after set")
    },
  ),
  law("of 50 concurrent adds, one succeeds, and its record stays", { needs: "add" }, async ({ adapter }) => {
    await oneAdds(adapter, [adapter])
  }),
  law(
    "of 50 concurrent adds by two handles, one succeeds",
    { needs: "add shared" },
    async ({ adapter, another }) => {
      await oneAdds(adapter, [adapter, await another()])
    },
  ),
  law("a lease is held by one, until it is released", { needs: "lock" }, async ({ adapter }) => {
    const first = await taken(adapter, "k", minute)
    await refused(adapter, "k", "while it is held")
    await first.release()
    await (await taken(adapter, "k", minute)).release()
  }),
  law(
    "a lease excludes the holder of another handle",
    { needs: "lock shared" },
    async ({ adapter, another }) => {
      const neighbour = await another()
      const first = await taken(adapter, "k", minute)
      await refused(neighbour, "k", "while the other handle holds it")
      await first.release()
      const second = await taken(neighbour, "k", minute)
      await refused(adapter, "k", "while the neighbour holds it")
      await second.release()
    },
  ),
  law("of 20 concurrent locks, one succeeds", { needs: "lock" }, async ({ adapter }) => {
    await oneLocks([adapter])
  }),
  law(
    "of 20 concurrent locks by two handles, one succeeds",
    { needs: "lock shared" },
    async ({ adapter, another }) => {
      await oneLocks([adapter, await another()])
    },
  ),
  law("a lease holds for its ttl, and ends by itself", { needs: "lock" }, async ({ adapter, later }) => {
    const ask = async (key: string, ttl: number) => {
      const lease = await ability(adapter, "lock")(key, ttl)
      later(() => lease?.release())
      return lease !== undefined
    }
    const seen = await shortlyBeforeEnd(
      async (key, ttl) => equal(await ask(key, ttl), true, "whether a lease was given"),
      (key) => ask(key, minute),
    )
    if (seen) equal(seen.found, false, `whether a second lease was given ${seen.when}`)
    const start = now()
    const first = await taken(adapter, "k", 40)
    const second = await whenFree(adapter, "k", start + 2_000)
    await first.release()
    await second.release()
  }),
  law("a late release leaves the lease of the next owner alone", { needs: "lock" }, async ({ adapter }) => {
    const start = now()
    const first = await taken(adapter, "k", 40)
    const second = await whenFree(adapter, "k", start + 2_000)
    await first.release()
    await refused(adapter, "k", "after the late release of the one before")
    await second.release()
    await (await taken(adapter, "k", minute)).release()
  }),
  law(
    "the lease of a holder that disappears ends by itself",
    { needs: "lock shared" },
    async ({ adapter, another }) => {
      const gone = await another()
      const start = now()
      await taken(gone, "k", 40)
      await gone.close?.()
      await (await whenFree(adapter, "k", start + 2_000)).release()
    },
  ),
  law(
    "releasing twice is no error, and does not release another's lease",
    { needs: "lock" },
    async ({ adapter }) => {
      const first = await taken(adapter, "k", minute)
      await first.release()
      await first.release()
      const second = await taken(adapter, "k", minute)
      await first.release()
      await refused(adapter, "k", "after a third release of the one before")
      await second.release()
    },
  ),
  law("leases on different keys are different, hostile keys too", { needs: "lock" }, async ({ adapter }) => {
    const held: Lease[] = []
    for (const key of hostileKeys()) held.push(await taken(adapter, key, minute))
    for (const key of ["", "a", "\ud800", "k".repeat(100_000)])
      await refused(adapter, key, `for ${named(key)}`)
    for (const lease of held) await lease.release()
  }),
  law("a lease is no record, and a record no lease", { needs: "lock" }, async ({ adapter }) => {
    const lease = await taken(adapter, "k", minute)
    equal(await adapter.get("k"), undefined, "get under a lease")
    await adapter.set("k", recordOf(adapter, "v"), hour)
    equal(await adapter.get("k"), recordOf(adapter, "v"), "get of what was set under a lease")
    await refused(adapter, "k", "after a set")
    await lease.release()
    equal(await adapter.get("k"), recordOf(adapter, "v"), "get after the release")
    await (await taken(adapter, "k", minute)).release()
  }),
]

/** Fails unless one of 50 concurrent `add`s of one key, spread over `handles`, succeeds and its record stays. */
async function oneAdds(adapter: Adapter, handles: readonly Adapter[]): Promise<void> {
  const added = await Promise.all(
    Array.from({ length: 50 }, (_, at) => {
      const handle = handles[at % handles.length] ?? adapter
      return ability(handle, "add")("k", recordOf(handle, `writer ${at}`), hour)
    }),
  )
  equal(added.filter((did) => did === true).length, 1, "how many added")
  equal(await adapter.get("k"), recordOf(adapter, `writer ${added.indexOf(true)}`), "get")
}

/** Fails unless one of 20 concurrent `lock`s of one key, spread over `handles`, succeeds. */
async function oneLocks(handles: readonly Adapter[]): Promise<void> {
  const asked = Array.from({ length: 20 }, (_, at) => handles[at % handles.length])
  const leases = await Promise.all(asked.map((handle) => handle?.lock?.("k", minute)))
  equal(leases.filter((lease) => lease !== undefined).length, 1, "how many hold the lease")
  for (const lease of leases) await lease?.release()
}

/** Takes a lease. Fails if there is none. */
async function taken(adapter: Adapter, key: string, ttl: number): Promise<Lease> {
  const lease = await ability(adapter, "lock")(key, ttl)
  if (lease === undefined) throw new Error(`lock of ${named(key)}: expected a lease, got undefined`)
  return lease
}

/** Fails if it gets a lease. */
async function refused(adapter: Adapter, key: string, when: string): Promise<void> {
  const lease = await ability(adapter, "lock")(key, minute)
  check(lease === undefined, `lock ${when}: expected undefined, got a lease`)
}

/** Requests a lease until it gets one, as a cache does. Fails after `until`, in ms since epoch. */
async function whenFree(adapter: Adapter, key: string, until: number): Promise<Lease> {
  for (;;) {
    const lease = await ability(adapter, "lock")(key, minute)
    if (lease !== undefined) return lease
    check(now() < until, "lock: a lease of 40 ms still holds after 2 seconds")
    await past(now() + 10)
  }
}
