import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { expect, onTestFinished, test } from "vitest"
import { bundleWorker, workerRuntimes } from "../../tools/scripts/worker.ts"

const code = `
import { CacheWrapper } from "isocache"
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const unheard = []
addEventListener("unhandledrejection", ({ reason }) => unheard.push(String(reason)))

const over = (work) => ({ name: "far", medium: "text", get: work, set: work, delete: work, clear: work })
const fail = () => { throw new Error("failed") }
const later = () => sleep(1).then(fail)
const schema = { "~standard": { version: 1, vendor: "none", validate: () => ({ issues: [{ message: "no" }] }) } }
const acts = {
  load: (cache) => cache.getOrSet("k", later),
  validated: (cache) => cache.getOrSet("k", () => 1, { schema }),
  many: (cache) => cache.getOrSetMany(["a", "b"], later),
  memoized: (cache) => cache.memoize(later, { name: "m" })(),
  set: (cache) => cache.set("k", 1),
  delete: (cache) => cache.delete("k"),
  invalidate: (cache) => cache.invalidate(),
  ready: (cache) => cache.ready(),
  batch: (cache) => cache.batch((batch) => batch.set("k", 1)),
}
const caches = {
  memory: () => new CacheWrapper(),
  far: () => new CacheWrapper({ adapter: over(() => sleep(1)) }),
  failing: () => new CacheWrapper({ adapter: over(later) }),
  hung: () => new CacheWrapper({ adapter: over(() => new Promise(() => {})), storeTimeout: 5 }),
  closed: () => new CacheWrapper({ adapter: { ...over(later), open: fail } }),
}
export default { async fetch() {
  for (const [name, make] of Object.entries(caches)) {
    const cache = make()
    for (const [title, act] of Object.entries(acts)) {
      const count = unheard.length
      try { await act(cache) } catch {}
      await sleep(10)
      if (unheard.length > count) unheard.push(name + " " + title)
    }
  }
  return Response.json(unheard)
} }`

// Workers of older dates tell of a rejection that is not heard at once, although it is heard in the same turn.
test.each(workerRuntimes.filter(([, flags]) => flags.length === 0))(
  "in a Worker of %s what a caller hears of is no unhandled rejection",
  async (compatibilityDate) => {
    const script = await bundleWorker({ code })
    const worker = new Miniflare(convertV4MiniflareOptions({ modules: true, script, compatibilityDate }))
    onTestFinished(() => worker.dispose())
    expect(await (await worker.dispatchFetch("http://w/")).json()).toEqual([])
  },
)
