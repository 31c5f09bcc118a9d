import type { Browser, Page } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Playground, servePlayground } from "../../playground/serve.ts"
import { hasChromium, launchChromium } from "../docs/chromium.ts"

describe.skipIf(!hasChromium)("with the system's colours forced, as by high contrast", () => {
  let browser: Browser
  let served: Playground
  beforeAll(async () => {
    ;[browser, served] = await Promise.all([launchChromium(), servePlayground(0)])
  }, 60_000)
  afterAll(() => Promise.all([browser?.close(), served?.close()]))

  async function open(part: string): Promise<Page> {
    const page = await browser.newPage()
    const session = await page.createCDPSession()
    const features = [{ name: "forced-colors", value: "active" }]
    await session.send("Emulation.setEmulatedMedia", { features })
    await page.goto(`${served.url}#${part}`)
    await page.waitForSelector("html[data-ready]")
    return page
  }

  /** How many looks `selector` has while `change` is made step by step. */
  async function looks(page: Page, selector: string, change: string, steps: readonly (string | boolean)[]) {
    const seen = new Set<string>()
    for (const step of steps) {
      await page.$eval(selector, (found, name, value) => Reflect.set(found, name, value), change, step)
      await new Promise((resolve) => setTimeout(resolve, 300)) // its transition
      const box = await page.$eval(selector, (found) => {
        const { x, y, width, height } = (found.closest("label") ?? found).getBoundingClientRect()
        return { x: x + scrollX, y: y + scrollY, width, height }
      })
      seen.add(await page.screenshot({ clip: box, encoding: "base64" }))
    }
    return seen.size
  }

  test("a switch and a choice show their states, and a square its result", { timeout: 60_000 }, async () => {
    const page = await open("try")
    expect(await looks(page, "#steady", "checked", [false, true])).toBe(2)
    expect(await looks(page, "#mood input", "checked", [true, false])).toBe(2)
    await page.close()

    const proof = await open("prove")
    await proof.click("#prove-start")
    await proof.waitForSelector(".squares [data-result=held]")
    const results = ["held", "broken", "left out", ""]
    const squares = new Set<string>()
    for (const result of results) {
      await proof.$eval(
        ".squares i:last-child",
        (square, value) => square.setAttribute("data-result", value),
        result,
      )
      squares.add((await (await proof.$(".squares i:last-child"))?.screenshot({ encoding: "base64" })) ?? "")
    }
    expect(squares.size).toBe(results.length)
    await proof.close()
  })
})
