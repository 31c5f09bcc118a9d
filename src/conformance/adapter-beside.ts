import { now } from "../base/clock.ts"
import { ability, type ConformanceCase, check, equal, hour, law, past, recordOf } from "./law.ts"
import { show } from "./same.ts"

/** What an adapter may have besides its records: listeners, a bus, a near tier, copies of its own. */
export const beside: readonly ConformanceCase[] = [
  law(
    "observe affects no call, and returns a function that stops it, once or twice",
    { needs: "observe" },
    async ({ adapter }) => {
      const off: unknown = ability(
        adapter,
        "observe",
      )(() => {
        throw new Error("observe: what a listener throws must reach no caller")
      })
      check(typeof off === "function", `observe: expected a function that stops it, got ${show(off)}`)
      await adapter.set("k", recordOf(adapter, "v"), hour)
      equal(await adapter.get("k"), recordOf(adapter, "v"), "get while somebody listens")
      for (let times = 2; times > 0; times--) Reflect.apply(Object(off), undefined, [])
      equal(await adapter.delete("k"), true, "delete after nobody listens any more")
    },
  ),
  law("forget drops copies, and no records", { needs: "forget" }, async ({ adapter }) => {
    const forget = ability(adapter, "forget")
    await forget([])
    await forget(["absent"])
    for (const key of ["a", "b", "#token"]) await adapter.set(key, recordOf(adapter, key), hour)
    await forget(["a", "#token", "a"])
    for (const key of ["a", "b", "#token"]) {
      equal(await adapter.get(key), recordOf(adapter, key), `get of ${key} after forget`)
    }
  }),
  law(
    "tokenChanges counts version tokens that are created, changed or removed, in any way",
    { needs: "tokenChanges" },
    async ({ adapter }) => {
      // One line of text, as a cache writes tokens.
      const token = (text: string) => (adapter.medium === "bytes" ? new TextEncoder().encode(text) : text)
      const [old, other] = [token("old"), token("new")]
      const ways: Readonly<Record<string, () => unknown>> = {
        set: () => adapter.set("#t", other, Infinity),
        delete: () => adapter.delete("#t"),
        clear: () => adapter.clear("#"),
        ...(adapter.setMany && { setMany: () => adapter.setMany?.([["#t", other, Infinity]]) }),
        ...(adapter.deleteMany && { deleteMany: () => adapter.deleteMany?.(["#t"]) }),
        ...(adapter.add && { add: () => adapter.add?.("#t", other, Infinity) }),
      }
      for (const [way, change] of Object.entries(ways)) {
        if (way === "add") await adapter.delete("#t")
        else await adapter.set("#t", old, Infinity)
        // A cache that relies on the count has read the token before.
        await adapter.get("#t")
        const before = ability(adapter, "tokenChanges")()
        await change()
        check(
          ability(adapter, "tokenChanges")() !== before,
          `tokenChanges: ${way} of a token was not counted`,
        )
      }
    },
  ),
  law(
    "what one handle publishes on its bus another receives, until it unsubscribes",
    { needs: "bus shared" },
    async ({ adapter, another, later }) => {
      const [mine, its] = [ability(adapter, "bus"), ability(await another(), "bus")]
      const heard: string[] = []
      const stop = its.subscribe(({ keys }) => heard.push(...keys))
      later(stop)
      const tell = (key: string) =>
        mine.publish({ isocache: 1, origin: "conformance", keys: [key], prefixes: [] })
      tell("first")
      // A bus that may lose messages need not deliver this one.
      if (mine.lossy === true) return
      const start = now()
      while (heard.length === 0 && now() < start + 2_000) await past(now() + 10)
      equal(heard, ["first"], "keys heard")
      stop()
      tell("second")
      await past(now() + 50)
      equal(heard, ["first"], "keys heard after it stopped")
    },
  ),
  law(
    'a storage that copies by itself shares no object: its copy is "own"',
    { needs: "own" },
    async ({ adapter }) => {
      const make = () => ({ list: [{ n: 1 }], map: new Map([["k", { n: 1 }]]) })
      const change = (record: unknown) => Object.assign(Object(record).list[0], { n: 2 })
      const given = make()
      const written = adapter.set("k", given, hour)
      change(given)
      await written
      change(await adapter.get("k"))
      equal(await adapter.get("k"), make(), "get after what was given and what came out were changed")
    },
  ),
]
