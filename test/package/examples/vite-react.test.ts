import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Browser, Page } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { root, run } from "../../../tools/scripts/run.ts"
import { hasChromium, launchChromium } from "../../docs/chromium.ts"
import { folderOf, installExample, startOrigin } from "./examples.ts"

const folder = folderOf("vite-react")

describe.skipIf(!hasChromium)("the page of vite-react", () => {
  let browser: Browser
  let port = 0
  let server: ChildProcess | undefined

  beforeAll(async () => {
    await installExample("vite-react", "ci")
    const { ok, output } = await run("npm", ["run", "build"], {
      cwd: folder,
      env: { NODE_ENV: "production" }, // vitest says "test"
      quiet: true,
    })
    expect(ok, output).toBe(true)
    const probe = await startOrigin(() => {})
    port = Number(new URL(probe.url).port)
    await probe.close()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await stop()
  })

  /** Serves what was built, and the articles. */
  async function serve(): Promise<void> {
    const args = ["preview", "--host", "127.0.0.1", "--port", String(port), "--strictPort"]
    server = spawn(join(root, "node_modules/.bin/vite"), args, {
      cwd: folder,
      env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}` },
      stdio: "ignore",
    })
    const answers = () => fetch(`http://127.0.0.1:${port}/api/articles`).then(({ status }) => status, String)
    await expect.poll(answers, { timeout: 20_000 }).toBe(200)
  }

  async function stop(): Promise<void> {
    if (!server) return
    const exit = once(server, "exit")
    server.kill("SIGKILL")
    await exit
    server = undefined
  }

  const textOf = (page: Page, selector: string) =>
    page.$$eval(selector, (found) => found.map(({ textContent }) => textContent?.trim() ?? ""))
  /** When what is shown was fetched, to the millisecond. */
  const momentOf = (page: Page) => page.$eval("p > time", (time) => time.getAttribute("datetime"))
  const soon = { timeout: 15_000 }

  test("shows without a network, after a reload, what it has kept in IndexedDB", async () => {
    await serve()
    const page = await browser.newPage()
    const errors: unknown[] = []
    page.on("pageerror", (error) => errors.push(error))
    await page.goto(`http://127.0.0.1:${port}/`)
    await expect.poll(() => textOf(page, "li"), soon).toHaveLength(3)
    await page.waitForSelector("footer", { ...soon, visible: true })
    const articles = await textOf(page, "li")
    const asOf = await momentOf(page)
    expect(await textOf(page, "[role=status]")).toEqual([""])

    // No server at all, and no network to look for one.
    await stop()
    await page.setOfflineMode(true)
    await page.reload()
    await expect
      .poll(() => textOf(page, "[role=status]"), soon)
      .toEqual([expect.stringContaining("No network")])
    expect(await textOf(page, "li")).toEqual(articles)
    expect(await momentOf(page)).toBe(asOf)

    await serve()
    await page.setOfflineMode(false)
    await page.click("button")
    await expect.poll(() => textOf(page, "[role=status]"), soon).toEqual([""])
    expect(await momentOf(page)).not.toBe(asOf)
    expect(errors).toEqual([])
    await page.close()
  }, 120_000)
})

test("it has the right types, and in common with the repository the same Vite", async () => {
  await installExample("vite-react", "ci")
  const { ok, output } = await run("tsc", ["-p", folder], { quiet: true })
  expect(ok, output).toBe(true)
  const versions = (path: string) =>
    JSON.parse(readFileSync(join(path, "package.json"), "utf8")).devDependencies
  expect(versions(folder).vite).toBe(versions(root).vite)
})
