import fc from "fast-check"
import { expect, test } from "vitest"
import type { CacheWrapper } from "../../src/core.ts"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

/** What a key holds when all that was called before is done, in that order. */
type Model = Map<string, { readonly value: number; readonly tags: readonly string[]; isFresh: boolean }>

const key = fc.constantFrom("a", "b")
const place = fc.constantFrom("", "r:")
const value = fc.nat(99)
const tags = fc.constantFrom<readonly string[]>([], ["t"], ["u"])

const call = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant("set" as const), place, key, value, tags }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("setMany" as const), place, value }) },
  {
    weight: 3,
    arbitrary: fc.record({ verb: fc.constantFrom("delete" as const, "expire", "touch"), place, key }),
  },
  { weight: 2, arbitrary: fc.record({ verb: fc.constantFrom("clear" as const, "invalidate"), place }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("invalidateTags" as const) }) },
)
type Call = typeof call extends fc.Arbitrary<infer Each> ? Each : never

function make(cache: CacheWrapper, one: Call): Promise<unknown> {
  if (one.verb === "invalidateTags") return cache.invalidateTags("t")
  const on = one.place === "" ? cache : cache.region("r")
  if (one.verb === "set") return on.set(one.key, one.value, { tags: one.tags })
  if (one.verb === "setMany") return on.setMany({ a: one.value, b: one.value })
  return "key" in one ? on[one.verb](one.key) : on[one.verb]()
}

function follow(model: Model, one: Call): void {
  const drop = (goes: (at: string) => boolean) => {
    for (const at of [...model.keys()]) if (goes(at)) model.delete(at)
  }
  const put = (at: string, tags: readonly string[], value: number) =>
    model.set(at, { value, tags, isFresh: true })
  if (one.verb === "invalidateTags") drop((at) => model.get(at)?.tags.includes("t") ?? false)
  else if (one.verb === "set") put(one.place + one.key, one.tags, one.value)
  else if (one.verb === "setMany") for (const each of ["a", "b"]) put(one.place + each, [], one.value)
  else if (!("key" in one)) drop((at) => at.startsWith(one.place))
  else if (one.verb === "delete") model.delete(one.place + one.key)
  else {
    const entry = model.get(one.place + one.key)
    if (entry) entry.isFresh = one.verb === "touch"
  }
}

test("whatever is called without waiting, it is done in the order of the calls", {
  timeout: 120_000,
}, async () => {
  const program = fc.array(fc.tuple(call, fc.nat(3)), { minLength: 2, maxLength: 12 })
  const delays = fc.array(fc.nat(5), { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      fc.boolean(),
      program,
      delays,
      async (kind, isOpen, calls, all) => {
        const { cache, another, clock, storage } = await setup(kind, { grace: "1h" })
        const used = isOpen ? cache : another()
        let count = 0
        storage.fault = () => all[count++ % all.length] || undefined
        const model: Model = new Map()
        const done: Promise<unknown>[] = []
        for (const [one, pause] of calls) {
          done.push(make(used, one))
          follow(model, one)
          if (pause > 0) await clock.advance(pause)
        }
        await clock.advance(1000)
        await Promise.all(done)
        storage.fault = () => undefined
        for (const at of ["a", "b", "r:a", "r:b"]) {
          const on = at.startsWith("r:") ? used.region("r") : used
          const entry = await on.getEntry<number>(at.slice(-1), { stale: true })
          const { value, isFresh } = model.get(at) ?? {}
          expect(entry && [entry.value, !entry.stale], at).toEqual(
            isFresh === undefined ? undefined : [value, isFresh],
          )
        }
      },
    ),
    { numRuns: 600 },
  )
})
