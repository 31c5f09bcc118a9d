// What runs in a sandboxed frame without an origin: a cache under `auto`. Tells the page what came of it.
import { CacheWrapper } from "../../src/index.ts"

/** What came of it. */
export interface Told {
  /** The adapter it ended with. */
  readonly adapter: string
  readonly values: readonly unknown[]
  /** The codes of the cache's `error` events. */
  readonly errors: readonly string[]
  /** What nobody caught. */
  readonly uncaught: readonly string[]
}

const uncaught: string[] = []
addEventListener("error", ({ message }) => uncaught.push(message))
addEventListener("unhandledrejection", ({ reason }) => uncaught.push(String(reason)))

/** Uses `cache` as a page does. */
async function use(cache: CacheWrapper): Promise<Told> {
  const errors: string[] = []
  cache.on("error", ({ error }) => {
    errors.push(error instanceof Error && "code" in error ? String(error.code) : String(error))
  })
  const loaded = await Promise.all(
    [0, 1].map(() => cache.getOrSet("loaded", () => "loaded", { tags: ["t"] })),
  )
  await cache.set("set", "set")
  const kept = [await cache.get("set"), cache.peek("loaded")]
  await cache.invalidateTags("t")
  const values = [...loaded, ...kept, await cache.get("loaded", { default: "gone" })]
  // What rejects unheard is told in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { adapter: cache.adapter.name, values, errors, uncaught }
}

const caches = [new CacheWrapper({ adapter: "auto" }), new CacheWrapper({ adapter: "auto", near: false })]
Promise.all(caches.map(use)).then(
  (told) => parent.postMessage(told, "*"),
  (error: unknown) => parent.postMessage(String(error), "*"),
)
