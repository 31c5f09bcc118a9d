import { cacheOver, refusal } from "./cache.ts"
import { type ConformanceCase, check, equal, law } from "./law.ts"

const secret = "hunter2"

class Account {
  readonly password: string = secret
}

/** What no storage keeps entirely. Each contains the secret, which no message may reveal. */
const refused: readonly (readonly [name: string, make: () => unknown])[] = [
  ["a function", () => () => "hunter2"],
  ["a symbol", () => Symbol("hunter2")],
  ["a promise", () => Promise.resolve(secret)],
  ["an instance of a class", () => new Account()],
]

/** What is refused; and isolation: changing inputs or results never changes the cache. */
export const refusals: readonly ConformanceCase[] = [
  ...refused.map(([name, make]) =>
    law(
      `set refuses ${name}, names its path and not its value, and stores nothing`,
      { needs: "copy", always: true },
      async (scene) => {
        const cache = cacheOver(scene)
        const root = await refusal(() => cache.set("k", make()), "VALUE_UNSUPPORTED", "set")
        check(!tells(root, secret), `the error of set tells the value: ${root.message}`)
        for (const value of [{ outer: { inner: make() } }, { outer: [1, { inner: make() }] }]) {
          const error = await refusal(() => cache.set("k", value), "VALUE_UNSUPPORTED", "set of a nested one")
          check(/outer.*inner/s.test(error.message), `the path is missing in: ${error.message}`)
          check(!tells(error, secret), `the error of set tells the value: ${error.message}`)
        }
        for (const value of [
          new Map([["outer", make()]]),
          new Set([make()]),
          [undefined, new Date(0), make()],
        ]) {
          await refusal(() => cache.set("k", value), "VALUE_UNSUPPORTED", "set in a collection")
        }
        await refusal(() => cache.setMany([["k", make()]]), "VALUE_UNSUPPORTED", "setMany")
        equal(await cache.has("k"), false, "has after the refusals")
      },
    ),
  ),
  law(
    "a loaded value that is refused is returned, reported and not stored",
    { needs: "copy", always: true },
    async (scene) => {
      const cache = cacheOver(scene)
      const codes: unknown[] = []
      cache.on("error", (event) => codes.push(Reflect.get(Object(event.error), "code")))
      const loaded = () => secret
      const got = await cache.getOrSet("k", () => ({ loaded }))
      check(got.loaded === loaded, "getOrSet: expected the loaded value itself")
      equal(await cache.has("k"), false, "has")
      equal(codes.includes("VALUE_UNSUPPORTED"), true, "an error event with VALUE_UNSUPPORTED was sent")
    },
  ),
  law("changing what was set changes nothing in the cache", { needs: "copy" }, async (scene) => {
    const cache = cacheOver(scene)
    const value = changeable()
    await cache.set("k", value)
    change(value)
    equal(await cache.get("k"), changeable(), "get")
    const loaded = await cache.getOrSet("l", changeable)
    change(loaded)
    equal(await cache.get("l"), changeable(), "get of a loaded one")
    const entries: [string, ReturnType<typeof changeable>][] = [["m", changeable()]]
    await cache.setMany(entries)
    change(entries[0]?.[1])
    equal(await cache.get("m"), changeable(), "get of one that setMany has set")
  }),
  law("changing what was read changes nothing in the cache", { needs: "copy" }, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", changeable())
    change(await cache.get("k"))
    equal(await cache.get("k"), changeable(), "get after a change by get")
    change((await cache.getEntry("k"))?.value)
    equal(await cache.get("k"), changeable(), "get after a change by getEntry")
    for (const got of await cache.getMany(["k", "k"])) change(got)
    equal(await cache.get("k"), changeable(), "get after a change by getMany")
    change(await cache.getOrSet("k", changeable))
    equal(await cache.get("k"), changeable(), "get after a change by getOrSet")
  }),
  law("two reads of a key return different objects", { needs: "copy" }, async (scene) => {
    const cache = cacheOver(scene)
    await cache.set("k", changeable())
    const [one, other] = await Promise.all([cache.get("k"), cache.get("k")])
    change(one)
    equal(other, changeable(), "what the other got")
  }),
]

function changeable() {
  return {
    text: "a",
    list: [{ n: 1 }],
    map: new Map([["k", { n: 1 }]]),
    set: new Set([1]),
    when: new Date(0),
    bytes: new Uint8Array(2),
  }
}

/** Changes `value` wherever possible. */
function change(value: unknown): void {
  const it = value as ReturnType<typeof changeable> // what every caller passes
  it.text = "changed"
  it.list.push({ n: 2 })
  Object.assign(it.list[0] ?? {}, { n: 3 })
  Object.assign(it.map.get("k") ?? {}, { n: 4 })
  it.set.add(5)
  it.when.setTime(6)
  it.bytes[0] = 7
}

/** Whether an error, or one of its causes, contains `text`. */
function tells(error: unknown, text: string): boolean {
  if (typeof error !== "object" || error === null) return String(error).includes(text)
  return (
    String(Reflect.get(error, "message")).includes(text) || ("cause" in error && tells(error.cause, text))
  )
}
