import { build } from "esbuild"
import type { Browser } from "puppeteer-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { root } from "../../tools/scripts/run.ts"
import { type Origin, startOrigin } from "../package/examples/examples.ts"
import { blocksOf, pages } from "./blocks.ts"
import { hasChromium, launchChromium } from "./chromium.ts"
import { checked, countSaid, isSaid, written } from "./said.ts"

const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === "ts browser")

/** Code as one script for a page or a worker, on the sources. */
async function bundle(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, loader: "js", resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "silent",
    alias: { isocache: `${root}/src/index.ts` },
    plugins: [
      {
        name: "entries",
        setup({ onResolve }) {
          onResolve({ filter: /^isocache\/adapters\// }, ({ path }) => ({
            path: `${root}/${path.slice(9)}.ts`,
          }))
          onResolve({ filter: /^isocache\/\w+$/ }, ({ path }) => ({
            path: `${root}/src/${path.slice(9)}.ts`,
          }))
        },
      },
    ],
  })
  return outputFiles[0]?.text ?? ""
}

const serviceWorker = `import { cached } from "isocache"
const work = async () => {
  await cached.set("at", new Date(7))
  await cached.set("where", cached.adapter.name)
}
addEventListener("install", (event) => event.waitUntil(work()))
addEventListener("activate", (event) => event.waitUntil(clients.claim()))`

const itsPage = `import { cached } from "isocache"
await navigator.serviceWorker.register("/worker.js", { type: "module" })
await navigator.serviceWorker.ready
__end([(await cached.get("at")).getTime(), await cached.get("where")])`

describe.skipIf(!hasChromium)("blocks that need a browser", () => {
  let browser: Browser
  let origin: Origin
  beforeAll(async () => {
    browser = await launchChromium()
    const worker = await bundle(serviceWorker)
    origin = await startOrigin(({ url }, response) => {
      const [type, text] =
        url === "/worker.js"
          ? ["text/javascript", worker]
          : ["text/html", "<!doctype html><title>A page</title>"]
      response.setHeader("content-type", type ?? "").end(text)
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await origin?.close()
  })

  test.each(blocks)(
    "TypeScript in $file at line $line runs in Chromium, and its comments are true",
    async (block) => {
      const context = await browser.createBrowserContext()
      const page = await context.newPage()
      const trouble: string[] = []
      page.on("pageerror", (error) => trouble.push(String(error)))
      page.on("console", (message) => void (message.type() === "error" && trouble.push(message.text())))
      await page.goto(origin.url)
      const script = await bundle(await checked(block.code))
      const answered = page.evaluate(
        () => new Promise<[unknown, string][]>((resolve) => Reflect.set(globalThis, "__end", resolve)),
      )
      const content = `const said = []
globalThis.__say = (value, comment) => said.push([value, comment])
globalThis.addEventListener("error", () => __end(said))
globalThis.addEventListener("unhandledrejection", () => __end(said))
${script}
__end(said)`
      await page.addScriptTag({ type: "module", content })
      const said = await answered
      expect(trouble).toEqual([])
      for (const [value, comment] of said) {
        expect(isSaid([written(value), comment]), `${comment} is ${written(value)}`).toBe(true)
      }
      expect(said.length).toBe(countSaid(block.code))
      await context.close()
    },
    60_000,
  )

  test("a service worker in one file shares the database with its pages", async () => {
    const page = await browser.newPage()
    await page.goto(origin.url)
    const answered = page.evaluate(
      () => new Promise<unknown>((resolve) => Reflect.set(globalThis, "__end", resolve)),
    )
    await page.addScriptTag({ type: "module", content: await bundle(itsPage) })
    expect(await answered).toEqual([7, "indexeddb"])
    await page.close()
  }, 60_000)

  test("there are some", () => {
    expect(blocks.length).toBeGreaterThan(0)
  })
})
