import { expect, test } from "vitest"
import { previewOf, sizeOf } from "../../src/inspector/text.ts"

function sparse(length: number): unknown[] {
  const list: unknown[] = [1, "two"]
  list.length = length
  return list
}

test("a long array, text or map is looked at by its beginning", () => {
  const long = [sparse(1e8), new Map([["list", sparse(1e8)]]), { list: sparse(1e8), text: "x".repeat(1e7) }]
  const start = performance.now()
  for (const value of long) {
    expect(sizeOf(value)).toBeGreaterThan(5e8)
    expect(previewOf(value)).toMatch(/^.{90}…$/)
  }
  expect(performance.now() - start).toBeLessThan(1_000)
  expect(previewOf(sparse(1e8))).toMatch(/^\[1,"two",null,null/)
  expect(sizeOf(Array.from({ length: 10_000 }, () => "x".repeat(8)))).toBe(110_002)
})

test("a value is previewed whole where there is room", () => {
  expect(previewOf({ list: [1, "two", 3n], map: new Map([["k", new Set([1])]]), at: new Date(0) })).toBe(
    '{"list":[1,"two","3n"],"map":{"Map":[["k",{"Set":[1]}]]},"at":"1970-01-01T00:00:00.000Z"}',
  )
  expect([previewOf(undefined), previewOf(new Uint8Array(5)), previewOf(Number.NaN)]).toEqual([
    "undefined",
    '"5 bytes"',
    '"NaN"',
  ])
  expect([sizeOf({ a: [1, "two"] }), sizeOf(new Map([["k", 1]])), sizeOf("text")]).toEqual([16, 11, 6])
})
