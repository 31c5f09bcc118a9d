import { expect, test } from "vitest"
import { inEachBrowser, type Tab } from "./browsers.ts"

/** How long it may take, and how often a busy machine may be too slow for it. */
const bound = 100
const attempts = 10

type Change = readonly [
  verb: "set" | "delete" | "invalidateTags" | "clear",
  name: string,
  sees: number | null,
]

const changes: readonly Change[] = [
  ["set", "k", 2],
  ["delete", "k", null],
  ["invalidateTags", "tag", null],
  ["clear", "", null],
]

/** How many ms after the call in tab `one` tab `two`, which has the old value in its memory, sees the new one. */
async function delay(one: Tab, two: Tab, [verb, name, sees]: Change): Promise<number> {
  await one.run("write", "set", "k", 1)
  await expect.poll(() => two.run("read", "k")).toBe(1)
  expect(await two.run("peek", "k")).toBe(1)
  const watching = two.run("watch", "k", sees)
  await two.run("tally") // it has begun
  const called = await one.run("write", verb, name, 2)
  const seen = await watching
  return seen === null ? Infinity : seen - called
}

inEachBrowser((tabs) => {
  test.each(changes)(
    `what one tab changes by %s another sees within ${bound} ms`,
    {
      timeout: 120_000,
    },
    async (...change) => {
      const [one, two] = await tabs(2)
      const name = `bus ${Math.random()}`
      for (const tab of [one, two]) await tab.run("open", { name, near: true })
      const delays: number[] = []
      while (delays.length < attempts && !delays.some((ms) => ms < bound)) {
        delays.push(await delay(one, two, change))
      }
      expect(Math.min(...delays)).toBeLessThan(bound)
      for (const tab of [one, two]) expect(await tab.run("tally")).toMatchObject({ errors: [] })
    },
  )
})
