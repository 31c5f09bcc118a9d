import puppeteer, { type Browser } from "puppeteer-core"
import { findEngines } from "../browser/installed.ts"
import { chromiumFlags } from "../browser/open.ts"

/** Whether tests in a real Chromium can run here. In CI they must. */
export const hasChromium: boolean = Boolean(findEngines().chromium ?? process.env["CI"])

/** A Chromium with a fresh profile. */
export function launchChromium(): Promise<Browser> {
  return puppeteer.launch({
    browser: "chrome",
    executablePath: findEngines().chromium ?? "",
    headless: true,
    args: [...chromiumFlags],
  })
}
