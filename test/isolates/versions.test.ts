import { setTimeout as sleep } from "node:timers/promises"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { expect, onTestFinished, test } from "vitest"
import { bundleWorker, workerRuntimes } from "../../tools/scripts/worker.ts"

const dates = workerRuntimes.filter(([, flags]) => flags.length === 0)

test.each(dates)(
  "of requests that come at the same time to a KV whose versions nobody knows, one reads them: %s",
  async (compatibilityDate) => {
    const worker = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script: await bundleWorker("test/isolates/versions/worker.ts"),
        compatibilityDate,
        kvNamespaces: ["CACHE"],
      }),
    )
    onTestFinished(() => worker.dispose())
    const ask = async (act: string): Promise<unknown> => {
      const signal = AbortSignal.timeout(10_000)
      const response = await worker.dispatchFetch(`http://w/?act=${act}`, { signal })
      return response.ok ? response.json() : `status ${response.status}`
    }
    const versions = async () => ((await ask("asked")) as string[]).filter((name) => name.includes("#"))
    await ask("anew")
    for (const first of ["get", "leave"]) {
      await ask("forget")
      await ask("asked")
      const leader = ask(first)
      await sleep(30)
      const others = await Promise.all(Array.from({ length: 10 }, () => ask("get")))
      expect(others).toEqual(Array(10).fill("v"))
      expect(await leader).toBe(first === "leave" ? "left" : "v")
      // A reader whose request has ended is waited for, for a second; then one of the others reads.
      expect(await versions()).toHaveLength(first === "leave" ? 4 : 2)
    }
  },
)
