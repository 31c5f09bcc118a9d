import { now } from "../base/clock.ts"
import { ability, type ConformanceCase, equal, equalEach, hour, law, numbers, past, recordOf } from "./law.ts"

/** Many keys at once: in order, with duplicates, beyond the limits of a single request. */
export const batches: readonly ConformanceCase[] = [
  law(
    "getMany returns records in the keys' order, absent ones and duplicates included",
    { needs: "getMany" },
    async (scene) => {
      const { adapter } = scene
      for (const key of ["a", "b", "c"]) await adapter.set(key, recordOf(adapter, key), hour)
      const asked = ["c", "absent", "a", "c", "b", "absent"]
      const expected = asked.map((key) => (key === "absent" ? undefined : recordOf(adapter, key)))
      const given = [...asked]
      equalEach(await ability(adapter, "getMany")(given), expected, "getMany")
      equal(given, asked, "the keys that getMany was given, after it")
    },
  ),
  law("getMany of no keys is empty", { needs: "getMany", always: true }, async ({ adapter }) => {
    equal([...(await ability(adapter, "getMany")([]))], [], "getMany")
  }),
  law(
    "getMany of absent keys is undefined for each",
    { needs: "getMany", always: true },
    async ({ adapter }) => {
      equal(
        [...(await ability(adapter, "getMany")(["a", "b", "a"]))],
        [undefined, undefined, undefined],
        "getMany",
      )
    },
  ),
  law("setMany sets each, with its own life", { needs: "setMany" }, async ({ adapter }) => {
    await adapter.set("b", recordOf(adapter, "old"), hour)
    const entries = [
      ["first", recordOf(adapter, "brief"), 1],
      ["a", recordOf(adapter, "a"), hour],
      ["b", recordOf(adapter, "b"), Infinity],
      ["", recordOf(adapter, "empty"), 60 * 24 * hour],
      ["last", recordOf(adapter, "brief"), 1],
    ] as const
    const given = [...entries]
    await ability(adapter, "setMany")(given)
    equal(given, entries, "the entries that setMany was given, after it")
    // Records with a short ttl may be gone by then, but no others.
    await past(now() + 20)
    equal(await adapter.get("a"), recordOf(adapter, "a"), "get")
    equal(await adapter.get("b"), recordOf(adapter, "b"), "get of a replaced one")
    equal(await adapter.get(""), recordOf(adapter, "empty"), "get of the empty key")
  }),
  law("setMany with a key twice keeps the last", { needs: "setMany" }, async ({ adapter }) => {
    await ability(
      adapter,
      "setMany",
    )([
      ["a", recordOf(adapter, "first"), hour],
      ["b", recordOf(adapter, "b"), hour],
      ["a", recordOf(adapter, "last"), hour],
    ])
    equal(await adapter.get("a"), recordOf(adapter, "last"), "get")
    equal(await adapter.get("b"), recordOf(adapter, "b"), "get of the other")
  }),
  law("setMany of nothing does nothing", { needs: "setMany", always: true }, async ({ adapter }) => {
    await ability(adapter, "setMany")([])
  }),
  law("deleteMany returns how many existed", { needs: "deleteMany" }, async ({ adapter }) => {
    for (const key of ["a", "b", "c"]) await adapter.set(key, recordOf(adapter, key), hour)
    const given = ["a", "absent", "c", "a"]
    equal(await ability(adapter, "deleteMany")(given), 2, "deleteMany, a key twice")
    equal(given, ["a", "absent", "c", "a"], "the keys that deleteMany was given, after it")
    equal(await adapter.get("a"), undefined, "get of a deleted one")
    equal(await adapter.get("b"), recordOf(adapter, "b"), "get of the other")
    equal(await ability(adapter, "deleteMany")(["a", "c"]), 0, "deleteMany a second time")
  }),
  law("deleteMany of no keys is 0", { needs: "deleteMany", always: true }, async ({ adapter }) => {
    equal(await ability(adapter, "deleteMany")([]), 0, "deleteMany")
  }),
  law(
    "1 100 keys go through setMany, getMany and deleteMany",
    { needs: "setMany getMany deleteMany" },
    async (scene) => {
      const { adapter } = scene
      const keys = numbers.map((at) => `key ${at}`)
      await ability(adapter, "setMany")(keys.map((key) => [key, recordOf(adapter, key), hour] as const))
      const got = await ability(adapter, "getMany")(["absent", ...keys])
      equal(got.length, 1_101, "length of getMany")
      equal(got[0], undefined, "getMany of the absent one")
      for (const at of numbers) equal(got[at + 1], recordOf(adapter, `key ${at}`), `getMany at ${at + 1}`)
      equal(await ability(adapter, "deleteMany")(keys), 1_100, "deleteMany")
      equal(await adapter.get("key 0"), undefined, "get of the first")
      equal(await adapter.get("key 1099"), undefined, "get of the last")
    },
  ),
  law(
    "prune drops what has expired at the given moment, and returns how many",
    { needs: "prune" },
    async (scene) => {
      const { adapter } = scene
      const prune = ability(adapter, "prune")
      for (const key of ["a", "b", "c"]) await adapter.set(key, recordOf(adapter, key), hour)
      await adapter.set("long", recordOf(adapter, "long"), 60 * 24 * hour)
      await adapter.set("forever", recordOf(adapter, "forever"), Infinity)
      await adapter.set("#token", recordOf(adapter, "token"), Infinity)
      equal(await prune(Date.now()), 0, "prune while all live")
      equal(await adapter.get("a"), recordOf(adapter, "a"), "get after a prune with nothing to do")
      equal(await prune(Date.now() + 2 * hour), 3, "prune two hours later")
      equal(await adapter.get("a"), undefined, "get of a pruned one")
      equal(await adapter.get("long"), recordOf(adapter, "long"), "get of a longer life")
      equal(await adapter.get("forever"), recordOf(adapter, "forever"), "get of an endless life")
      equal(await adapter.get("#token"), recordOf(adapter, "token"), "get of a version token")
      equal(await prune(Date.now() + 2 * hour), 0, "prune a second time")
    },
  ),
]
