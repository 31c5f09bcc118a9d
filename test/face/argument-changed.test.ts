import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

interface Question {
  readonly id: number
  list: number[]
}

const ask = (): Question => ({ id: 1, list: [] })
const change = (question: Question) => question.list.push(1)
const refused = { code: "ARGUMENT_CHANGED" }

describe.each(kinds)("a function that changes its arguments, on %s", (kind) => {
  test("is refused though the argument is ignored", async () => {
    const { cache } = await setup(kind)
    const f = cache.memoize(async (_: number, question: Question) => change(question), {
      name: "f",
      ignore: [1],
    })
    await expect(f(1, ask())).rejects.toMatchObject(refused)
    expect(await f.get(1, ask())).toBeUndefined()
  })

  test("is refused though the key does not have it", async () => {
    const { cache } = await setup(kind)
    const f = cache.memoize(change, { name: "f", key: ({ id }) => id })
    await expect(f(ask())).rejects.toMatchObject(refused)
    expect(await f.get(ask())).toBeUndefined()
    const g = cache.memoizeMany((...all: Question[]) => all.map(change), { name: "g", key: ({ id }) => id })
    await expect(g(ask())).rejects.toMatchObject(refused)
    expect(await g.get(ask())).toBeUndefined()
  })

  test("is refused though there is a stale result, each time it is called", async () => {
    const { cache, clock } = await setup(kind)
    const f = cache.memoize(change, { name: "f", ttl: "1s", grace: "1h" })
    await f.set(5, ask())
    await clock.advance(1500)
    await expect(f(ask())).rejects.toMatchObject(refused)
    await expect(f(ask())).rejects.toMatchObject(refused)
    const both = [f(ask()), f(ask())]
    for (const one of both) await expect(one).rejects.toMatchObject(refused)
    expect(await cache.get(f.keyFor(ask()), { stale: true })).toBe(5)
  })

  test("is refused when called past the cache", async () => {
    const { cache } = await setup(kind)
    const f = cache.memoize(change, { name: "f", bypass: () => true })
    await expect(f(ask())).rejects.toMatchObject(refused)
    await expect(f.refresh(ask())).rejects.toMatchObject(refused)
  })

  test("is not blamed for what can be no key, nor for what the caller changed before it ran", async () => {
    const { cache } = await setup(kind)
    const f = cache.memoize((id: number, log: { (): void; lines?: string[] }) => ((log.lines = ["x"]), id), {
      name: "f",
      ignore: [1],
    })
    expect(await f(1, () => {})).toBe(1)
    const g = cache.memoize((id: number, controller: AbortController) => (controller.abort(), id), {
      name: "g",
      ignore: [1],
    })
    expect(await g(1, new AbortController())).toBe(1)
  })
})
