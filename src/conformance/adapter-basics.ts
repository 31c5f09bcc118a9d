import { now } from "../base/clock.ts"
import { shortlyBeforeEnd } from "./deadline.ts"
import { type ConformanceCase, check, equal, hour, law, past, recordOf, writesOf } from "./law.ts"

/** get, set, delete, open and close: laws for every adapter. */
export const basics: readonly ConformanceCase[] = [
  law("an absent key is undefined", { always: true }, async ({ adapter }) => {
    equal(await adapter.get("absent"), undefined, "get of an absent key")
  }),
  law("deleting an absent key returns false", { always: true }, async ({ adapter }) => {
    equal(await adapter.delete("absent"), false, "delete of an absent key")
  }),
  law("clearing an empty storage does nothing", { always: true }, async ({ adapter }) => {
    await adapter.clear("")
    await adapter.clear("a")
    equal(await adapter.get("a"), undefined, "get after clear")
  }),
  law(
    "its medium is object, bytes or text, and its name is a word",
    { always: true },
    async ({ adapter }) => {
      check(["object", "bytes", "text"].includes(adapter.medium), `medium is ${String(adapter.medium)}`)
      check(typeof adapter.name === "string" && adapter.name !== "", "name is empty")
    },
  ),
  law("what is set is read back", {}, async ({ adapter }) => {
    await adapter.set("k", recordOf(adapter, "v"), hour)
    equal(await adapter.get("k"), recordOf(adapter, "v"), "get")
    equal(await adapter.get("k"), recordOf(adapter, "v"), "get a second time")
  }),
  law("a second set replaces the record", {}, async ({ adapter }) => {
    await adapter.set("k", recordOf(adapter, "old, and longer than the new one"), hour)
    await adapter.set("k", recordOf(adapter, "new"), hour)
    equal(await adapter.get("k"), recordOf(adapter, "new"), "get")
  }),
  law("a second set replaces the life of the record", {}, async ({ adapter }) => {
    await adapter.set("k", recordOf(adapter, "short"), 1)
    await adapter.set("k", recordOf(adapter, "long"), hour)
    await adapter.set("forever", recordOf(adapter, "short"), 1)
    await adapter.set("forever", recordOf(adapter, "forever"), Infinity)
    await past(now() + 20)
    equal(await adapter.get("k"), recordOf(adapter, "long"), "get after the first life")
    equal(await adapter.get("forever"), recordOf(adapter, "forever"), "get after the first life")
  }),
  law("delete removes, and returns whether the key existed", {}, async ({ adapter }) => {
    await adapter.set("k", recordOf(adapter, "v"), hour)
    await adapter.set("l", recordOf(adapter, "w"), hour)
    equal(await adapter.delete("k"), true, "delete")
    equal(await adapter.get("k"), undefined, "get after delete")
    equal(await adapter.delete("k"), false, "delete a second time")
    equal(await adapter.get("l"), recordOf(adapter, "w"), "get of the neighbour")
  }),
  law("a deleted key can be set again", {}, async ({ adapter }) => {
    await adapter.set("k", recordOf(adapter, "old"), hour)
    await adapter.delete("k")
    await adapter.set("k", recordOf(adapter, "new"), hour)
    equal(await adapter.get("k"), recordOf(adapter, "new"), "get")
  }),
  law(
    "a record is kept for its ttl: seconds, 60 days, 300 years, Infinity, fractions",
    {},
    async ({ adapter }) => {
      const lives = [20_000, 30_000.5, 59_999, 60_000, hour, 60 * 24 * hour, 2 ** 31 * 1_000, 1e13, Infinity]
      for (const ttl of lives) await adapter.set(`ttl ${ttl}`, recordOf(adapter, String(ttl)), ttl)
      for (const ttl of lives) {
        equal(await adapter.get(`ttl ${ttl}`), recordOf(adapter, String(ttl)), `get with a ttl of ${ttl} ms`)
      }
      const ways = writesOf(adapter)
      const seen = await shortlyBeforeEnd(
        (key, ttl) => Promise.all(ways.map(([way, write]) => write(key + way, recordOf(adapter, way), ttl))),
        (key) => Promise.all(ways.map(([way]) => adapter.get(key + way))),
      )
      if (seen === undefined) return
      for (const [at, [way]] of ways.entries()) {
        equal(seen.found[at], recordOf(adapter, way), `get after ${way}, ${seen.when}`)
      }
    },
  ),
  law("a ttl of 0 or less is no error", { always: true }, async ({ adapter }) => {
    for (const ttl of [0, 0.5, -1]) await adapter.set("k", recordOf(adapter, "v"), ttl)
    await adapter.set("k", recordOf(adapter, "v"), hour)
  }),
  law("a record comes back as it was: quotes, NUL, emoji, part of a buffer", {}, async ({ adapter }) => {
    const labels = [
      "",
      "\n\n",
      "\r\n",
      "\0",
      "'\"`\\",
      "\u{1f600}\u20ac\u00e9",
      "42",
      "null",
      "true",
      '{"a":1}',
      "OK",
    ]
    for (const label of labels) {
      await adapter.set("k", recordOf(adapter, label), hour)
      equal(await adapter.get("k"), recordOf(adapter, label), `get of ${JSON.stringify(label)}`)
    }
    if (adapter.medium !== "bytes") return
    for (const [way, write] of writesOf(adapter)) {
      await write(way, new Uint8Array([9, 9, 1, 2, 3, 9]).subarray(2, 5), hour)
      equal(await adapter.get(way), new Uint8Array([1, 2, 3]), `get of part of a buffer, after ${way}`)
    }
  }),
  law("opening and closing twice is no error", { always: true }, async ({ adapter }) => {
    await adapter.open?.()
    await Promise.all([adapter.open?.(), adapter.open?.()])
    await adapter.get("k")
    await adapter.close?.()
    await adapter.close?.()
  }),
  law("closing right after opening is no error", { always: true }, async ({ adapter }) => {
    await adapter.close?.()
  }),
]
