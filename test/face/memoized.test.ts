import { readFileSync } from "node:fs"
import { transform } from "esbuild"
import { describe, expect, onTestFinished, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper, cached, memoized } from "../../src/index.ts"
import type * as Classes from "./memoized.classes.ts"

const source = readFileSync(new URL("memoized.classes.ts", import.meta.url), "utf8")
const { code } = await transform(source, { loader: "ts", target: "es2022" })
const classes: typeof Classes = await import(`data:text/javascript,${encodeURIComponent(code)}`)

function fresh(): CacheWrapper {
  return new CacheWrapper({ adapter: memory() })
}

describe("@memoized", () => {
  test("serves methods from the cache, instances sharing their entries", async () => {
    const cache = fresh()
    const Users = classes.shared(memoized, cache)
    expect(await new Users().find(1)).toBe("1 1")
    expect(await new Users().find(1)).toBe("1 1")
    expect(await new Users().find(2)).toBe("2 2")
    expect(await cache.get('~["Users.find()",1]')).toBe("1 1")
  })

  test("or distinguished by what the option instance returns", async () => {
    const Repo = classes.tenants(memoized, fresh())
    expect(await new Repo("a").find(1)).toBe("a 1")
    expect(await new Repo("b").find(1)).toBe("b 1")
  })

  test("getters answer promises, static members work alike", async () => {
    const Config = classes.config(memoized, fresh())
    expect(await new Config().all).toBe(1)
    expect(await new Config().all).toBe(1)
    expect(await Config.load("x")).toBe("true x 2")
    expect(await Config.load("x")).toBe("true x 2")
    expect([await Config.one, await Config.one]).toEqual([3, 3])
  })

  test("private methods are methods", async () => {
    const Deep = classes.hidden(memoized, fresh())
    expect([await new Deep().find(), await new Deep().find()]).toEqual([1, 1])
  })

  test("the options of memoize hold", async () => {
    const cache = fresh()
    const hits: unknown[] = []
    const Users = classes.withOptions(memoized, {
      name: "Users.find",
      instance: "shared",
      cache: cache.region("users"),
      ignore: [1],
      tags: ["t"],
      bypass: (id: number) => id < 0,
      onHit: ({ args }) => hits.push(args),
    })
    const users = new Users()
    expect([await users.find(1, () => {}), await users.find(1, () => {})]).toEqual([1, 1])
    expect(hits.length).toBe(1)
    expect([await users.find(-1, () => {}), await users.find(-1, () => {})]).toEqual([2, 3])
    await cache.invalidateTags("t")
    expect(await users.find(1, () => {})).toBe(4)
  })

  test("without a cache it uses the shared one", async () => {
    cached.use(memory())
    onTestFinished(() => void cached.use("auto"))
    const Users = classes.shared(memoized, undefined)
    expect(await new Users().find(7)).toBe("7 1")
    expect(await cached.get('~["Users.find()",7]')).toBe("7 1")
  })

  test("a name and what tells instances apart are asked for", () => {
    for (const wrong of [
      undefined,
      {},
      { instance: "shared" },
      { name: "", instance: "shared" },
      { name: 5, instance: "shared" },
    ]) {
      expect(() => memoized(wrong as never)).toThrow(expect.objectContaining({ code: "NAME_REQUIRED" }))
    }
    for (const instance of [undefined, "each", 5]) {
      expect(() => memoized({ name: "x", instance } as never)).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      )
    }
  })

  test("anything but a method or getter is refused, and decorators of the old kind", () => {
    const decorate = memoized({ name: "x", instance: "shared", cache: fresh() }) as (
      value: unknown,
      context: unknown,
    ) => unknown
    for (const kind of ["field", "class", "setter", "accessor"]) {
      expect(() => decorate(undefined, { kind, name: "x" })).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      )
      expect(() => decorate(undefined, { kind, name: "x" })).toThrow(kind)
    }
    for (const old of ["find", Symbol("find"), undefined]) {
      expect(() => decorate({}, old)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }))
      expect(() => decorate({}, old)).toThrow("experimentalDecorators")
    }
  })

  test("an ignored index out of range is refused when the class is made", () => {
    const options = { name: "x", instance: "shared", cache: fresh(), ignore: [2] } as const
    expect(() => classes.withOptions(memoized, options)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    )
  })
})
