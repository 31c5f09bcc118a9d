import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { beforeAll, expect, onTestFinished, test } from "vitest"
import { bundleWorker, workerRuntimes } from "../../tools/scripts/worker.ts"

let script = ""

beforeAll(async () => {
  script = await bundleWorker("test/isolates/swap/worker.ts")
})

const dates = workerRuntimes.filter(([, flags]) => flags.length === 0)

test.each(dates)(
  "in a Worker of %s a swapped storage is closed once the calls of other requests on it end",
  async (compatibilityDate) => {
    const worker = new Miniflare(convertV4MiniflareOptions({ modules: true, script, compatibilityDate }))
    onTestFinished(() => worker.dispose())
    const ask = async (path: string): Promise<unknown> =>
      (await worker.dispatchFetch(`http://w/${path}`, { signal: AbortSignal.timeout(10_000) })).json()
    const load = ask("load")
    await expect.poll(() => ask("closed")).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await ask("use")).toBe("used")
    expect(await ask("closed")).toEqual([])
    expect(await load).toBe("loaded")
    await expect.poll(() => ask("closed")).toEqual([1])
  },
)
