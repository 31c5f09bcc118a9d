import type { Page } from "puppeteer-core"
import { expect, test } from "vitest"
import { inEachBrowser, textIs, textOf } from "./browsers.ts"

const eventsOf = (page: Page) =>
  page.$$eval("#story li[data-event]", (lines) => lines.map((line) => line.getAttribute("data-event")))
const countOf = (page: Page, name: string) => textOf(page, `[data-count="${name}"]`)

inEachBrowser(({ open }) => {
  test("1 000 callers are answered by one call, and the timeline tells the events in order", {
    timeout: 60_000,
  }, async () => {
    const page = await open("try")
    await page.click("[data-fire='1000']")
    await textIs(page, "#outcome", "1 call of the origin")
    const events = await eventsOf(page)
    expect(events.filter((type) => type !== "coalesced")).toEqual(["miss", "load", "loaded", "set"])
    // Callers join before the load is over; whether it has begun by then is no law.
    expect(events.indexOf("coalesced")).toBeGreaterThan(0)
    expect(events.indexOf("coalesced")).toBeLessThan(events.indexOf("loaded"))
    expect(await countOf(page, "coalesced")).toBe("999")
    expect(await page.$$eval("#timeline .mark", (marks) => marks.length)).toBeGreaterThan(2)
    expect(await page.$$eval("#timeline .flight", (bars) => bars.length)).toBe(1)
    expect(await page.$$eval("#latency rect", (bars) => bars.length)).toBeGreaterThan(0)

    await page.click("[data-fire='100']")
    await textIs(page, "#outcome", "100 callers, 0 calls of the origin")
    expect(await countOf(page, "hit")).toBe("100")

    await page.click("#expire")
    await page.click("[data-fire='1']")
    await textIs(page, "#outcome", "1 caller, ")
    await textIs(page, '[data-count="stale"]', "1")
    await page.close()
  })

  test("a failing origin serves stale within grace, and its error without", { timeout: 60_000 }, async () => {
    const page = await open("try")
    await page.click("[name=mood][value=fails] + span")
    await page.click("[data-fire='100']")
    await textIs(page, "#outcome", "100 got “Error: The origin is down”")
    expect(await countOf(page, "failed")).toBe("1")
    await page.close()
  })

  test("each storage gives the same answers, the Worker's KV included", { timeout: 60_000 }, async () => {
    const page = await open("try")
    for (const storage of ["indexeddb", "kv"]) {
      await page.select("#storage", storage)
      await page.click("#reset")
      await textIs(page, "#outcome", "The entry is gone")
      await page.click("[data-fire='100']")
      await textIs(page, "#outcome", "100 callers, 1 call of the origin")
      await textIs(page, "#story", "set")
      await page.click("[data-fire='1']")
      await textIs(page, "#outcome", "1 caller, 0 calls of the origin")
    }
    await page.click("#greet")
    await textIs(page, "#greeting", "Made in the Worker")
    await page.close()
  })

  test("arrow keys walk through the parts", { timeout: 60_000 }, async () => {
    const page = await open("try")
    await page.focus("#tab-try")
    await page.keyboard.press("ArrowRight")
    expect(await page.$eval("#tabs", (panel) => panel.hasAttribute("hidden"))).toBe(false)
    await page.keyboard.press("End")
    expect(await page.$eval("#tab-prove", (tab) => tab.getAttribute("aria-selected"))).toBe("true")
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("tab-prove")
    await page.close()
  })
})
