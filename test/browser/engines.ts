// A Vitest browser provider over the browsers that Debian packages, see open.ts.
import { defineBrowserProvider } from "@vitest/browser"
import type { BrowserProvider, TestProject } from "vitest/node"
import { type Engine, engineNames, findEngines } from "./installed.ts"
import { type Opened, openEngine } from "./open.ts"

export { engineNames }

/** Where each engine is on this machine; undefined where it isn't. */
export const found: Record<Engine, string | undefined> = findEngines()

class EnginesProvider implements BrowserProvider {
  readonly name = "engines"
  readonly supportsParallelism = false
  readonly #engine: Engine
  #opened: Promise<Opened> | undefined

  constructor(project: TestProject) {
    this.#engine = project.config.browser.name as Engine
    // The tester sets its viewport before each file; these tests need none.
    project.browser?.registerCommand("__vitest_viewport" as never, (async () => {}) as never)
  }

  getCommandsContext(): Record<string, unknown> {
    return {}
  }

  async openPage(_sessionId: string, url: string): Promise<void> {
    this.#opened ??= openEngine(this.#engine)
    await (await this.#opened).open(url)
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await (await opened?.catch(() => undefined))?.close()
  }
}

export function engines() {
  return defineBrowserProvider({
    name: "engines",
    supportedBrowser: engineNames,
    options: {},
    providerFactory: (project: TestProject) => new EnginesProvider(project),
  })
}
