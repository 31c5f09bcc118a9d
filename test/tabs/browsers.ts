// Real browsers with several tabs of one origin.
import { afterAll, beforeAll, describe, onTestFinished } from "vitest"
import { findEngines } from "../browser/installed.ts"
import { type Line, openSite, type Site } from "./channel.ts"
import { type Opened, type OpenedTabs, openMiniBrowser, openPuppeteer } from "./launch.ts"
import { processThatWorks } from "./processes.ts"

/** A tab of a real browser. */
export interface Tab extends Pick<Line, "run"> {
  /** Finds the process it lives in, and answers how to kill -9 it. */
  killer(): Promise<() => void>
  /** Whether it answers within half a second. */
  isAlive(): Promise<boolean>
  /** Closes it, or goes elsewhere in it where it cannot be closed. */
  leave(): Promise<void>
}

/** Several of them. */
interface Tabs {
  readonly 2: readonly [Tab, Tab]
  readonly 3: readonly [Tab, Tab, Tab]
  readonly 4: readonly [Tab, Tab, Tab, Tab]
}

const packages = { chromium: "chromium", firefox: "firefox-esr", webkit: "libwebkit2gtk-4.1-0 xvfb" } as const

/** Runs `tests` in each browser that is installed. `open` opens so many tabs for one test. */
export function inEachBrowser(
  tests: (open: <Count extends keyof Tabs>(count: Count) => Promise<Tabs[Count]>) => void,
): void {
  const found = findEngines()
  let site: Site | undefined
  beforeAll(async () => {
    site = await openSite()
  }, 60_000)
  afterAll(() => site?.close())

  for (const engine of ["chromium", "firefox", "webkit"] as const) {
    const path = found[engine]
    const missing = `${engine} is LEFT OUT: not installed (apt-get install ${packages[engine]})`
    if (!path) console.warn(missing)
    // In CI it runs all the same, and fails.
    describe.skipIf(!path && !process.env["CI"])(path ? engine : missing, () => {
      let browser: Opened | undefined
      beforeAll(async () => {
        if (!path) throw new Error(missing)
        browser = await (engine === "webkit" ? openMiniBrowser(path) : openPuppeteer(engine, path))
      }, 60_000)
      afterAll(() => browser?.close())

      tests(async <Count extends keyof Tabs>(count: Count) => {
        if (!site || !browser) throw new Error("Nothing is open yet.")
        const tabs = await openTabs(count, site, browser)
        return tabs as readonly Tab[] as Tabs[Count] // so many were made
      })
    })
  }
}

/** Opens so many tabs, all of them anew where one does not come: with a busy machine WebKit forgets one at times. */
async function openTabs(count: number, site: Site, browser: Opened, attempts = 3): Promise<readonly Tab[]> {
  const lines = Array.from({ length: count }, site.line)
  const opened = await browser.tabs(lines.map(({ url }) => url))
  try {
    await Promise.all(lines.map(({ ready, url }) => within(ready, `${url} is not there`)))
  } catch (error) {
    await opened.close()
    if (attempts === 1) throw error
    console.warn(`${String(error)} Opening all ${count} tabs again.`)
    return openTabs(count, site, browser, attempts - 1)
  }
  onTestFinished(opened.close)
  return lines.map(({ run }, i) => tab(run, opened, i))
}

/** Rejects with `trouble` when `promise` takes longer than half a minute. */
async function within<T>(promise: Promise<T>, trouble: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${trouble} after 30 s.`)), 30_000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function tab(run: Line["run"], { pid, closeOne }: OpenedTabs, index: number): Tab {
  return {
    run: (verb, ...args) => within(run(verb, ...args), `${verb} has no answer`),
    async killer() {
      const own = await processThatWorks(pid, () => run("burn", 500))
      return () => void process.kill(own, "SIGKILL")
    },
    isAlive: () =>
      Promise.race([
        run("tally").then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 500, false)),
      ]),
    async leave() {
      if (closeOne) await closeOne(index)
      else run("leave").catch(() => {}) // it may go before it can answer
    },
  }
}
