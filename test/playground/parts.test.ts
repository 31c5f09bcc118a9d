import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import type { Page } from "puppeteer-core"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { inEachBrowser, textIs, textOf } from "./browsers.ts"

/** The hit ratio of a bare memory adapter on the log, as the page writes it. */
function ratioOf(policy: "s3-fifo" | "lru", maxEntries: number): string {
  const bytes = gunzipSync(readFileSync(new URL("../../playground/data/web12.bin.gz", import.meta.url)))
  const cache = memory({ maxEntries, policy })
  let hits = 0
  for (let at = 0; at < bytes.length; at += 4) {
    const key = String(bytes.readInt32BE(at))
    if (cache.get(key) !== undefined) hits++
    else cache.set(key, true, Infinity)
  }
  return `${((100 * hits) / (bytes.length / 4)).toFixed(1)} %`
}

const valueIn = (page: Page) => textOf(page, "#tab-value")
const loadsIn = async (page: Page) => Number((await textOf(page, "#tab-loads")).match(/\d+/)?.[0])

inEachBrowser(({ open }) => {
  test("the replay ends with the hit ratios of the bare policies", { timeout: 120_000 }, async () => {
    const page = await open("replay")
    await page.select("#size", "688")
    await page.click("#replay-start")
    await page.waitForSelector("#ratios[data-done]", { timeout: 100_000 })
    const row = await page.$$eval("#replay-table tr:nth-child(2) td", (cells) =>
      cells.map((cell) => cell.textContent),
    )
    expect(row).toEqual([ratioOf("s3-fifo", 688), ratioOf("lru", 688)])
    await page.close()
  })

  test("two tabs load once, and one hears what the other writes", { timeout: 90_000 }, async () => {
    const one = await open("tabs")
    await one.click("#drop")
    const two = await open("tabs")
    const names = [await textOf(one, "#tab-name"), await textOf(two, "#tab-name")]
    for (const name of names) for (const page of [one, two]) await textIs(page, "#tab-others", name)
    await two.click("#both")
    for (const page of [one, two]) await textIs(page, "#tab-value", "made by")
    expect(await valueIn(one)).toBe(await valueIn(two))
    expect((await loadsIn(one)) + (await loadsIn(two))).toBe(1)

    await two.click("#write")
    await textIs(one, "#tab-log", "heard: drop")
    await textIs(one, "#tab-value", "nothing in memory")
    await one.bringToFront()
    await one.click("#here")
    await textIs(one, "#tab-value", `made by ${names[1]}`)
    await one.close()
    await two.close()
  })

  test("the inspector shows entries, and ends them", { timeout: 60_000 }, async () => {
    const page = await open("inspect")
    await page.click("#samples")
    const rows = () =>
      page.$eval("isocache-inspector", (panel) =>
        [...(panel.shadowRoot?.querySelectorAll("tbody tr") ?? [])].map((row) => row.textContent ?? ""),
      )
    const until = (count: number) =>
      expect.poll(async () => (await rows()).length, { timeout: 10_000 }).toBe(count)
    await until(9)
    expect((await rows()).find((row) => row.startsWith("config"))).toContain("for ever")
    await page.click('isocache-inspector >>> [aria-label="Delete config"]')
    await until(8)
    await page.click('isocache-inspector >>> [aria-label="Expire rates"]')
    await expect.poll(async () => (await rows()).find((row) => row.startsWith("rates"))).toContain("stale")
    const select = await page.$("isocache-inspector >>> select")
    await select?.select("users")
    await page.click("isocache-inspector >>> .pair button")
    await until(2)
    await page.click("isocache-inspector >>> .tools > .danger")
    await until(0)
    await page.close()
  })

  test("the conformance suite holds in this browser", { timeout: 240_000 }, async () => {
    const page = await open("prove")
    await page.click("#prove-start")
    await page.waitForSelector("#prove-results[data-done]", { timeout: 220_000 })
    const broken = await page.$$eval("[data-result=broken]", (laws) => laws.map((law) => law.textContent))
    expect(broken).toEqual([])
    expect(await textOf(page, "#prove-status")).toMatch(/^All laws hold: \d{3} held/)
    await page.close()
  })
})
