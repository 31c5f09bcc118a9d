// Chromium and Firefox, by puppeteer.
import puppeteer, { type Browser } from "puppeteer-core"
import { chromiumFlags } from "../browser/open.ts"
import type { Tab } from "./visit.ts"

/** A browser under a test's hands. */
export interface Driven {
  open(url: string): Promise<Tab>
  close(): Promise<void>
}

/** Starts a browser without a window. */
export async function drivePuppet(engine: "chromium" | "firefox", executablePath: string): Promise<Driven> {
  const browser: Browser = await puppeteer.launch({
    browser: engine === "chromium" ? "chrome" : "firefox",
    executablePath,
    headless: true,
    args: engine === "chromium" ? [...chromiumFlags] : [],
    defaultViewport: { width: 1280, height: 900 },
  })
  return {
    async open(url) {
      const page = await browser.newPage()
      await page.goto(url)
      return {
        // Puppeteer's own type is the same, told otherwise.
        run: <A extends readonly unknown[], R>(read: (...args: A) => R | Promise<R>, ...args: A) =>
          page.evaluate(read as unknown as (...args: unknown[]) => unknown, ...args) as Promise<R>,
        async click(selector) {
          await page.bringToFront() // where people click
          await page.click(selector)
        },
        press: (key) => page.keyboard.press(key),
        close: () => page.close(),
      }
    },
    close: () => browser.close(),
  }
}
