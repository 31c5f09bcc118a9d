import type { Adapter, Stored } from "../adapter.ts"
import { cacheOver, forgeOver, refusal, soon } from "./cache.ts"
import { foreignTo, junkFor, payloads } from "./junk-table.ts"
import { type ConformanceCase, check, equal, law, type Scene } from "./law.ts"
import { show } from "./same.ts"

const hour = 3_600_000

/** Bytes read back are untrusted: whatever lies in the storage, a read is a value or a miss. */
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
  law("junk is loaded anew by getOrSet", {}, async (scene) => {
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
      for (const at of cuts(sizeOf(whole))) {
        forge.forge = () => cut(whole, at)
        const what = `get of ${show(value)} cut after ${at} of ${sizeOf(whole)}`
        equal(await cache.getEntry("k"), undefined, what)
        await scene.adapter.set([...forge.written][0] ?? "", whole, hour)
      }
    }
  }),
  law("a record changed at any one place makes no read throw", {}, async (scene) => {
    if (scene.adapter.medium === "object") return // there is nothing to cut
    for (const value of [
      { list: [1, 2, 3], text: "text" },
      new Map<unknown, unknown>([
        ["k", 1n],
        [1, new Date(0)],
      ]),
    ]) {
      const { cache, forge } = await scenery(scene, value)
      const whole = await recordUnder(scene.adapter, forge.written)
      let at = -1
      // One bit in turn: each kind of change in each part of the record. Every read meets the next one.
      forge.forge = () => flip(whole, ++at, 1 << (at % 8))
      const read = () =>
        cache.getEntry("k", { stale: true }).catch((error: unknown) => {
          throw new Error(
            `getEntry of a record changed before ${at}: expected no error, got ${String(error)}`,
          )
        })
      while (at < sizeOf(whole)) await Promise.all(Array.from({ length: 20 }, read))
    }
  }),
  law("a hostile payload changes no prototype and makes no read throw", {}, async (scene) => {
    if (scene.adapter.medium === "object") return hostileObjects(scene)
    // Long enough for each payload to take its place at the same length.
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

/** The hostile payloads as a record of medium "object" may hold them: as data, and as a packed text. */
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

/** A cache with `value` under "k", whose reads can be forged, and the errors it reports. */
async function scenery(scene: Scene, value: unknown) {
  const forge = forgeOver(scene.adapter)
  const cache = cacheOver(scene, forge.adapter)
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event))
  await cache.set("k", value)
  return { cache, forge, errors }
}

async function recordUnder(adapter: Adapter, written: ReadonlySet<string>): Promise<string | Uint8Array> {
  for (const key of written) {
    const record = await adapter.get(key)
    if (typeof record === "string" || record instanceof Uint8Array) return record
  }
  throw new Error(`expected a record of medium ${adapter.medium} in the storage, found none`)
}

function sizeOf(record: string | Uint8Array): number {
  return record.length
}

function cuts(size: number): number[] {
  const all = [0, 1, 2, 5, size >> 2, size >> 1, size - 20, size - 10, size - 3, size - 2, size - 1]
  return [...new Set(all)].filter((at) => at >= 0 && at < size)
}

/** A good record, but for the version it names: the second character of a framed one. */
function ofVersion(record: Stored, version: number): Stored {
  if (typeof record === "string") return `${record.slice(0, 1)}${version}${record.slice(2)}`
  if (!(record instanceof Uint8Array)) return { ...Object(record), format: version }
  const copy = record.slice()
  copy[1] = String(version).charCodeAt(0)
  return copy
}

function cut(record: string | Uint8Array, at: number): Stored {
  return record.slice(0, at)
}

function flip(record: string | Uint8Array, at: number, mask: number): Stored {
  if (typeof record === "string") {
    return record.slice(0, at) + String.fromCharCode(record.charCodeAt(at) ^ mask) + record.slice(at + 1)
  }
  const copy = record.slice()
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}

/** Puts `payload`, filled up with blanks, in the place of the record's JSON. */
function replace(record: string | Uint8Array, payload: string): Stored {
  // One character for one byte, there and back.
  const text =
    typeof record === "string" ? record : Array.from(record, (byte) => String.fromCharCode(byte)).join("")
  const start = text.indexOf("{", text.indexOf("\n"))
  const end = text.lastIndexOf("}") + 1
  const forged = text.slice(0, start) + payload.padEnd(end - start, " ") + text.slice(end)
  return typeof record === "string" ? forged : Uint8Array.from(forged, (char) => char.charCodeAt(0))
}
