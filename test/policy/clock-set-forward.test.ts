import { expect, test } from "vitest"
import { lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

const verbs = ["set", "delete", "clear"] as const
const pairs = lateKinds.flatMap((kind) =>
  verbs.flatMap((first) => verbs.map((second) => [second, first, kind] as const)),
)

test.each(pairs)("a %s waits for the %s before it, on %s", async (second, first, kind) => {
  const { cache, clock, storage } = await setup(kind, { ttl: "1d" })
  const write = (verb: (typeof verbs)[number], value: string) =>
    verb === "clear" ? cache.clear() : verb === "set" ? cache.set("k", value) : cache.delete("k")
  await cache.set("k", "there")
  let isFirst = true
  storage.fault = (verb) => {
    if (verb !== first || !isFirst) return undefined
    isFirst = false
    return 500
  }
  const before = write(first, "old")
  await clock.advance(10)
  clock.jump(clock.now() + 3_600_000)
  const after = write(second, "new")
  await clock.advance(1000)
  await Promise.all([before, after])
  expect(await cache.get("k")).toBe(second === "set" ? "new" : undefined)
})
