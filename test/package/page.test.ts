import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Browser } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { root } from "../../tools/scripts/run.ts"
import { blocksOf, pages } from "../docs/blocks.ts"
import { hasChromium, launchChromium } from "../docs/chromium.ts"
import { installed } from "./entries.ts"
import { type Origin, startOrigin } from "./examples/examples.ts"

const shown = pages.flatMap(blocksOf).filter(({ language }) => language === "html")

/** What lies at a path of a site whose root is a project that has installed the package. */
function fileAt(path: string): string {
  const [, inside] = /^\/node_modules\/isocache(\/.+)$/.exec(path) ?? []
  return inside === undefined ? join(root, path) : join(installed, inside)
}

describe.skipIf(!hasChromium)("pages without a bundler", () => {
  let browser: Browser
  let origin: Origin
  beforeAll(async () => {
    browser = await launchChromium()
    origin = await startOrigin(({ url = "" }, response) => {
      const block = shown.find((_, at) => url === `/${at}`)
      if (block) return void response.setHeader("content-type", "text/html").end(block.code)
      if (!url.endsWith(".js")) return void response.writeHead(404).end()
      response.setHeader("content-type", "text/javascript").end(readFileSync(fileAt(url)))
    })
  })
  afterAll(async () => {
    await browser?.close()
    await origin?.close()
  })

  test.each(shown.map((block, at) => ({ ...block, at })))(
    "the page in $file at line $line counts its visits, by the files of the package",
    async ({ at }) => {
      const page = await browser.newPage()
      const trouble: string[] = []
      page.on("pageerror", (error) => trouble.push(String(error)))
      for (const count of ["1", "2", "3"]) {
        await page.goto(`${origin.url}${at}`)
        const output = () => page.evaluate(() => document.querySelector("output")?.value)
        await expect.poll(output, { timeout: 10_000 }).toBe(count)
      }
      expect(trouble).toEqual([])
    },
  )

  test("what the map of the page names is there, what loads late too", async () => {
    const page = await browser.newPage()
    await page.goto(`${origin.url}0`)
    // As text: the test runner would make another import of it.
    const content = `const { CacheWrapper } = await import("isocache")
const cache = new CacheWrapper({ compress: true })
await cache.set("k", new Map([["a", 1n]]))
document.title = [...(await cache.get("k"))].join()`
    await page.addScriptTag({ type: "module", content })
    await expect.poll(() => page.title(), { timeout: 10_000 }).toBe("a,1")
  })
})
