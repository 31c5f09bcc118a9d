import { inspect } from "node:util"
import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import { scrub } from "../../src/base/scrub.ts"
import { CacheWrapper, registerAlias } from "../../src/index.ts"

const url = "https://u:s3cret@h/"

test.each<[string, () => Error]>([
  ["a plain object", () => Object.assign(new Error("x"), { config: { url } })],
  [
    "a plain object below another",
    () => Object.assign(new Error("x"), { config: { list: [{ deep: { url } }] } }),
  ],
  ["a plain object as cause", () => new Error("x", { cause: { url } })],
  ["a plain object's member called key", () => new Error("x", { cause: { key: url } })],
  [
    "an object without prototype",
    () => new Error("x", { cause: Object.assign(Object.create(null), { url }) }),
  ],
  ["a URL", () => Object.assign(new Error("x"), { input: new URL(url) })],
  [
    "errors of another realm",
    () => runInNewContext('new TypeError("x", { cause: Object.assign(new Error(url), { url }) })', { url }),
  ],
  ["a URL below others", () => new Error("x", { cause: { to: [new URL("redis://u:s3cret@h:1/0")] } })],
])("credentials within an error are gone from %s, and its own stays as it is", (_, make) => {
  const error = make()
  const clean = scrub(error)
  expect(inspect(clean, { depth: 9 })).not.toContain("s3cret")
  expect(inspect(clean, { depth: 9 })).toMatch(/(https|redis):\/\/h/)
  expect(clean).toMatchObject({ message: "x" })
  expect(inspect(error, { depth: 9 })).toContain("s3cret")
})

test("an error with plain objects and urls without credentials is the very one", () => {
  const config = {
    url: "https://h.com/@x",
    at: new URL("https://h/"),
    list: [{ n: 1 }, null],
    when: new Date(0),
  }
  const error = Object.assign(new Error("x", { cause: config }), { config })
  expect(scrub(error)).toBe(error)
})

test("a plain object that holds itself, or nests without end, is cut", () => {
  const circle: Record<string, unknown> = { url }
  circle["self"] = circle
  let deep: object = { url }
  for (let i = 0; i < 10_000; i++) deep = { deep }
  for (const config of [circle, deep]) {
    const clean = scrub(Object.assign(new Error("x"), { config }))
    expect(inspect(clean, { depth: 99 })).not.toContain("s3cret")
  }
})

test("an alias that is a url with a password is named without it", async () => {
  for (const adapter of ["redis://u:s3cret@h", "s3://b?secret=s3cret"]) {
    const act = () => new CacheWrapper({ adapter })
    expect(act).toThrow(expect.objectContaining({ code: "ADAPTER_UNKNOWN" }))
    expect(act).not.toThrow("s3cret")
  }
  // @ts-expect-error no function
  const register = () => registerAlias("redis://u:s3cret@h", 1)
  expect(register).toThrow("redis://h")
  expect(register).not.toThrow("s3cret")
})

test("what parts of an error share is looked at once", () => {
  let looks = 0
  const data = {
    get rows() {
      looks++
      return []
    },
  }
  const issues = Array.from({ length: 100 }, (_, at) => ({ at, data }))
  scrub(Object.assign(new Error("x"), { issues, last: new URL(url) }))
  expect(looks).toBe(1)
})

test("of an error that carries a whole world no more than a part is looked at", () => {
  let looks = 0
  const world = Array.from({ length: 100_000 }, () => ({
    get url() {
      looks++
      return url
    },
  }))
  const clean = scrub(Object.assign(new Error("x"), { world }))
  expect(clean).toMatchObject({ message: "x" })
  expect(looks).toBeLessThan(2000)
  expect(inspect(clean, { depth: 9 })).not.toContain("s3cret")
})
