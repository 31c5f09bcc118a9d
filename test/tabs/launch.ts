// How each browser is started, and how tabs are opened in it.
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import puppeteer from "puppeteer-core"
import { chromiumFlags, display, webkitEnvironment } from "../browser/open.ts"

/** A browser that is open. */
export interface Opened {
  /** Opens a tab for each url: of one browser, one profile, one origin. */
  tabs(urls: readonly string[]): Promise<OpenedTabs>
  close(): Promise<void>
}

/** Tabs that are open, until they are closed. */
export interface OpenedTabs {
  /** The process that all of the browser's are below. */
  readonly pid: number
  close(): Promise<void>
  /** Closes one of them as its user would; absent where only its user can. */
  closeOne?(index: number): Promise<void>
}

/** Chromium or Firefox. All tabs but the first are in the background, as their users have them. */
export async function openPuppeteer(engine: "chromium" | "firefox", path: string): Promise<Opened> {
  const browser = await puppeteer.launch({
    browser: engine === "chromium" ? "chrome" : "firefox",
    executablePath: path,
    headless: true,
    args: engine === "chromium" ? [...chromiumFlags] : [],
  })
  return {
    async tabs(urls) {
      const pages = await Promise.all(urls.map(() => browser.newPage()))
      await Promise.all(pages.map((page, i) => page.goto(urls[i] ?? "")))
      return {
        pid: browser.process()?.pid ?? 0,
        async close() {
          await Promise.all(pages.map((page) => page.close().catch(() => {}))) // some are gone already
        },
        async closeOne(index) {
          await pages[index]?.close()
        },
      }
    },
    close: () => browser.close(),
  }
}

/**
 * WebKitGTK's MiniBrowser, anew for each test: it takes the urls of its tabs on its command line.
 *
 * WebKitWebDriver opens several tabs too, but its session ends with the first process of a page that is killed, and
 * keeps its databases in memory.
 */
export async function openMiniBrowser(path: string): Promise<Opened> {
  const home = await mkdtemp(join(tmpdir(), "minibrowser-"))
  const screen = await display()
  return {
    async tabs(urls) {
      const child = spawn(path, [...urls], {
        stdio: "ignore",
        env: webkitEnvironment(home, screen.name),
      })
      return { pid: child.pid ?? 0, close: () => end(child) }
    },
    async close() {
      screen.stop()
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once("exit", resolve))
  child.kill()
  await gone
}
