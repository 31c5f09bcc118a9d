import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { bundleWorker, workerRuntimes } from "../../tools/scripts/worker.ts"

let script = ""

beforeAll(async () => {
  script = await bundleWorker("test/isolates/worker.ts")
})

describe.each(workerRuntimes)("in a Worker of %s with %o", (compatibilityDate, compatibilityFlags) => {
  let worker: Miniflare
  let count = 0

  beforeAll(async () => {
    worker = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script,
        compatibilityDate,
        compatibilityFlags,
        kvNamespaces: ["CACHE"],
      }),
    )
    await worker.ready
  })
  afterAll(() => worker.dispose())

  const ask = async (route: string): Promise<unknown> => {
    const response = await worker.dispatchFetch(`http://w${route}`, { signal: AbortSignal.timeout(8000) })
    return response.ok ? response.json() : `status ${response.status}`
  }
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const newKey = () => `key${++count}`

  test("module scope may use the cache, and poisons nothing", async () => {
    const [, , later] = (await ask("/module")) as [unknown, unknown, string]
    expect(later).toMatch(/^made /)
  })

  test("at module scope what must wait for another write or load comes to its end", async () => {
    expect(await ask("/waited")).toEqual([[null, null, null], "loaded", "loaded", 2])
  })

  for (const on of ["memory", "kv"]) {
    for (const bind of ["", "&bind"]) {
      const at = (route: string, key: string, more = "") => ask(`${route}?key=${key}&on=${on}${bind}${more}`)
      const title = `${on}${bind ? ", bound to the request" : ""}`

      test(`${title}: concurrent requests share one load`, async () => {
        const key = newKey()
        await ask("/reset")
        const answers = await Promise.all(Array.from({ length: 5 }, () => at("/follow", key)))
        expect(new Set(answers)).toEqual(new Set(["value 1"]))
        expect(await ask("/loads")).toBe(1)
      })

      test(`${title}: a leader that answers early leaves its load running, and followers get it`, async () => {
        const key = newKey()
        await ask("/reset")
        const before = at("/leave", key)
        await pause(30)
        const during = at("/follow", key)
        expect(await before).toBe("left")
        expect(await during).toBe("value 1")
        expect(await at("/follow", key)).toBe("value 1")
        expect(await ask("/loads")).toBe(1)
      })

      test(`${title}: a leader that throws poisons nothing`, async () => {
        const key = newKey()
        await ask("/reset")
        const leader = at("/throw", key)
        await pause(30)
        const follower = at("/follow", key)
        expect(String(await leader.catch((error: unknown) => `failed ${String(error)}`))).toMatch(
          /500|failed/,
        )
        expect(await follower).toMatch(/^value/)
        expect(await at("/follow", key)).toMatch(/^value/)
        expect(await ask("/loads")).toBe(1)
      })

      test(`${title}: a leader whose client goes away poisons nothing`, async () => {
        const key = newKey()
        await ask("/reset")
        const gone = new AbortController()
        const url = `http://w/follow?key=${key}&on=${on}${bind}`
        const leader = worker.dispatchFetch(url, { signal: gone.signal }).catch(() => "gone")
        await pause(40)
        gone.abort()
        expect(await at("/follow", key)).toMatch(/^value/)
        expect(await at("/follow", key)).toMatch(/^value/)
        await leader
      })

      test(`${title}: a load that never settles is overtaken after leaseTtl`, async () => {
        const key = newKey()
        await ask("/reset")
        expect(await at("/hang", key)).toBe("left hanging")
        expect(await at("/follow", key, "&ms=10")).toMatch(/^value/)
        expect(await at("/follow", key, "&ms=10")).toMatch(/^value/)
        expect(await ask("/loads")).toBe(1)
      })

      test(`${title}: stale-while-revalidate goes on after the response`, async () => {
        const key = newKey()
        await at("/set", key)
        await pause(20)
        await ask("/reset")
        expect(await at("/revalidate", key)).toBe("old")
        await pause(400)
        expect(await at("/revalidate", key)).toBe("value 1")
        expect(await ask("/loads")).toBe(1)
      })

      test(`${title}: what one request does to its value no other sees`, async () => {
        const key = newKey()
        const ids = ["1", "2", "3", "4"]
        const answers = await Promise.all(ids.map((id) => at("/change", key, `&id=${id}`)))
        expect(answers).toEqual(ids.map((id) => [id]))
      })

      test.each(["response", "function"])(`${title}: a %s is nobody's but its request's`, async (what) => {
        const key = newKey()
        const answers = await Promise.all([1, 2, 3].map(() => at(`/${what}`, key)))
        for (const answer of answers) expect(answer).toMatch(/^value/)
      })

      test(`${title}: a cancelled leader cancels nobody else`, async () => {
        const key = newKey()
        const leader = at("/cancelled", key).catch(() => "failed")
        await pause(40)
        expect(await at("/follow", key)).toMatch(/^value/)
        expect(await leader).toMatch(/failed|status 500/)
      })

      test(`${title}: signals stay with their request`, async () => {
        const key = newKey()
        const answers = await Promise.all([at("/signal", key), at("/signal", key)])
        for (const answer of answers) expect(answer).toMatch(/^value/)
      })
    }
  }
})
