import { countingAllBut, endlessBus, mute, outspoken, sharing } from "./besides.ts"
import {
  addInSteps,
  type Broken,
  clearBy,
  emptied,
  folded,
  like,
  once,
  rationed,
  wholeBuffers,
} from "./breaks.ts"
import { folds, lossy } from "./folds.ts"
import { mortal, unrenewed } from "./lives.ts"
import { endless, locks } from "./locks.ts"

const asItWas = "a record comes back as it was: quotes, NUL, emoji, part of a buffer"
const clears = "clear removes what starts with the prefix, and nothing else"
const copies = 'a storage that copies by itself shares no object: its copy is "own"'
const ends = "a lease holds for its ttl, and ends by itself"
const hears = "what one handle publishes on its bus another receives, until it unsubscribes"
const lasts = "a record is kept for its ttl: seconds, 60 days, 300 years, Infinity, fractions"
const lives = "setMany sets each, with its own life"
const many = "getMany returns records in the keys' order, absent ones and duplicates included"
const meets = "any string is a key, and no two keys collide"
const observes = "observe affects no call, and returns a function that stops it, once or twice"
const prunes = "prune drops what has expired at the given moment, and returns how many"
const stays = "a version token is a key like any other, and stays"

/** Adapters that are wrong in one way, each with the law that must notice. */
export const defects: readonly (readonly [defect: string, law: string, broken: Broken])[] = [
  ["null for an absent key", "an absent key is undefined", (it) => ({ get: (key) => it.get(key) ?? null })],
  ["delete that says yes", "deleting an absent key returns false", () => ({ delete: () => true })],
  [
    "delete that says no",
    "delete removes, and returns whether the key existed",
    (it) => ({ delete: (key) => it.delete(key) && false }),
  ],
  [
    "delete that removes nothing",
    "a deleted key can be set again",
    (it) => ({ delete: () => true, set: once(it) }),
  ],
  ["set that never replaces", "a second set replaces the record", (it) => ({ set: once(it) })],
  ["set that keeps the first life", "a second set replaces the life of the record", unrenewed],
  [
    "a ttl of 32 bits",
    lasts,
    (it) => ({ set: (key, record, ttl) => it.set(key, record, ttl === Infinity ? ttl : ttl | 0) }),
  ],
  [
    "an endless ttl taken for none",
    lasts,
    (it) => ({ set: (key, record, ttl) => it.set(key, record, ttl === Infinity ? 0 : ttl) }),
  ],
  ["records dropped at half their ttl", lasts, (it) => mortal(it, ({ ttl }) => ttl / 2)],
  ...(["add", "setMany"] as const).map((broken): [string, string, Broken] => [
    `records that ${broken} has put dropped at half their ttl`,
    lasts,
    (it) => mortal(it, ({ ttl, way }) => (way === broken ? ttl / 2 : ttl)),
  ]),
  ["records trimmed", asItWas, (it) => ({ get: (key) => it.get(key)?.toString().trim() })],
  ["views kept with their whole buffer", asItWas, wholeBuffers(["set", "add", "setMany"])],
  ["views that add keeps with their whole buffer", asItWas, wholeBuffers(["add"])],
  ...folds.map(([how, fold]): [string, string, Broken] => [`keys ${how}`, meets, folded(fold)]),
  [
    "clear of the first 1 000",
    "1 100 keys are set, got, deleted and cleared at once",
    (it) => ({ clear: (prefix) => void it.deleteMany([...it.keys(prefix)].slice(0, 1000)) }),
  ],
  [
    "keys that end at 1 000",
    "1 100 keys are listed and cleared",
    (it) => ({ keys: (prefix) => [...it.keys(prefix)].slice(0, 1000) }),
  ],
  ["clear that clears all", clears, (it) => ({ clear: () => it.clear("") })],
  [
    "clear of what contains the prefix",
    clears,
    (it) => ({ clear: clearBy(it, (key, prefix) => key.includes(prefix)) }),
  ],
  [
    "clear of what is like a pattern",
    clears,
    (it) => ({ clear: clearBy(it, (key, prefix) => like(prefix).test(key)) }),
  ],
  [
    "clear without regard to case",
    clears,
    (it) => ({ clear: clearBy(it, (key, prefix) => key.toLowerCase().startsWith(prefix.toLowerCase())) }),
  ],
  [
    "clear that is lossy about surrogates",
    clears,
    (it) => ({ clear: clearBy(it, (key, prefix) => lossy(key).startsWith(lossy(prefix))) }),
  ],
  [
    "clear of a range that ends early",
    clears,
    (it) => ({ clear: clearBy(it, (key, prefix) => key >= prefix && key < `${prefix}\uffff`) }),
  ],
  [
    "clear that forgets long keys",
    "clear of the empty prefix removes everything",
    (it) => ({ clear: clearBy(it, (key, prefix) => key.length < 600 && key.startsWith(prefix)) }),
  ],
  [
    "keys that are cut",
    "keys lists every hostile key, whole and once",
    (it) => ({ keys: (prefix) => [...it.keys(prefix)].map((key) => key.slice(0, 600)) }),
  ],
  [
    "keys without version tokens",
    "keys lists every hostile key, whole and once",
    (it) => ({ keys: (prefix) => [...it.keys(prefix)].filter((key) => !key.startsWith("#")) }),
  ],
  [
    "keys twice",
    "keys lists a key once that was set twice, and none that was deleted",
    (it) => ({ keys: (prefix) => [...it.keys(prefix), ...it.keys(prefix)] }),
  ],
  [
    "keys of all",
    "keys lists what starts with the prefix, and nothing else",
    (it) => ({ keys: () => it.keys("") }),
  ],
  ["getMany without duplicates", many, (it) => ({ getMany: (keys) => it.getMany([...new Set(keys)]) })],
  ["getMany without absent ones", many, (it) => ({ getMany: (keys) => it.getMany(keys).filter(Boolean) })],
  [
    "getMany that empties the list it is given",
    many,
    (it) => ({ getMany: (keys) => it.getMany(emptied(keys)) }),
  ],
  [
    "setMany that empties the list it is given",
    lives,
    (it) => ({ setMany: (entries) => it.setMany(emptied(entries)) }),
  ],
  [
    "deleteMany that empties the list it is given",
    "deleteMany returns how many existed",
    (it) => ({ deleteMany: (keys) => it.deleteMany(emptied(keys)) }),
  ],
  [
    "setMany that keeps the first",
    "setMany with a key twice keeps the last",
    (it) => ({ setMany: (entries) => it.setMany([...entries].reverse()) }),
  ],
  [
    "setMany with one life for all",
    lives,
    (it) => ({
      setMany: (entries) =>
        it.setMany(entries.map(([key, record, ttl]) => [key, record, ttl === Infinity ? 0 : ttl])),
    }),
  ],
  ["setMany with the first life for all", lives, (it) => mortal(it, ({ first }) => first)],
  ["setMany with the last life for all", lives, (it) => mortal(it, ({ last }) => last)],
  [
    "deleteMany that counts what it was asked",
    "deleteMany returns how many existed",
    (it) => ({ deleteMany: (keys) => Math.max(keys.length, it.deleteMany(keys)) }),
  ],
  [
    "deleteMany that counts a key as often as it is named",
    "deleteMany returns how many existed",
    (it) => ({
      deleteMany: (keys) => {
        const there = keys.filter((key) => it.get(key) !== undefined)
        it.deleteMany(keys)
        return there.length
      },
    }),
  ],
  [
    "setMany of 1 000 at most",
    "1 100 keys go through setMany, getMany and deleteMany",
    (it) => ({ setMany: (entries) => it.setMany(entries.slice(0, 1_000)) }),
  ],
  [
    "records dropped before their time",
    "an entry is fresh to the last millisecond of its ttl, and stale to the last of its grace",
    (it) => mortal(it, ({ ttl }) => ttl - 30),
  ],
  [
    "version tokens that cannot be removed",
    "a version token that was lost counts as changed",
    (it) => ({ delete: (key) => key.startsWith("#") || it.delete(key) }),
  ],
  [
    "add that caps the life of tokens at 500 ms",
    stays,
    (it) => mortal(it, ({ ttl, way, key }) => (way === "add" && key[0] === "#" ? Math.min(ttl, 500) : ttl)),
  ],
  ["a life of 500 ms at most", stays, (it) => mortal(it, ({ ttl }) => Math.min(ttl, 500))],
  [
    "records of 1 000 000 characters at most",
    "1 MB of bytes comes back as it was",
    (it) => ({ get: (key) => it.get(key)?.slice(0, 1_000_000) }),
  ],
  ["900 sets and no more", "1 000 keys are loaded at once, each once", (it) => ({ set: rationed(it, 900) })],
  ["prune by its own clock", prunes, (it) => ({ prune: () => it.prune(Date.now()) })],
  ["prune that drops all", prunes, (it) => ({ prune: () => it.deleteMany([...it.keys("")]) })],
  [
    "prune that drops version tokens",
    prunes,
    (it) => ({
      prune(time) {
        it.deleteMany([...it.keys("#")])
        return it.prune(time)
      },
    }),
  ],
  [
    "add that replaces",
    "add sets an absent key, and leaves a present one",
    (it) => ({
      add(key, record, ttl) {
        it.set(key, record, ttl)
        return true
      },
    }),
  ],
  [
    "add in two steps",
    "of 50 concurrent adds, one succeeds, and its record stays",
    (it) => ({ add: addInSteps(it) }),
  ],
  [
    "a lock for everybody",
    "a lease is held by one, until it is released",
    () => ({ lock: () => ({ release() {} }) }),
  ],
  ["a lock in two steps", "of 20 concurrent locks, one succeeds", () => ({ lock: locks({ inSteps: true }) })],
  ["a lock without end", ends, () => ({ lock: locks({ endless: true }) })],
  ["a lock that ends at a quarter of its ttl", ends, () => ({ lock: locks({ share: 1 / 4 }) })],
  [
    "a lock that outlives its holder",
    "the lease of a holder that disappears ends by itself",
    () => ({ lock: endless }),
  ],
  [
    "a release without an owner",
    "a late release leaves the lease of the next owner alone",
    () => ({ lock: locks({ ownerless: true }) }),
  ],
  [
    "one lock for all keys",
    "leases on different keys are different, hostile keys too",
    () => ({ lock: locks({ single: true }) }),
  ],
  [
    "a lease kept as a record",
    "a lease is no record, and a record no lease",
    (it) => ({
      lock: (key, ttl) => (it.add(key, "lease", ttl) ? { release: () => void it.delete(key) } : undefined),
    }),
  ],
  ["observe that cannot be stopped", observes, () => ({ observe: (() => {}) as never })],
  ["observe whose listeners fail writes", observes, outspoken],
  [
    "forget that removes",
    "forget drops copies, and no records",
    (it) => ({ forget: (keys) => void it.deleteMany(keys) }),
  ],
  ...(["set", "delete", "clear", "setMany", "deleteMany", "add"] as const).map(
    (way): [string, string, Broken] => [
      `tokenChanges that counts all but ${way}`,
      "tokenChanges counts version tokens that are created, changed or removed, in any way",
      countingAllBut(way),
    ],
  ),
  ["a bus that nobody hears", hears, () => ({ bus: mute })],
  ["a bus that nobody can leave", hears, () => ({ bus: endlessBus })],
  ["a storage that keeps what it is given", copies, sharing("out")],
  ["a storage that hands out what it keeps", copies, sharing("in")],
]
