import { describe, expect, test } from "vitest"
import { newToken, softToken } from "../../src/base/token.ts"
import type { CacheWrapper } from "../../src/core.ts"
import { limitOf } from "../../src/policy/tokens.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

const tagged = { ttl: "1h", grace: 100, tags: ["t"] } as const
const soft = { mode: "soft" } as const

const ways: readonly [name: string, end: (cache: CacheWrapper) => Promise<void>][] = [
  ["of its tag", (cache) => cache.invalidateTags("t", soft)],
  ["of its region", (cache) => cache.invalidate(soft)],
  ["in a batch", (cache) => cache.batch((b) => b.invalidateTags("t", soft))],
]

describe.each(kinds)("%s", (kind) => {
  test.each(ways)("a second soft invalidation %s revives nothing", async (_, end) => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, tagged)
    await end(cache)
    await clock.advance(60)
    expect(await cache.get("k", { stale: true })).toBe(1)
    await end(cache)
    await clock.advance(39)
    expect(await cache.get("k", { stale: true })).toBe(1)
    await clock.advance(1)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
    await end(cache)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
    expect(cache.peek("k")).toBeUndefined()
  })

  test("grace counts from the first soft invalidation after the entry was made", async () => {
    const { cache, clock } = await setup(kind)
    for (let round = 0; round < 5; round++) {
      await cache.invalidateTags("t", soft)
      await cache.set("k", round, tagged)
      await cache.set("l", round, { ...tagged, grace: "1h" })
      await cache.invalidateTags("t", soft)
      await clock.advance(1000)
      await cache.invalidateTags("t", soft)
      expect(await cache.get("k", { stale: true })).toBeUndefined()
      expect(await cache.getEntry("l", { stale: true })).toMatchObject({
        freshUntil: clock.now() - 1000,
        value: round,
      })
    }
  })

  test("a stream of soft invalidations keeps nothing alive past its grace", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("never", 1, tagged)
    await cache.invalidateTags("t", soft)
    await cache.set("once", 1, tagged)
    for (let i = 0; i < 40; i++) {
      await cache.invalidateTags("t", soft)
      await clock.advance(10)
      if (i >= 10) expect(await cache.get("never", { stale: true })).toBeUndefined()
      if (i >= 10) expect(await cache.get("once", { stale: true })).toBeUndefined()
    }
  })

  test("a touched entry has outlived the soft invalidations before, and not those after", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", 1, tagged)
    await cache.invalidateTags("t", soft)
    await clock.advance(50)
    expect(await cache.touch("k")).toBe(true)
    expect(await cache.get("k")).toBe(1)
    await clock.advance(500)
    await cache.invalidateTags("t", soft)
    await clock.advance(99)
    expect(await cache.get("k", { stale: true })).toBe(1)
    await clock.advance(1)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
  })

  test("a soft one after a hard one weakens nothing, whatever was soft before", async () => {
    const { cache } = await setup(kind)
    await cache.invalidateTags("t", soft)
    await cache.set("k", 1, tagged)
    await cache.invalidateTags("t")
    await cache.invalidateTags("t", soft)
    await cache.invalidateTags("t", soft)
    expect(await cache.get("k", { stale: true })).toBeUndefined()
  })

  test("a soft invalidation costs one read and one write, however many came before", async () => {
    const { cache, storage, clock } = await setup(kind)
    for (let i = 0; i < 30; i++) {
      await cache.invalidateTags("t", soft)
      await clock.advance(i)
    }
    storage.tokenCalls.length = 0
    await cache.invalidateTags("t", soft)
    expect(storage.tokenCalls.length).toBeLessThanOrEqual(3)
  })
})

const hard = newToken()
const limit = (mark: string, token: string) => limitOf([hard, mark], [hard, token])

test("a soft token stays short, and one of an older form can be read", async () => {
  const { clock } = await setup("memory")
  const tokens = [newToken()]
  for (let i = 0; i < 200; i++) {
    await clock.advance(1 + ((i * 7919) % 100_000))
    tokens.push(softToken(tokens.at(-1) ?? ""))
  }
  expect(Math.max(...tokens.map((token) => token.length))).toBeLessThan(250)
  const older = newToken()
  expect(limit("", older)).toBe(clock.now())
  expect(limit("zzz", older)).toBe(clock.now())
  expect(limit(tokens.at(-2) ?? "", tokens.at(-1) ?? "")).toBe(clock.now())
})

test("a soft token remembers long pauses exactly, and short ones to their length", async () => {
  const { clock } = await setup("memory")
  const before = softToken("")
  await clock.advance(86_400_000)
  const first = clock.now()
  let token = before
  for (let i = 0; i < 50; i++) {
    token = softToken(token)
    await clock.advance(20)
  }
  expect(limit(before, token)).toBe(first)
})

test("a soft token that makes no sense ends what it is about", () => {
  for (const junk of ["?", ".", "-", " -?", "?.? a.b-?"]) expect(limit("", junk)).toBe(-Infinity)
  const known = softToken("")
  expect(limit(known, `${newToken()} ${known.split(" ")[0]}-?`)).not.toBe(Infinity)
})
