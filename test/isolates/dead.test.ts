import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { bundleWorker, workerRuntimes } from "../../tools/scripts/worker.ts"

let script = ""

beforeAll(async () => {
  script = await bundleWorker("test/isolates/dead/worker.ts")
})

const left = ["get", "load", "set", "delete", "clear", "invalidate", "batch", "ready"]

const dates = workerRuntimes.filter(([, flags]) => flags.length === 0)

// Mostly waiting: all at the same time.
describe.concurrent.each(dates)("in a Worker of %s", (compatibilityDate) => {
  let worker: Miniflare
  // Whether the runtime itself keeps a request alive; else only `bind` does.
  const hasHook = compatibilityDate > "2025"

  beforeAll(async () => {
    const options = { modules: true, script, compatibilityDate }
    worker = new Miniflare(convertV4MiniflareOptions(options))
    await worker.ready
  })
  afterAll(() => worker.dispose())

  const ask = async (query: string): Promise<unknown> => {
    const response = await worker.dispatchFetch(`http://w/?${query}`, { signal: AbortSignal.timeout(10_000) })
    return response.ok ? response.json() : `status ${response.status}`
  }

  for (const storage of ["far", "near"]) {
    for (const bind of ["", "&bind"]) {
      for (const moment of ["", " under way"]) {
        const title = `${storage}${bind}: a request that leaves while its`
        test.each(left)(`${title} %s is${moment || " opening the storage"} harms nobody`, async (act) => {
          const name = [storage, act, bind ? "bound" : "", moment ? "late" : ""].join("-")
          const on = `on=${name}${bind}`
          if (moment) expect(await ask(`${on}&act=set`)).toBeNull()
          expect(await ask(`${on}&act=${act}&leave=${moment ? 10 : 0}`)).toBe("left")
          expect(await ask(`${on}&act=set`)).toBeNull()
          // The place of a batch among the writes is that of its end.
          expect(["set", act === "batch" ? act : "set"]).toContain(await ask(`${on}&act=load`))
          expect(await ask(`${on}&act=batch`)).toBeNull()
          expect(await ask(`${on}&act=get`)).toBe("batch")
          expect(await ask(`${on}&act=ready`)).toBe("ready")
          expect(await ask(`${on}&act=clear`)).toBeNull()
          expect(await ask(`${on}&act=load`)).toBe("loaded")
          if (hasHook || bind) expect(await ask(`${on}&errors`)).toBe(0)
          expect(await ask(`${on}&act=close&leave=0`)).toBe("left")
          expect(await ask(`${on}&act=close`)).toBe("closed")
        })
      }
    }
  }

  test.each(["far", "near"])(
    "%s: a load that a request without bind leaves behind keeps no bound one",
    async (storage) => {
      const on = `on=${storage} mixed`
      expect(await ask(`${on}&act=load&leave=0`)).toBe("left")
      expect(await ask(`${on}&bind&act=load`)).toBe("loaded")
      expect(await ask(`${on}&act=clear`)).toBeNull()
      expect(await ask(`${on}&act=load&leave=45`)).toBe("left")
      expect(await ask(`${on}&bind&act=load`)).toBe("loaded")
    },
  )

  test.each(["set", "load", "batch"])(
    "a %s behind another request's write that hangs comes to its end",
    async (act) => {
      const on = `on=hung ${act}`
      expect(await ask(`${on}&act=ready`)).toBe("ready")
      const hung = ask(`${on}&act=set`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      const others = await Promise.all([act, "set"].map((one) => ask(`${on}&act=${one}`)))
      expect(others).toEqual([act === "load" ? "loaded" : null, null])
      expect(await hung).toBe("STORE_TIMEOUT")
      expect(await ask(`${on}&act=load`)).toEqual(expect.any(String))
    },
  )

  test("the writes of one request to a storage that hangs wait for one another no longer than for the first", async () => {
    expect(await ask("on=hung always&act=ready")).toBe("ready")
    expect(await ask("on=hung always&act=sets")).toEqual(Array(14).fill("rejected"))
  })

  test("requests that write one key at the same time all come to their end", async () => {
    for (let round = 0; round < 20; round++) {
      const acts = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? "set" : "batch"))
      const answers = await Promise.all(
        acts.map((act) => ask(`on=${round % 2 ? "far" : "near"} all&act=${act}`)),
      )
      expect(answers).toEqual(acts.map(() => null))
    }
    for (const on of ["far all", "near all"]) expect(await ask(`on=${on}&errors`)).toBe(0)
  })
})

test("where no hook keeps requests alive, the writes they leave behind hold back the next one as one of them does", async () => {
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: await bundleWorker("test/isolates/dead/worker.ts", false),
      compatibilityDate: "2026-07-01",
    }),
  )
  onTestFinished(() => worker.dispose())
  const ask = async (act: string): Promise<unknown> => {
    const url = `http://w/?on=far line&act=${act}`
    return (await worker.dispatchFetch(url, { signal: AbortSignal.timeout(10_000) })).json()
  }
  expect(await ask("set")).toBeNull()
  for (let left = 12; left > 0; left--) expect(await ask("set&leave=1")).toBe("left")
  expect(await ask("batch")).toBeNull()
  expect(await ask("get")).toBe("batch")
})
