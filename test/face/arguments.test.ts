import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper, key, type Region } from "../../src/index.ts"

const fresh = () => new CacheWrapper({ adapter: memory() })

test("a region takes any argument before it has its generator: a plain read and write", async () => {
  const users = fresh().region("users") as ReturnType<typeof withGenerator>
  expect(await users.get(42)).toBeUndefined()
  expect(users.peek(42)).toBeUndefined()
  expect(users.isLoading(42)).toBe(false)
  await users.set(42, "set")
  expect(users.peek(42)).toBe("set")
  expect(await users.getMany([42, 43])).toEqual(["set", undefined])
  withGenerator(users)
  expect(await users.get(42)).toBe("set")
  expect(await users.get(43)).toBe("43")
  expect(await users.delete(42)).toBe(1)
})

function withGenerator(region: object) {
  // Before as after, it is the same object.
  return (region as Region).generate(async (argument: unknown) => JSON.stringify(argument))
}

test("arguments that differ have entries of their own", async () => {
  const users = withGenerator(fresh().region("users"))
  const all = [42, [42], "42", ["42"], { a: 1 }, [{ a: 1 }], null, [null], [[42]], true, 42.5]
  for (const one of all) expect(await users.get(one)).toBe(JSON.stringify(one))
  expect(await users.getMany(all)).toEqual(all.map((one) => JSON.stringify(one)))
})

test("segments and their canonical text are one key, as everywhere", async () => {
  const users = withGenerator(fresh().region("users"))
  await users.set(["a", 1], "set")
  expect(await users.get(key("a", 1))).toBe("set")
})

test("a cache itself takes text and segments alone", async () => {
  await expect(fresh().get(42 as never)).rejects.toMatchObject({ code: "KEY_INVALID" })
  await expect(
    fresh()
      .region("r")
      .get((() => 1) as never),
  ).rejects.toMatchObject({ code: "KEY_INVALID" })
})
