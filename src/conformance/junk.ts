import { cacheOver, forgeOver, refusal, soon } from "./cache.ts"
import { foreignTo, junkFor, payloads } from "./junk-table.ts"
import { type ConformanceCase, check, equal, hour, law, type Scene } from "./law.ts"
import { cut, cuts, flip, ofVersion, recordUnder, replace } from "./records.ts"
import { show } from "./same.ts"

/** Bytes read back are untrusted: whatever is in the storage, a read is a value or a miss. */
export const junk: readonly ConformanceCase[] = [
  law("junk in the storage is a miss, an error event, and removed", {}, async (scene) => {
    const { adapter } = scene
    for (const record of junkFor(adapter)) {
      const { cache, forge, errors } = await scenery(scene, { n: 1 })
      const [storageKey] = forge.written
      if (storageKey === undefined) throw new Error("set wrote nothing")
      await adapter.set(storageKey, record, hour)
      const what = `with ${show(record)} in the storage`
      equal(await cache.get("k"), undefined, `get ${what}`)
      check(errors.length > 0, `${what}: expected an error event, got none`)
      await soon(async () => (await adapter.get(storageKey)) === undefined, `${what}: it was not removed`)
      await adapter.set(storageKey, record, hour)
      const error = await refusal(() => cache.get("k", { required: true }), "CACHE_MISS", `get ${what}`)
      equal(error.reason, "corrupt", `reason of the miss ${what}`)
    }
  }),
  law("junk is loaded again by getOrSet", {}, async (scene) => {
    const { cache, forge } = await scenery(scene, { n: 1 })
    for (const record of junkFor(scene.adapter)) {
      for (const storageKey of forge.written) await scene.adapter.set(storageKey, record, hour)
      equal(
        await cache.getOrSet("k", () => "loaded"),
        "loaded",
        `getOrSet with ${show(record)} in the storage`,
      )
      equal(await cache.get("k"), "loaded", "get after it")
    }
  }),
  law("junk between good records spoils none of them", {}, async (scene) => {
    const { cache, forge } = await scenery(scene, { n: 1 })
    for (const storageKey of forge.written)
      await scene.adapter.set(storageKey, junkFor(scene.adapter)[0], hour)
    await cache.setMany([
      ["a", 1],
      ["b", 2],
    ])
    equal([...(await cache.getMany(["a", "k", "b", "k"]))], [1, undefined, 2, undefined], "getMany")
  }),
  law("a record of another medium is a miss with reason corrupt", {}, async (scene) => {
    const { cache, forge, errors } = await scenery(scene, { n: 1 })
    for (const record of foreignTo(scene.adapter)) {
      forge.forge = () => record
      const error = await refusal(
        () => cache.get("k", { required: true }),
        "CACHE_MISS",
        `get of ${show(record)}`,
      )
      equal(error.reason, "corrupt", `reason of the miss with ${show(record)}`)
      check(errors.length > 0, `${show(record)}: expected an error event, got none`)
      forge.forge = undefined
      await cache.set("k", { n: 1 })
    }
  }),
  law(
    "a record of another version of the format is a miss, an error event, and removed",
    {},
    async (scene) => {
      for (const version of [0, 2, 9]) {
        const { cache, forge, errors } = await scenery(scene, { n: 1 })
        const what = `of version ${version}`
        forge.forge = (record) => ofVersion(record, version)
        const error = await refusal(() => cache.get("k", { required: true }), "CACHE_MISS", `get ${what}`)
        equal(error.reason, "corrupt", `reason of the miss ${what}`)
        check(errors.length > 0, `a record ${what}: expected an error event, got none`)
        const [storageKey = ""] = forge.written
        await soon(
          async () => (await scene.adapter.get(storageKey)) === undefined,
          `${what}: it was not removed`,
        )
        forge.forge = undefined
        equal(await cache.getOrSet("k", () => "loaded"), "loaded", `getOrSet after a record ${what}`)
      }
    },
  ),
  law("a truncated record is a miss, wherever it was cut", {}, async (scene) => {
    if (scene.adapter.medium === "object") return // there is nothing to cut
    for (const value of [
      123_456_789,
      "text",
      "",
      { list: [1, 2, 3], deep: { text: "text" } },
      new Map([["k", 1n]]),
      true,
    ]) {
      const { cache, forge } = await scenery(scene, value)
      const whole = await recordUnder(scene.adapter, forge.written)
      for (const at of cuts(whole.length)) {
        forge.forge = () => cut(whole, at)
        const what = `get of ${show(value)} cut after ${at} of ${whole.length}`
        equal(await cache.getEntry("k"), undefined, what)
        await scene.adapter.set([...forge.written][0] ?? "", whole, hour)
      }
    }
  }),
  law("a record changed at any one place is a miss", {}, async (scene) => {
    if (scene.adapter.medium === "object") return // there is nothing to change
    for (const value of [
      { list: [1, 2, 3], text: "text" },
      ["\ufffd", "\u{1f600}", "\u20ac"],
      new Map<unknown, unknown>([
        ["k", 1n],
        [1, new Date(0)],
      ]),
    ]) {
      const { cache, forge } = await scenery(scene, value)
      const whole = await recordUnder(scene.adapter, forge.written)
      const size = whole.length
      // One bit in turn: each kind of change in each part of the record, one for each read.
      const bits = typeof whole === "string" ? 16 : 8
      let at = -1
      forge.forge = () => {
        at++
        return flip(whole, at % size, 1 << ((5 * at) % bits))
      }
      const read = async () => {
        const got = await cache.getEntry("k", { stale: true })
        equal(got, undefined, `getEntry of a record of ${show(value)} changed at about ${at % size}`)
      }
      while (at < size) await Promise.all(Array.from({ length: 20 }, read))
    }
  }),
  law("a hostile payload changes no prototype and makes no read throw", {}, async (scene) => {
    if (scene.adapter.medium === "object") return hostileObjects(scene)
    // Long enough for each payload to replace it without changing its length.
    const filler = "x".repeat(400)
    for (const value of [{ filler }, { filler, when: new Date(0) }]) {
      for (const payload of payloads) {
        const { cache, forge } = await scenery(scene, value)
        const whole = await recordUnder(scene.adapter, forge.written)
        forge.forge = () => replace(whole, payload)
        clean(await cache.get("k"), payload)
      }
    }
  }),
]

/** The hostile payloads as an object record may contain them: as data, and as packed text. */
async function hostileObjects(scene: Scene): Promise<void> {
  for (const payload of payloads) {
    const { cache, forge } = await scenery(scene, { n: 1 })
    for (const changes of [{ value: dataOf(payload) }, { value: payload, packed: "superjson" }]) {
      forge.forge = (record) => ({ ...Object(record), ...changes })
      clean(await cache.get("k"), payload)
    }
  }
}

/** Fails if reading `payload` as `got` has changed a prototype. */
function clean(got: unknown, payload: string): void {
  equal(Reflect.get({}, "polluted"), undefined, `a member of every object after ${payload}`)
  equal(Reflect.get([], "polluted"), undefined, `a member of every array after ${payload}`)
  check(
    typeof got !== "object" || got === null || Reflect.get(got, "polluted") === undefined,
    `get of ${payload}: the value inherits what the payload says`,
  )
}

function dataOf(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return payload
  }
}

/** A cache with `value` under "k", whose reads can be forged, and its reported errors. */
async function scenery(scene: Scene, value: unknown) {
  const forge = forgeOver(scene.adapter)
  const cache = cacheOver(scene, forge.adapter)
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event))
  await cache.set("k", value)
  return { cache, forge, errors }
}
