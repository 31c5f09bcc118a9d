// Real browsers on the playground, served for the tests of one file.
import puppeteer, { type Browser, type Page } from "puppeteer-core"
import { afterAll, beforeAll, describe } from "vitest"
import { type Playground, servePlayground } from "../../playground/serve.ts"
import { findEngines } from "../browser/installed.ts"

/** What a test has of a browser. */
export interface Visit {
  /** Opens a part of the playground in a tab of its own. */
  open(part: string): Promise<Page>
}

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** Runs `tests` in each browser that is installed. */
export function inEachBrowser(tests: (visit: Visit) => void): void {
  const found = findEngines()
  let served: Playground | undefined
  beforeAll(async () => {
    served = await servePlayground(0)
  }, 60_000)
  afterAll(() => served?.close())

  for (const engine of ["chromium", "firefox"] as const) {
    const executablePath = found[engine]
    describe.skipIf(!executablePath)(engine, () => {
      let browser: Browser | undefined
      beforeAll(async () => {
        browser = await puppeteer.launch({
          browser: engine === "chromium" ? "chrome" : "firefox",
          executablePath: executablePath ?? "",
          headless: true,
          args: engine === "chromium" ? flags : [],
        })
      }, 60_000)
      afterAll(() => browser?.close())

      tests({
        async open(part) {
          if (!browser || !served) throw new Error("Nothing is open yet.")
          const page = await browser.newPage()
          await page.goto(`${served.url}#${part}`)
          await page.waitForSelector("html[data-ready]", { timeout: 20_000 })
          return page
        },
      })
    })
  }
}

/** The text of what `selector` finds. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (found) => found.textContent ?? "")
}

/** Waits until the text of what `selector` finds holds `text`. */
export async function textIs(page: Page, selector: string, text: string, timeout = 20_000): Promise<void> {
  await page.waitForFunction(
    (where, what) => document.querySelector(where)?.textContent?.includes(what) === true,
    { timeout, polling: 50 },
    selector,
    text,
  )
}
