import { setTimeout as sleep } from "node:timers/promises"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { expect, onTestFinished, test } from "vitest"
import { bundleWorker, workerRuntimes } from "../../tools/scripts/worker.ts"

test.each(workerRuntimes)(
  "a read that waits for another request's write to Redis waits for no promise of it: %s %j",
  async (compatibilityDate, flags) => {
    const logs: string[] = []
    const options = {
      modules: true,
      script: await bundleWorker("test/isolates/upstash/worker.ts"),
      compatibilityDate,
      compatibilityFlags: [...flags],
      handleStructuredLogs: ({ message }: { readonly message: string }) => void logs.push(message),
    }
    const worker = new Miniflare(convertV4MiniflareOptions(options))
    onTestFinished(() => worker.dispose())
    const ask = async (act: string): Promise<unknown> =>
      (await worker.dispatchFetch(`http://w/?${act}`, { signal: AbortSignal.timeout(10_000) })).json()
    const written = ask("set")
    await sleep(30)
    expect(await ask("leave")).toBe("left")
    expect(await ask("get")).toBe("written")
    expect(await written).toBe("done")
    await sleep(50)
    // The runtime warns of a promise that settles for a request that is over.
    expect(logs).toEqual([])
  },
)
