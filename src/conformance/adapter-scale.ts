import { ability, type ConformanceCase, check, equal, hour, keysOf, law, numbers, recordOf } from "./law.ts"
import { same } from "./same.ts"

/** Many records, large ones, concurrent ones, from two handles, and after a restart. */
export const scale: readonly ConformanceCase[] = [
  law("1 100 keys are set, got, deleted and cleared at once", {}, async ({ adapter }) => {
    await Promise.all(numbers.map((at) => adapter.set(`key ${at}`, recordOf(adapter, `record ${at}`), hour)))
    const got = await Promise.all(numbers.map((at) => adapter.get(`key ${at}`)))
    for (const at of numbers) equal(got[at], recordOf(adapter, `record ${at}`), `get of key ${at}`)
    const deleted = await Promise.all(numbers.slice(0, 50).map((at) => adapter.delete(`key ${at}`)))
    equal(deleted.filter((was) => was === true).length, 50, "how many were there")
    equal(await adapter.get("key 7"), undefined, "get after delete")
    await adapter.clear("key ")
    // A clear that stops halfway leaves the first or the last ones, in the order of writing or of the alphabet.
    const ends = [...numbers.slice(50, 150), ...numbers.slice(-200)]
    const left = await Promise.all(ends.map((at) => adapter.get(`key ${at}`)))
    equal(left.filter((record) => record !== undefined).length, 0, "how many are left after clear")
  }),
  law("1 100 keys are listed and cleared", { needs: "keys" }, async ({ adapter }) => {
    await Promise.all(numbers.map((at) => adapter.set(`a:${at}`, recordOf(adapter, "v"), hour)))
    await adapter.set("b", recordOf(adapter, "b"), hour)
    equal(await keysOf(adapter, "a:"), numbers.map((at) => `a:${at}`).sort(), "keys")
    await adapter.clear("a:")
    equal(await keysOf(adapter, ""), ["b"], "keys after clear")
  }),
  law("a record of 1 MB comes back whole", {}, async ({ adapter }) => {
    await adapter.set("big", recordOf(adapter, "0123456789abcdef".repeat(65_536)), hour)
    await adapter.set("small", recordOf(adapter, "small"), hour)
    check(
      same(await adapter.get("big"), recordOf(adapter, "0123456789abcdef".repeat(65_536))),
      "get: expected the record of 1 MB, got another",
    )
    equal(await adapter.get("small"), recordOf(adapter, "small"), "get of the neighbour")
  }),
  law("of 50 concurrent sets of one key, one wins whole", {}, async ({ adapter }) => {
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        adapter.set("k", recordOf(adapter, `writer ${at} `.repeat(at + 1)), hour),
      ),
    )
    const won = await adapter.get("k")
    check(
      numbers.slice(0, 50).some((at) => same(won, recordOf(adapter, `writer ${at} `.repeat(at + 1)))),
      "get: expected the record of one of the writers, got another",
    )
  }),
  law("reads, writes and deletes of different keys do not disturb each other", {}, async ({ adapter }) => {
    await adapter.set("still", recordOf(adapter, "still"), hour)
    const seen = await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        await adapter.set(`key ${at}`, recordOf(adapter, `record ${at}`), hour)
        if (at % 3 === 0) await adapter.delete(`key ${at}`)
        return [await adapter.get(`key ${at}`), await adapter.get("still")]
      }),
    )
    for (const [at, [own, still]] of seen.entries()) {
      equal(own, at % 3 === 0 ? undefined : recordOf(adapter, `record ${at}`), `get of key ${at}`)
      equal(still, recordOf(adapter, "still"), "get of the key that nobody writes")
    }
  }),
  law(
    "two handles see each other's writes, deletes and clears",
    { needs: "shared" },
    async ({ adapter, another }) => {
      const neighbour = await another()
      await adapter.set("k", recordOf(adapter, "v"), hour)
      equal(await neighbour.get("k"), recordOf(adapter, "v"), "get by the neighbour")
      await neighbour.set("k", recordOf(adapter, "w"), hour)
      equal(await adapter.get("k"), recordOf(adapter, "w"), "get of what the neighbour replaced")
      equal(await neighbour.delete("k"), true, "delete by the neighbour")
      equal(await adapter.get("k"), undefined, "get after the neighbour's delete")
      await adapter.set("a:1", recordOf(adapter, "v"), hour)
      await neighbour.clear("a:")
      equal(await adapter.get("a:1"), undefined, "get after the neighbour's clear")
    },
  ),
  law(
    "two handles write 200 keys at once, and none is lost",
    { needs: "shared" },
    async ({ adapter, another }) => {
      const handles = [adapter, await another()]
      await Promise.all(
        numbers
          .slice(0, 200)
          .map((at) => handles[at % 2]?.set(`key ${at}`, recordOf(adapter, `record ${at}`), hour)),
      )
      for (const at of numbers.slice(0, 200)) {
        equal(
          await handles[(at + 1) % 2]?.get(`key ${at}`),
          recordOf(adapter, `record ${at}`),
          `get of key ${at}`,
        )
      }
    },
  ),
  law("closing one handle leaves the other open", { needs: "shared" }, async ({ adapter, another }) => {
    const neighbour = await another()
    await adapter.set("k", recordOf(adapter, "v"), hour)
    await neighbour.get("k")
    await neighbour.close?.()
    equal(await adapter.get("k"), recordOf(adapter, "v"), "get after the neighbour has closed")
    await adapter.set("k", recordOf(adapter, "w"), hour)
    equal(await adapter.get("k"), recordOf(adapter, "w"), "get after another set")
  }),
  law("records outlive their handle", { needs: "persistent" }, async ({ adapter, another }) => {
    await adapter.set("k", recordOf(adapter, "v"), hour)
    await adapter.set("forever", recordOf(adapter, "forever"), Infinity)
    await adapter.set("#token", recordOf(adapter, "token"), Infinity)
    await adapter.close?.()
    const again = await another()
    equal(await again.get("k"), recordOf(adapter, "v"), "get after reopening")
    equal(await again.get("forever"), recordOf(adapter, "forever"), "get of an endless one after reopening")
    equal(await again.get("#token"), recordOf(adapter, "token"), "get of a version token after reopening")
  }),
  law("what was added outlives its handle", { needs: "persistent add" }, async ({ adapter, another }) => {
    await ability(adapter, "add")("k", recordOf(adapter, "v"), hour)
    await adapter.close?.()
    const again = await another()
    equal(await ability(again, "add")("k", recordOf(adapter, "w"), hour), false, "add after reopening")
    equal(await again.get("k"), recordOf(adapter, "v"), "get after reopening")
  }),
]
