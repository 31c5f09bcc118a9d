import { now } from "../base/clock.ts"
import { hostileKeys, named } from "./keys.ts"
import { type ConformanceCase, equal, hour, keysOf, law, past, recordOf, writesOf } from "./law.ts"

/**
 * Prefixes with keys of their own, and other keys that a careless search by pattern, collation or encoding would match.
 */
const prefixes: readonly (readonly [prefix: string, own: readonly string[], others: readonly string[]])[] = [
  ["a", ["a", "ab", "a:b", "a\0", "a\uffff"], ["", "A", "b", "\u00e1", " a"]],
  ["a:", ["a:", "a:b", "a::"], ["a", "ab", "a;b", "a9", "A:b"]],
  ["a*", ["a*", "a*b"], ["a", "ab", "axb"]],
  ["a?", ["a?", "a?b"], ["a", "ab", "axb"]],
  ["a[b]", ["a[b]", "a[b]c"], ["ab", "abc", "a[c]"]],
  ["a[", ["a[", "a[b]"], ["a", "ab"]],
  ["a\\", ["a\\", "a\\b"], ["a", "ab", "a/b"]],
  ["a\\*", ["a\\*", "a\\*b"], ["a\\", "a*", "a\\b"]],
  ["a%", ["a%", "a%b"], ["a", "ab"]],
  ["a_", ["a_", "a_b"], ["a", "ab", "axb"]],
  ["a%2F", ["a%2F", "a%2Fb"], ["a/", "a/b", "a%2f"]],
  ["../", ["../", "../a"], ["..", ".", "/"]],
  ["\u{1f600}", ["\u{1f600}", "\u{1f600}a"], ["\u{1f601}", "\ufffd"]],
  ["a\ud800", ["a\ud800", "a\ud800b"], ["a", "a\ud801", "a\ufffd", "a\ufffdb"]],
  ["\uffff", ["\uffff", "\uffffa"], ["\ufffe", "\u{10ffff}"]],
  ["\u{10ffff}", ["\u{10ffff}", "\u{10ffff}a"], ["\uffff", "\u{10fffe}"]],
  ["e\u0301", ["e\u0301", "e\u0301a"], ["\u00e9", "e"]],
  ["__proto__", ["__proto__", "__proto__x"], ["constructor"]],
  ["a ", ["a ", "a b"], ["a", "ab"]],
  ["p".repeat(600), ["p".repeat(600), "p".repeat(40_000)], ["p".repeat(599), "p".repeat(599).concat("q")]],
]

/** Keys and prefixes: any string, never confused with another. */
export const keys: readonly ConformanceCase[] = [
  law("any string is a key, and no two keys collide", {}, async ({ adapter }) => {
    const all = hostileKeys()
    for (const [at, key] of all.entries()) await adapter.set(key, recordOf(adapter, `record ${at}`), hour)
    for (const [at, key] of all.entries()) {
      equal(await adapter.get(key), recordOf(adapter, `record ${at}`), `get of ${named(key)}`)
    }
  }),
  law("a hostile key that was never set is absent", { always: true }, async ({ adapter }) => {
    for (const key of hostileKeys()) equal(await adapter.get(key), undefined, `get of ${named(key)}`)
  }),
  law("deleting a hostile key removes it and no other", {}, async ({ adapter }) => {
    const all = hostileKeys()
    await Promise.all(all.map((key, at) => adapter.set(key, recordOf(adapter, `record ${at}`), hour)))
    for (const [at, key] of all.entries()) {
      equal(await adapter.delete(key), true, `delete of ${named(key)}`)
      equal(await adapter.get(key), undefined, `get of the deleted ${named(key)}`)
      const next = all[at + 1]
      if (next !== undefined)
        equal(await adapter.get(next), recordOf(adapter, `record ${at + 1}`), named(next))
    }
  }),
  law("a version token is a key like any other, and stays", {}, async ({ adapter }) => {
    const ways = writesOf(adapter)
    const writes = ways.flatMap(([way, write]) => [
      write(`#by ${way}`, recordOf(adapter, "token"), Infinity),
      write(`by ${way}`, recordOf(adapter, "record"), hour),
    ])
    await Promise.all(writes)
    await adapter.set("#t", recordOf(adapter, "token"), Infinity)
    await adapter.set("t", recordOf(adapter, "record"), hour)
    equal(await adapter.get("#t"), recordOf(adapter, "token"), "get of the token")
    await adapter.clear("t")
    equal(
      await adapter.get("#t"),
      recordOf(adapter, "token"),
      "get of the token after clear of another prefix",
    )
    equal(await adapter.delete("#t"), true, "delete of the token")
    // A storage that took a token, or an hour, for something short-lived would have lost it by then.
    await past(now() + 600)
    for (const [way] of ways) {
      const later = `after ${way}, 600 ms later`
      equal(await adapter.get(`#by ${way}`), recordOf(adapter, "token"), `get of a token ${later}`)
      equal(await adapter.get(`by ${way}`), recordOf(adapter, "record"), `get ${later}`)
    }
  }),
  law("clear removes what starts with the prefix, and nothing else", {}, async ({ adapter }) => {
    for (const [prefix, own, others] of prefixes) {
      const label = (key: string) => recordOf(adapter, key.slice(0, 9))
      await Promise.all([...own, ...others].map((key) => adapter.set(key, label(key), hour)))
      await adapter.clear(prefix)
      const where = `after clear of ${named(prefix)}, get of `
      for (const key of own) equal(await adapter.get(key), undefined, where + named(key))
      for (const key of others) equal(await adapter.get(key), label(key), where + named(key))
      await adapter.clear("")
    }
  }),
  law("clear of the empty prefix removes everything", {}, async ({ adapter }) => {
    const all = [...hostileKeys(), "#token"]
    await Promise.all(all.map((key) => adapter.set(key, recordOf(adapter, "v"), hour)))
    await adapter.clear("")
    for (const key of all) equal(await adapter.get(key), undefined, `get of ${named(key)}`)
  }),
  law("keys lists nothing in an empty storage", { needs: "keys", always: true }, async ({ adapter }) => {
    equal(await keysOf(adapter, ""), [], "keys")
  }),
  law("keys lists every hostile key, whole and once", { needs: "keys" }, async ({ adapter }) => {
    const all = [...hostileKeys(), "#token"]
    await Promise.all(all.map((key) => adapter.set(key, recordOf(adapter, "v"), hour)))
    const listed = await keysOf(adapter, "")
    for (const key of all)
      equal(listed.filter((it) => it === key).length, 1, `times that keys lists ${named(key)}`)
    equal(listed.length, all.length, "number of keys")
  }),
  law("keys lists what starts with the prefix, and nothing else", { needs: "keys" }, async ({ adapter }) => {
    for (const [prefix, own, others] of prefixes) {
      for (const key of [...own, ...others]) await adapter.set(key, recordOf(adapter, "v"), hour)
      equal(await keysOf(adapter, prefix), [...own].sort(), `keys under ${named(prefix)}`)
      await adapter.clear("")
    }
  }),
  law(
    "keys lists a key once that was set twice, and none that was deleted",
    { needs: "keys" },
    async ({ adapter }) => {
      for (const key of ["a", "b", "a", "c"]) await adapter.set(key, recordOf(adapter, "v"), hour)
      await adapter.delete("c")
      equal(await keysOf(adapter, ""), ["a", "b"], "keys")
    },
  ),
  law("the iteration of keys may stop early", { needs: "keys" }, async ({ adapter }) => {
    for (const key of ["a", "b", "c"]) await adapter.set(key, recordOf(adapter, "v"), hour)
    let first: string | undefined
    for await (const key of adapter.keys?.("") ?? []) {
      first = key
      break
    }
    equal(first !== undefined && ["a", "b", "c"].includes(first), true, "the first key is one of them")
    await adapter.set("d", recordOf(adapter, "v"), hour)
    equal(await keysOf(adapter, ""), ["a", "b", "c", "d"], "keys")
  }),
]
