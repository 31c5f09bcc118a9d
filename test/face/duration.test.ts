import { describe, expect, test } from "vitest"
import { type Duration, parseDuration } from "../../src/index.ts"

const names: readonly [number, ...string[]][] = [
  [1, "ms", "millisecond", "milliseconds"],
  [1000, "s", "sec", "second", "seconds"],
  [60_000, "m", "min", "minute", "minutes"],
  [3_600_000, "h", "hour", "hours"],
  [86_400_000, "d", "day", "days"],
  [604_800_000, "w", "week", "weeks"],
]
const units = names.flatMap(([ms, ...all]) => all.map((name) => [name, ms] as const))

describe("a duration", () => {
  test.each(units)("in %s, with a space or without, in any case", (name, ms) => {
    for (const unit of [name, name.toUpperCase(), name[0]?.toUpperCase() + name.slice(1)]) {
      expect(parseDuration(`3${unit}` as Duration)).toBe(3 * ms)
      expect(parseDuration(`3 ${unit}` as Duration)).toBe(3 * ms)
    }
  })

  test.each<[Duration, number]>([
    [0, 0],
    [0.5, 0.5],
    [1500, 1500],
    [Infinity, Infinity],
    ["0s", 0],
    ["0.5s", 500],
    [".5s" as Duration, 500],
    ["1.s" as Duration, 1000],
    ["1.25 minutes", 75_000],
    ["0.25ms", 0.25],
    ["60d", 60 * 86_400_000],
    ["2w", 1_209_600_000],
    ["007s" as Duration, 7000],
  ])("%s is %d ms", (duration, ms) => {
    expect(parseDuration(duration)).toBe(ms)
  })

  test.each<[unknown]>([
    [""],
    [" "],
    ["s"],
    ["5"],
    ["abc"],
    ["1 year"],
    ["1 month"],
    ["1mo"],
    ["1h30m"],
    ["1h 30m"],
    ["-1s"],
    ["+1s"],
    ["1e3s"],
    ["0x10s"],
    ["1_000ms"],
    ["1,5s"],
    ["1..5s"],
    ["1  s"],
    [" 1s"],
    ["1s "],
    ["1s\n"],
    ["1\u00a0s"],
    ["Infinity"],
    ["NaNs"],
    ["１s"],
    ["1ſ"],
    ["5 Kelvin"],
    [Number.NaN],
    [-1],
    [-Infinity],
    [1n],
    [null],
    [undefined],
    [true],
    [{}],
    [["5s"]],
    [new Date(5)],
    [() => 5],
    [Symbol("5s")],
  ])("%o is refused", (wrong) => {
    expect(() => parseDuration(wrong as Duration)).toThrow(expect.objectContaining({ code: "TTL_INVALID" }))
  })

  test("a huge text is refused quickly and not repeated", () => {
    const wrong = `${"1".repeat(100_000)}x` as Duration
    expect(() => parseDuration(wrong)).toThrow(expect.objectContaining({ code: "TTL_INVALID" }))
    try {
      parseDuration(wrong)
    } catch (error) {
      expect(String(error).length).toBeLessThan(200)
    }
  })
})
