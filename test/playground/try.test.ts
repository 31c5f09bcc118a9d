import { expect, test } from "vitest"
import { inEachBrowser } from "./browsers.ts"
import { appears, choose, countOf, type Tab, textIs, textOf } from "./visit.ts"

/** The kinds of events in the order of their first mention since the last "▸", alike ones in a row once. */
const eventsOf = (tab: Tab) =>
  tab.run(() =>
    [...document.querySelectorAll("#story li[data-event]")].map((line) => line.getAttribute("data-event")),
  )
const counted = (tab: Tab, name: string) => textOf(tab, `[data-count="${name}"]`)
/** Waits until the counters are drawn so. */
async function count(tab: Tab, counts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(counts))
    await expect.poll(() => counted(tab, name), { timeout: 10_000, message: name }).toBe(text)
}
/** Moves a slider. */
const turn = (tab: Tab, dial: string, value: number) =>
  tab.run(
    (name, to) => {
      const input = document.querySelector<HTMLInputElement>(`#dial-${name}`)
      if (input) input.value = String(to)
      input?.dispatchEvent(new Event("input"))
    },
    dial,
    value,
  )
const becomes = (tab: Tab, mood: string) => tab.click(`[name=mood][value=${mood}] + span`)

inEachBrowser(({ open }) => {
  test("1 000 callers are answered by one call, and the timeline tells the events in order", {
    timeout: 60_000,
  }, async () => {
    const tab = await open("try")
    await turn(tab, "ttl", 15_000)
    await tab.click("[data-fire='1000']")
    await textIs(tab, "#outcome", "1 call of the origin")
    const events = await eventsOf(tab)
    expect(events.filter((type) => type !== "coalesced")).toEqual(["miss", "load", "loaded", "set"])
    // Callers join before the load is over; whether it has begun by then is no law.
    expect(events.indexOf("coalesced")).toBeGreaterThan(0)
    expect(events.indexOf("coalesced")).toBeLessThan(events.indexOf("loaded"))
    await count(tab, { callers: "1\u202f000", coalesced: "999" })
    for (const drawn of [
      "#timeline .flight",
      "#timeline .band",
      "#timeline .mark",
      "#latency rect",
      "#waits .mark",
    ])
      await appears(tab, drawn)

    await tab.click("[data-fire='100']")
    await textIs(tab, "#outcome", "100 callers, 0 calls of the origin")
    await count(tab, { hit: "100" })

    await tab.click("#expire")
    await tab.click("[data-fire='1']")
    await textIs(tab, "#outcome", "1 caller, ")
    await count(tab, { stale: "1" })
    await tab.close()
  })

  test("a scene shows the whole life of an entry", { timeout: 60_000 }, async () => {
    const tab = await open("try")
    await tab.click("[data-scene=stampede]")
    await appears(tab, "#scene[data-done=stampede]", 30_000)
    const events = await eventsOf(tab)
    expect(events.filter((type) => type !== "coalesced")).toEqual([
      ...["miss", "load", "loaded", "set"],
      "hit",
      ...["stale", "load", "loaded", "set"],
      "hit",
    ])
    const counts = {
      callers: "1\u202f300",
      calls: "2",
      hit: "200",
      stale: "100",
      coalesced: "999",
      failed: "0",
    }
    await count(tab, counts)
    await tab.close()
  })

  test("of a slow origin callers have stale after softTimeout", { timeout: 60_000 }, async () => {
    const tab = await open("try")
    await tab.click("[data-scene=slow]")
    await appears(tab, "#scene[data-done=slow]", 30_000)
    expect(await textOf(tab, "#story")).toContain("softTimeout is over × 100")
    expect(await textOf(tab, "#story")).toMatch(/loaded in 2/)
    await count(tab, { stale: "100", hit: "100" })
    await tab.close()
  })

  test("a failing origin serves stale within grace, and its error without", { timeout: 60_000 }, async () => {
    const tab = await open("try")
    await tab.click("[data-fire='1']")
    await textIs(tab, "#outcome", "1 caller, 1 call")
    await becomes(tab, "fails")
    await tab.click("#expire")
    await tab.click("[data-fire='100']")
    await count(tab, { stale: "100" })
    await textIs(tab, "#outcome", "100 callers, ")
    expect(await textOf(tab, "#outcome")).not.toContain("got")
    await count(tab, { failed: "1" })

    await tab.click("#reset")
    await textIs(tab, "#outcome", "The entry is gone")
    await tab.click("[data-fire='100']")
    await textIs(tab, "#outcome", "100 got “Error: The origin is down”")
    await count(tab, { failed: "1" })
    await tab.close()
  })

  test("of a hanging origin callers get FALLBACK_TIMEOUT, and a challenger ends the wait", {
    timeout: 60_000,
  }, async () => {
    const tab = await open("try")
    await becomes(tab, "hangs")
    await tab.click("[data-fire='100']")
    await textIs(tab, "#outcome", "100 callers, 1 call of the origin")
    expect(await textOf(tab, "#outcome")).toContain("100 got “FALLBACK_TIMEOUT”")
    await becomes(tab, "works")
    await tab.click("[data-fire='1']")
    await textIs(tab, "#outcome", "1 caller, 1 call of the origin")
    expect(await textOf(tab, "#outcome")).not.toContain("got")
    await tab.close()
  })

  test("ten callers a second keep the numbers moving until they are switched off", {
    timeout: 60_000,
  }, async () => {
    const tab = await open("try")
    await tab.click("#steady + span")
    const callers = async () => Number(await counted(tab, "callers"))
    await expect.poll(callers, { timeout: 20_000 }).toBeGreaterThan(5)
    await tab.click("#steady + span")
    const still = await callers()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await callers()).toBeLessThanOrEqual(still + 1)
    await tab.close()
  })

  test("each storage gives the same answers, the Worker's KV included", { timeout: 120_000 }, async () => {
    const tab = await open("try")
    await turn(tab, "ttl", 15_000)
    for (const storage of ["lru", "indexeddb", "indexeddb-bare", "kv", "kv-near"]) {
      await choose(tab, "#storage", storage)
      await tab.click("#reset")
      await textIs(tab, "#outcome", "The entry is gone")
      await tab.click("[data-fire='100']")
      await textIs(tab, "#outcome", "100 callers, 1 call of the origin")
      await appears(tab, "#story [data-event=set]")
      await tab.click("[data-fire='1']")
      await textIs(tab, "#outcome", "1 caller, 0 calls of the origin")
    }
    const disabled = () =>
      [...document.querySelectorAll<HTMLOptionElement>("#storage option:disabled")].map(({ value }) => value)
    expect(await tab.run(disabled)).toEqual(["sqlite", "upstash"])
    expect(await countOf(tab, "#storage option")).toBe(9)
    await tab.click("#greet")
    await textIs(tab, "#greeting", "Made in the Worker")
    await tab.close()
  })
})
