import { expect, test } from "vitest"
import { decode, encode } from "../../adapters/upstash/records.ts"

const long = "k".repeat(40_000)

test.each([{ a: 1 }, 42, true, [[1]], 0, false])(
  "an answer that is no text, %j, is junk for the engine",
  (answer) => {
    expect(decode("k", answer)).toBe("")
    expect(decode(long, answer)).toBe("")
  },
)

test("no answer is no record; foreign text comes as it is", () => {
  expect([decode("k", null), decode("k", undefined), decode(long, null)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(decode("k", "foreign")).toBe("foreign")
})

test("under a hashed key a record of another key is absent, and what tells no key is junk", () => {
  expect(decode(long, encode(long, "r"))).toBe("r")
  expect(decode(long, encode(`${long}x`, "r"))).toBeUndefined()
  for (const junk of ["junk", "=junk", "#9:=", ""]) expect(decode(long, junk)).toBe("")
})
