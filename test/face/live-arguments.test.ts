import { describe, expect, test } from "vitest"
import { kinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

/*
 * What a caller does to an argument after the call changes nothing of what it asked for.
 */

interface Page {
  page: number
}

describe.each(kinds)("an argument that its caller goes on to change, on %s", (kind) => {
  test("is what it was at the call for a generator", async () => {
    const { cache } = await setup(kind)
    const pages = cache.region("pages", { generate: async ({ page }: Page) => `page ${page}` })
    const question = { page: 1 }
    const answers: Promise<string>[] = []
    for (; question.page <= 3; question.page++) answers.push(pages.get(question))
    expect(await Promise.all(answers)).toEqual(["page 1", "page 2", "page 3"])
    expect(await pages.get({ page: 1 })).toBe("page 1")
    const many = pages.getMany([question])
    question.page = 6
    expect(await many).toEqual(["page 4"])
    expect(await pages.get({ page: 4 })).toBe("page 4")
  })

  test("is what it was at the call for a generator that is asked where a stale value would do", async () => {
    const { cache } = await setup(kind)
    const pages = cache.region("pages", { generate: async ({ page }: Page) => `page ${page}` })
    const question = { page: 1 }
    const answer = pages.get(question, { stale: true })
    const many = pages.getMany([question], { stale: true })
    question.page = 2
    expect(await answer).toBe("page 1")
    expect(await many).toEqual(["page 1"])
    expect(await pages.getEntry({ page: 2 })).toBeUndefined()
    expect(await pages.getEntry({ page: 1 })).toMatchObject({ value: "page 1" })
  })

  test("is what it was at the call for the options of a read", async () => {
    const { cache } = await setup(kind)
    const pages = cache.region("pages", { generate: async ({ page }: Page) => `page ${page}` })
    const options = { default: "none", stale: true, required: false }
    const answers = [cache.get("k", options), cache.getMany(["k"], options), cache.getEntry("k", options)]
    const made = pages.get({ page: 1 }, options)
    Object.assign(options, { default: "other", required: true, ttl: "1ms" })
    expect(await Promise.all(answers)).toEqual(["none", ["none"], undefined])
    expect(await made).toBe("page 1")
    const entry = await pages.getEntry({ page: 1 }, { required: true })
    expect(entry.freshUntil - entry.createdAt).toBe(300_000)
  })

  test("is what it was at the call for the options of a load that keeps its stale value", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "kept", { ttl: "1s", grace: "1h" })
    await clock.advance(2000)
    const options = {}
    const kept = cache.getOrSet("k", async (context) => (await clock.after(10, context)).keep(), options)
    Object.assign(options, { ttl: "7s", grace: "7s" })
    await clock.advance(10)
    expect(await kept).toBe("kept")
    const entry = await cache.getEntry("k", { required: true })
    expect(entry.freshUntil - entry.createdAt).toBe(1000)
    expect(entry.staleUntil - entry.freshUntil).toBe(3_600_000)
  })

  test("nor does what the generator does to it change the entry", async () => {
    const { cache } = await setup(kind)
    const pages = cache.region("pages", {
      generate: async (question: Page) => {
        await undefined
        return question.page++
      },
    })
    const question = { page: 1 }
    expect(await pages.get(question)).toBe(1)
    expect(question).toEqual({ page: 1 })
    expect(await pages.get({ page: 1 })).toBe(1)
  })

  test("is what it was at the call for a fallback of many", async () => {
    const { cache } = await setup(kind)
    const question = { page: 1 }
    const values = cache.getOrSetMany([["k", question]], (missing) =>
      missing.map((key) => JSON.stringify(key)),
    )
    question.page = 2
    expect(await values).toEqual(['["k",{"page":1}]'])
    expect(await cache.get(["k", { page: 1 }])).toBe('["k",{"page":1}]')
  })

  test("is what it was at the call for a fallback of many in a region, whatever it is made of", async () => {
    const { cache } = await setup(kind)
    const pages = cache.region("pages", { generate: ({ page }: Page) => `page ${page}` })
    const question = { page: 1 }
    const values = pages.getOrSetMany([question], (missing) => missing.map(({ page }) => `page ${page}`))
    question.page = 2
    expect(await values).toEqual(["page 1"])
    expect(await pages.getMany([{ page: 1 }, question])).toEqual(["page 1", "page 2"])
  })

  test("is refused where it can be a key but not be copied", async () => {
    const { cache } = await setup(kind)
    class Ids extends Set<number> {}
    const sums = cache.region("sums", { generate: async (ids: Ids) => [...ids].join("+") })
    const ids = new Ids([1])
    const answers = [
      sums.get(ids),
      sums.getOrSetMany([ids], async (missing) => missing.map((each) => [...each].join("+"))),
    ]
    ids.add(2)
    for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: "ARGUMENT_CHANGED" })
    expect(await sums.getEntry(new Ids([1]))).toBeUndefined()
    expect(await sums.getMany([ids, new Ids([1])])).toEqual(["1+2", "1"])
  })

  test("is named as it was at the call where its entry is required", async () => {
    const { cache } = await setup(kind)
    const question = { page: 1 }
    const key = ["k", question]
    const reads = [cache.get(key, { required: true }), cache.getEntry(key, { required: true })]
    reads.push(cache.getMany([key], { required: true }))
    Object.assign(question, { page: Symbol("none") })
    for (const read of reads)
      await expect(read).rejects.toMatchObject({ code: "CACHE_MISS", key: '~["k",{"page":1}]' })
  })

  test("is refused where a key function of the region's own names another entry then", async () => {
    const { cache } = await setup(kind)
    class Question {
      page = 1
    }
    const pages = cache.region("pages", {
      key: (question: Question) => `${question.page}`,
      generate: async ({ page }: Question) => `page ${page}`,
    })
    const question = new Question()
    const answer = pages.get(question)
    question.page = 2
    await expect(answer).rejects.toMatchObject({ code: "ARGUMENT_CHANGED" })
    question.page = 1
    expect(await pages.get(question)).toBe("page 1")
    question.page = 3
    const many = pages.getOrSetMany([question], (missing) => missing.map(({ page }) => `page ${page}`))
    question.page = 4
    await expect(many).rejects.toMatchObject({ code: "ARGUMENT_CHANGED" })
  })

  test("is refused where it can be no key any more then, though its region has a stale value", async () => {
    const { cache, clock } = await setup(kind)
    const users = cache.region("users", {
      key: ({ id }: { id?: string }) => id as string,
      generate: (user) => {
        delete user.id
        return "another"
      },
      writeThrough: () => {},
      ttl: 1,
      grace: "1h",
    })
    await users.set({ id: "1" }, "stale")
    await clock.advance(1)
    const refused = { code: "ARGUMENT_CHANGED", key: "1" }
    await expect(users.get({ id: "1" })).rejects.toMatchObject(refused)
    const user: { id?: string } = { id: "1" }
    const written = users.setMany([
      [{ id: "2" }, "before"],
      [user, "late"],
    ])
    delete user.id
    await expect(written).rejects.toMatchObject(refused)
  })

  test("is what it was at the call for the setter of a region that writes through", async () => {
    const { cache } = await setup(kind)
    const origin: unknown[] = []
    const pages = cache.region("pages", {
      generate: ({ page }: Page) => page,
      writeThrough: async (question, value) => {
        await undefined
        origin.push([structuredClone(question), structuredClone(value)])
        question.page = 0
      },
    })
    const question = { page: 1 }
    const many = pages.setMany([
      [question, 1],
      [{ page: 2 }, 2],
      [question, 3],
    ])
    question.page = 5
    await many
    await pages.batch(async (batch) => {
      await batch.set(question, 5)
      question.page = 6
    })
    expect(origin).toEqual([
      [{ page: 1 }, 1],
      [{ page: 2 }, 2],
      [{ page: 1 }, 3],
      [{ page: 5 }, 5],
    ])
    expect(await pages.getMany([{ page: 1 }, { page: 2 }, { page: 5 }])).toEqual([3, 2, 5])
  })

  test("is refused by that setter where it cannot be copied", async () => {
    const { cache } = await setup(kind)
    class Question {
      page = 1
    }
    const origin: unknown[] = []
    const pages = cache.region("pages", {
      key: (question: Question) => `${question.page}`,
      generate: () => 0,
      writeThrough: (question, value) => void origin.push([question.page, value]),
    })
    const question = new Question()
    const written = pages.batch(async (batch) => {
      await batch.set(question, 1)
      question.page = 2
    })
    await expect(written).rejects.toMatchObject({ code: "ARGUMENT_CHANGED", key: "1" })
    expect([origin, await pages.getEntry(new Question())]).toEqual([[], undefined])
  })

  test("is what it was at the call for the keys of memoizeMany", async () => {
    const { cache } = await setup(kind)
    const load = cache.memoizeMany((...all: Page[]) => all.map(({ page }) => `page ${page}`), { name: "f" })
    const question = { page: 1 }
    const answer = load(question)
    question.page = 2
    await expect(answer).rejects.toMatchObject({ code: "ARGUMENT_CHANGED" })
    expect(await load(question)).toEqual(["page 2"])
  })
})

describe.each(kinds)("a Map of many values, on %s", (kind) => {
  test("goes by segments as keys do: by what they hold", async () => {
    const { cache } = await setup(kind)
    let calls = 0
    const load = () =>
      cache.getOrSetMany([["u", 1], ["u", 2], "v"], (missing) => {
        calls++
        return new Map(missing.map((key) => [typeof key === "string" ? key : [...key], calls]))
      })
    expect(await load()).toEqual([1, 1, 1])
    expect(await load()).toEqual([1, 1, 1])
  })

  test("goes by ids likewise, and by their text", async () => {
    const { cache } = await setup(kind)
    const users = cache.memoizeMany(
      (...ids: { id: number }[]) => new Map(ids.map((one) => [{ ...one }, one.id])),
      {
        name: "users",
      },
    )
    expect(await users({ id: 1 }, { id: 2 })).toEqual([1, 2])
    const numbers = cache.memoizeMany((...ids: number[]) => new Map(ids.map((id) => [String(id), id])), {
      name: "numbers",
    })
    expect(await numbers(1, 2)).toEqual([1, 2])
  })

  test("has nothing for an id where another one is its text", async () => {
    const { cache } = await setup(kind)
    const load = cache.memoizeMany((..._: (number | string)[]) => new Map([["1", "text"]]), { name: "f" })
    expect(await load(1, "1")).toEqual([undefined, "text"])
    expect(await load.get(1)).toBeUndefined()
    const region = cache.region("r", { generate: (_: number | string) => "made" })
    expect(await region.getOrSetMany(["1", 1], () => new Map([["1", "text"]]))).toEqual(["text", undefined])
    expect(await region.get(1)).toBe("made")
  })

  test("goes by undefined as by any other id", async () => {
    const { cache } = await setup(kind)
    const load = cache.memoizeMany(
      (...ids: (number | undefined)[]) => new Map(ids.map((id) => [id && String(id), `id ${id}`])),
      { name: "f" },
    )
    expect(await load(1, undefined)).toEqual(["id 1", "id undefined"])
    expect(await load.get(undefined)).toBe("id undefined")
    const some = cache.memoizeMany((..._: unknown[]) => new Map([[undefined, "none"]]), { name: "g" })
    expect(await some(1, undefined)).toEqual([undefined, "none"])
  })
})

test("onHit has the `this` of its call", async () => {
  const { cache } = await setup("memory")
  const seen: unknown[] = []
  const f = cache.memoize(async (id: number) => id, {
    name: "f",
    onHit(this: unknown) {
      seen.push(this)
    },
  })
  const one = { f }
  await one.f(1)
  await one.f(1)
  expect(seen).toEqual([one])
})

test("a memoized function keeps its name and the number of its parameters", async () => {
  const { cache } = await setup("memory")
  const f = cache.memoize(async function load(a: number, b: number) {
    return a + b
  })
  expect([f.name, f.length]).toEqual(["load", 2])
})
