import { cacheOver } from "./cache.ts"
import { type ConformanceCase, check, equal, equalEach, law } from "./law.ts"
import { same, show } from "./same.ts"
import { type KindOfValue, keptValues } from "./value-table.ts"

/** Where a value may stand: alone, and next to others that may confuse a serializer. */
const places: readonly (readonly [name: string, put: (make: () => unknown) => unknown])[] = [
  ["alone", (make) => make()],
  [
    "in an object",
    (make) => ({ before: null, value: make(), "a.b": make(), after: undefined, when: new Date(0) }),
  ],
  ["in an array", (make) => [undefined, make(), Number.NaN, "value", -0]],
  [
    "as the value of a Map",
    (make) =>
      new Map<unknown, unknown>([
        ["k", make()],
        [1n, { value: make() }],
      ]),
  ],
  ["in a Set", (make) => new Set([make(), "neighbour", 0n])],
  [
    "beside keys of Object.prototype",
    (make) => ({ constructor: make(), toString: { json: make(), meta: 1 } }),
  ],
]

/** The values of the contract come back as they were, from every adapter. */
export const values: readonly ConformanceCase[] = [
  ...keptValues.map(keeps),
  law("values come back by getEntry, getMany and getOrSet as by get", {}, async (scene) => {
    const cache = cacheOver(scene)
    const make = () => ({
      map: new Map([[1n, new Date(0)]]),
      list: [undefined, Number.NaN],
      bytes: new Uint8Array([1]),
    })
    await cache.set("k", make())
    equal((await cache.getEntry("k"))?.value, make(), "getEntry")
    equalEach(await cache.getMany(["k", "k"]), [make(), make()], "getMany")
    equal(await cache.getOrSet("k", () => "loaded"), make(), "getOrSet")
    equal(await cache.getOrSet("l", make), make(), "getOrSet that loads")
    equal(await cache.get("l"), make(), "get of what was loaded")
    await cache.setMany([["m", make()]])
    equal(await cache.get("m"), make(), "get of what setMany has set")
  }),
  law("1 MB of bytes comes back as it was", {}, async (scene) => {
    const cache = cacheOver(scene)
    const make = () => new Uint8Array(1_048_576).map((_, at) => (at * 31 + (at >> 8)) & 255)
    await cache.set("k", { before: 1, bytes: make(), after: new Date(0) })
    const got = await cache.get<{ bytes: unknown }>("k")
    check(
      same(got, { before: 1, bytes: make(), after: new Date(0) }),
      "get: expected 1 MB of bytes, got others",
    )
  }),
  law("a cached undefined is not a miss", {}, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", undefined)
    equal(await cache.has("k"), true, "has")
    const entry = await cache.getEntry("k")
    check(
      entry !== undefined && entry.value === undefined,
      `getEntry: expected an entry of undefined, got ${show(entry)}`,
    )
    equal(await cache.getEntry("absent"), undefined, "getEntry of an absent key")
    equal(await cache.get("k", { required: true }), undefined, "get that is required")
    equal(await cache.getOrSet("k", () => "loaded"), undefined, "getOrSet")
  }),
  law("null, undefined, false, 0, the empty string and NaN are loaded once", {}, async (scene) => {
    const cache = cacheOver(scene)
    for (const [at, value] of [null, undefined, false, 0, "", Number.NaN].entries()) {
      equal(await cache.getOrSet(`k${at}`, () => value), value, `getOrSet of ${show(value)}`)
      equal(await cache.getOrSet(`k${at}`, () => "again"), value, `a second getOrSet of ${show(value)}`)
    }
  }),
  law("reading hostile keys of a value changes no prototype", {}, async (scene) => {
    const cache = cacheOver(scene)
    const value: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    )
    await cache.set("k", value)
    const got = await cache.get("k")
    equal(got, value, "get")
    equal(Reflect.get({}, "polluted"), undefined, "a member of every object")
    check(
      Object.getPrototypeOf(got) === Object.prototype,
      "the prototype of the value: expected Object.prototype",
    )
  }),
  law("a Node Buffer comes back as Uint8Array", { needs: "copy" }, async (scene) => {
    // In a runtime without Buffer, what it must become takes its place.
    const Buffer: unknown = Reflect.get(globalThis, "Buffer")
    const make = () =>
      typeof Buffer === "function" && "from" in Buffer && typeof Buffer.from === "function"
        ? Buffer.from([0, 128, 255])
        : new Uint8Array([0, 128, 255])
    const cache = cacheOver(scene)
    await cache.set("k", make())
    await cache.set("l", { deep: [make()] })
    for (const got of [await cache.get("k"), (await cache.get<{ deep: unknown[] }>("l"))?.deep[0]]) {
      check(
        got instanceof Uint8Array && Object.getPrototypeOf(got) === Uint8Array.prototype,
        `get: ${show(got)}`,
      )
      equal(got, new Uint8Array([0, 128, 255]), "get")
    }
  }),
]

/** The law that a value comes back as it was, wherever it stands. */
function keeps({ name, make }: KindOfValue): ConformanceCase {
  return law(`a value comes back as it was: ${name}`, {}, async (scene) => {
    const cache = cacheOver(scene)
    for (const [place, put] of places) {
      await cache.set("k", put(make))
      const got = await cache.get("k")
      equal(got, put(make), `get of ${name} ${place}`)
    }
  })
}
