import type { Serializer } from "../adapter.ts"
import { type CacheOptions, cacheOver, forgeOver, refusal } from "./cache.ts"
import { type ConformanceCase, check, equal, hour, law, ofRuntime, type Scene } from "./law.ts"
import { cut, cuts, flip, recordUnder } from "./records.ts"
import { show } from "./same.ts"
import { keptValues } from "./value-table.ts"

const compress = { threshold: 0 }

/** Encryption keys of 32 bytes, one for each id. */
function keyring(...ids: readonly string[]): NonNullable<CacheOptions["encrypt"]> {
  return {
    keys: ids.map((id) => ({ id, key: new Uint8Array(32).map((_, at) => id.charCodeAt(0) * (at + 1)) })),
  }
}

/** A serializer as a user may write it: besides JSON, it keeps dates and bigints. */
function ownSerializer(name: string): Serializer {
  const tagged = (value: unknown): unknown => {
    if (typeof value === "bigint") return { bigint: String(value) }
    if (value instanceof Date) return { date: value.getTime() }
    if (typeof value !== "object" || value === null) return value
    if (Array.isArray(value)) return value.map(tagged)
    return Object.fromEntries(Object.entries(value).map(([member, part]) => [member, tagged(part)]))
  }
  const parse = (text: string): unknown =>
    JSON.parse(text, (_, part) => {
      if (part?.bigint !== undefined) return BigInt(part.bigint)
      return part?.date === undefined ? part : new Date(part.date)
    })
  return { name, stringify: (value) => JSON.stringify(tagged(value)), parse }
}

/** The codecs that laws are stated for, each with what it needs from the runtime. */
const forms: readonly (readonly [name: string, needs: string, options: CacheOptions])[] = [
  ["compressed", "compression", { compress }],
  ["encrypted", "encryption", { encrypt: keyring("a") }],
  ["compressed and encrypted", "compression encryption", { compress, encrypt: keyring("a") }],
]

/** A user's serializer, compression and encryption, applied in this order, on any adapter. */
export const codecs: readonly ConformanceCase[] = [
  ...forms.map(([name, needs, options]) =>
    law(`every kind of value comes back as it was when it is ${name}`, { needs }, async (scene) => {
      const cache = cacheOver(scene, scene.adapter, options)
      for (const { name: kind, make } of keptValues) {
        await cache.set("k", make())
        equal(await cache.get("k"), make(), `get of ${kind}`)
      }
      const many = () => keptValues.map(({ name: kind, make }) => [kind, make()] as const)
      await cache.setMany(many())
      const got = await cache.getMany(many().map(([kind]) => kind))
      for (const [at, [kind, value]] of many().entries()) equal(got[at], value, `getMany of ${kind}`)
      equal(await cache.getOrSet("l", () => ({ when: new Date(0) })), { when: new Date(0) }, "getOrSet")
      equal(await cache.getOrSet("l", () => "again"), { when: new Date(0) }, "a second getOrSet")
    }),
  ),
  law("what a user's serializer keeps comes back as it was, in every form", {}, async (scene) => {
    const make = () => ({ when: [new Date(0)], big: 2n ** 70n, text: "\u20ac \u{1f600}", none: null })
    const here = forms
      .filter(([, needs]) => needs.split(" ").every((need) => ofRuntime[need]?.()))
      .map(([name, , options]) => [name, options] as const)
    for (const [name, options] of [["in clear", {}] as const, ...here]) {
      const cache = cacheOver(scene, scene.adapter, { ...options, serializer: ownSerializer("own") })
      await cache.set("k", make())
      equal(await cache.get("k"), make(), `get of a value ${name}`)
    }
  }),
  law(
    "a record of another serializer is a miss and an error event",
    { needs: "encryption" },
    async (scene) => {
      const encrypt = keyring("a")
      const writer = cacheOver(scene, scene.adapter, { encrypt, serializer: ownSerializer("one") })
      await writer.set("k", { when: new Date(0) })
      await misses(scene, { encrypt, serializer: ownSerializer("other") }, "of another serializer")
    },
  ),
  law(
    "what is compressed and encrypted is short, and nothing of it can be read",
    {
      needs: "compression encryption",
    },
    async (scene) => {
      const forge = forgeOver(scene.adapter)
      const cache = cacheOver(scene, forge.adapter, { compress: true, encrypt: keyring("a") })
      const secret = { text: "hunter2 ".repeat(5_000) }
      await cache.set("k", secret)
      const record = await recordUnder(scene.adapter, forge.written)
      check(
        record.length < 4_000,
        `a record of 40 000 characters: expected fewer than 4 000, got ${record.length}`,
      )
      const text = typeof record === "string" ? record : String.fromCharCode(...record)
      check(!text.includes("hunter2"), "an encrypted record: expected nothing of the value in it")
      equal(await cache.get("k"), secret, "get")
    },
  ),
  law("a new key goes first: it writes, the old ones still read", { needs: "encryption" }, async (scene) => {
    const [old, both, fresh] = [["old"], ["new", "old"], ["new"]].map((ids) =>
      cacheOver(scene, scene.adapter, { encrypt: keyring(...ids) }),
    )
    await old?.set("before", 1)
    await both?.set("after", 2)
    equal(await both?.get("before"), 1, "get of what the old key wrote")
    equal(await fresh?.get("after"), 2, "get of what the new key wrote")
    await misses(scene, { encrypt: keyring("new") }, "of a key that is gone", "before")
  }),
  law(
    "a record of another key of the same id is a miss and an error event",
    {
      needs: "encryption",
    },
    async (scene) => {
      await cacheOver(scene, scene.adapter, { encrypt: keyring("a") }).set("k", 1)
      const keys = [{ id: "a", key: new Uint8Array(32) }]
      await misses(scene, { encrypt: { keys } }, "of another key")
    },
  ),
  law(
    "encrypted records are not read without keys, nor unencrypted ones with",
    {
      needs: "encryption",
    },
    async (scene) => {
      await cacheOver(scene, scene.adapter, { encrypt: keyring("a") }).set("k", { n: 1 })
      await misses(scene, {}, "that is encrypted")
      await cacheOver(scene).set("k", { n: 1 })
      await misses(scene, { encrypt: keyring("a") }, "in clear")
    },
  ),
  law("an encrypted record is a miss under another key", { needs: "encryption" }, async (scene) => {
    const { adapter } = scene
    const encrypt = keyring("a")
    const [storageKeys, cache] = await written(scene, { encrypt }, ["one", "two"])
    const [one = "", two = ""] = storageKeys
    await adapter.set(two, await adapter.get(one), hour)
    equal(await cache.get("one"), "value of one", "get under its own key")
    await misses(scene, { encrypt }, "of another key", "two")
  }),
  law(
    "an encrypted record that is cut or changed is a miss, wherever",
    { needs: "encryption" },
    async (scene) => {
      const forge = forgeOver(scene.adapter)
      const cache = cacheOver(scene, forge.adapter, { encrypt: keyring("a") })
      await cache.set("k", { text: "\ufffd \u{1f600}" })
      const whole = await recordUnder(scene.adapter, forge.written)
      for (const at of cuts(whole.length)) {
        forge.forge = () => cut(whole, at)
        equal(await cache.getEntry("k"), undefined, `getEntry of a record cut after ${at} of ${whole.length}`)
      }
      let at = 0
      forge.forge = () => {
        at += 3
        return flip(whole, at % whole.length, 1 << (at % 8))
      }
      const read = async () =>
        equal(await cache.getEntry("k"), undefined, `getEntry of a record changed before ${at}`)
      while (at < whole.length) await Promise.all(Array.from({ length: 20 }, read))
    },
  ),
  law(
    "invalidations reach what is encrypted, from a cache that has no key too",
    {
      needs: "encryption",
    },
    async (scene) => {
      const cache = cacheOver(scene, scene.adapter, { compress, encrypt: keyring("a") })
      const keyless = cacheOver(scene)
      await cache.set("k", 1, { tags: ["t"] })
      await keyless.invalidateTags("t")
      equal(await cache.get("k"), undefined, "get after invalidateTags")
      await cache.set("k", 2)
      await keyless.invalidate()
      equal(await cache.get("k"), undefined, "get after invalidate")
      await cache.set("k", 3)
      await keyless.clear()
      equal(await cache.get("k"), undefined, "get after clear")
    },
  ),
]

/** A cache with a value under each of `names`, and their storage keys. */
async function written(scene: Scene, options: CacheOptions, names: readonly string[]) {
  const forge = forgeOver(scene.adapter)
  const cache = cacheOver(scene, forge.adapter, options)
  for (const name of names) await cache.set(name, `value of ${name}`)
  return [[...forge.written], cache] as const
}

/** Fails unless a cache with `options` reports `key` as corrupt, with an error event. */
async function misses(scene: Scene, options: CacheOptions, what: string, key = "k"): Promise<void> {
  const cache = cacheOver(scene, scene.adapter, options)
  const errors: unknown[] = []
  cache.on("error", (event) => errors.push(event))
  const error = await refusal(
    () => cache.get(key, { required: true }),
    "CACHE_MISS",
    `get of a record ${what}`,
  )
  equal(error.reason, "corrupt", `reason of the miss of a record ${what}`)
  check(errors.length > 0, `a record ${what}: expected an error event, got ${show(errors)}`)
}
