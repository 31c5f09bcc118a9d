import { expect, test } from "vitest"
import { optionsFrom } from "../../src/index.ts"

test.each<[string, unknown]>([
  [" 500 ", 500],
  ["Infinity", Infinity],
  [" Infinity", Infinity],
  ["1e6", 1_000_000],
  ["2.5E3", 2500],
  ["TRUE", true],
  [" False ", false],
  ["007", "007"],
  ["12345678901234567890", "12345678901234567890"],
  ["1e999", "1e999"],
  ["1.10", "1.10"],
  ["infinite", "infinite"],
  ["", ""],
  [" ", " "],
])("the argument %j is read as %s", (text, value) => {
  expect(optionsFrom({ CACHE_ARGUMENTS_MAX_ENTRIES: text }, "cache")).toEqual({
    arguments: { maxEntries: value },
  })
})
