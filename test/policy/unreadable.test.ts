import { describe, expect, test } from "vitest"
import { lateKinds } from "../support/fake.ts"
import { settled, setup, unheard } from "../support/setup.ts"

const fail = () => {
  throw new Error("looked at")
}
const unreadable = {
  "a proxy that throws when it is looked at": () => new Proxy({}, { get: fail }),
  "such a proxy of a function": () => new Proxy(() => {}, { get: fail }),
  "such a proxy of an error": () => new Proxy(new Error("x"), { get: fail, getPrototypeOf: fail }),
  "an object without a text": () => Object.create(null),
  "a symbol": () => Symbol("s"),
  nothing: () => undefined,
}

describe.each(Object.entries(unreadable))("a storage that fails with %s", (_, make) => {
  test.each(lateKinds)("is waited for no longer than one that fails with an error: %s", async (kind) => {
    const { cache, clock, storage, another, trace } = await setup(kind)
    const rejections = unheard()
    await cache.set("k", "old", { tags: ["t"] })
    const broken = {
      ...storage.handle(),
      get: () => Promise.reject(make()),
      getMany: () => Promise.reject(make()),
    }
    const other = another({ adapter: broken })
    other.on("*", ({ type }) => trace.push(type))
    await other.ready().catch(() => {})
    trace.length = 0
    const found = other.get("k", { default: "none" })
    await settled(clock)
    expect(await Promise.race([found, "waiting"])).toBe("none")
    expect(trace).toEqual(["error", "miss"])
    const loaded = other.getOrSet("k", () => "loaded")
    const deleted = other.delete("k").catch(() => "rejected")
    await settled(clock)
    expect(await Promise.race([loaded, "waiting"])).toBe("loaded")
    expect(await Promise.race([deleted, "waiting"])).toBe("rejected")
    expect(other.isLoading("k")).toBe(false)
    expect(await rejections()).toEqual([])
  })
})

test.each(Object.entries(unreadable))("a storage that cannot open for it says so: %s", async (_, make) => {
  const { another, storage } = await setup("all abilities")
  const opens = [
    () => {
      throw make()
    },
    () => Promise.reject(make()),
  ]
  for (const open of opens) {
    const cache = another({ adapter: { ...storage.handle(), open } })
    await expect(cache.set("k", 1)).rejects.toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(await cache.getOrSet("k", () => 1)).toBe(1)
  }
})
