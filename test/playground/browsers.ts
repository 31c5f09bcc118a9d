// The playground, served for the tests of one file, in each browser that is installed.
import { afterAll, beforeAll, describe } from "vitest"
import { type Playground, servePlayground } from "../../playground/serve.ts"
import { findEngines } from "../browser/installed.ts"
import { type Driven, drivePuppet } from "./puppets.ts"
import { appears, type Visit } from "./visit.ts"
import { driveWebKit, hasWebKitDriver } from "./webkit.ts"

const start = 60_000 // ms

/** Runs `tests` in Chromium, Firefox and WebKit. `npm test` tells which of them a machine lacks. */
export function inEachBrowser(tests: (visit: Visit) => void): void {
  const found = findEngines()
  const drivers: readonly [engine: string, drive: (() => Promise<Driven>) | undefined][] = [
    ["chromium", given(found.chromium, (path) => drivePuppet("chromium", path))],
    ["firefox", given(found.firefox, (path) => drivePuppet("firefox", path))],
    ["webkit", given(hasWebKitDriver ? found.webkit : undefined, driveWebKit)],
  ]
  let served: Playground | undefined
  beforeAll(async () => {
    served = await servePlayground(0)
  }, start)
  afterAll(() => served?.close())

  for (const [engine, drive] of drivers) {
    // In CI it runs all the same, and fails.
    describe.skipIf(!drive && !process.env["CI"])(
      drive ? engine : `${engine} is LEFT OUT: not installed`,
      () => {
        let browser: Driven | undefined
        beforeAll(async () => {
          if (!drive) throw new Error(`${engine} is not installed`)
          browser = await drive()
        }, start)
        afterAll(() => browser?.close())

        tests({
          async open(part) {
            if (!browser || !served) throw new Error("Nothing is open yet.")
            const tab = await browser.open(`${served.url}#${part}`)
            await appears(tab, "html[data-ready]")
            return tab
          },
        })
      },
    )
  }
}

function given<T>(path: string | undefined, drive: (path: string) => Promise<T>) {
  return path === undefined ? undefined : () => drive(path)
}
