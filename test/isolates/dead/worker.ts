// A Worker whose requests answer while what they asked of a slow storage is still under way.

import { memory } from "../../../adapters/memory.ts"
import { type Adapter, isToken } from "../../../src/adapter.ts"
import { CacheError } from "../../../src/base/errors.ts"
import { tiered } from "../../../src/tiers.ts"
import { CacheWrapper } from "../../../src/wrapper.ts"

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A storage that takes its time for everything, its opening too. */
function slow(): Adapter {
  const records = new Map<string, unknown>()
  return {
    name: "slow",
    medium: "text",
    open: () => sleep(100).then(() => {}),
    get: (key) => sleep(40).then(() => records.get(key)),
    set: (key, record) => sleep(40).then(() => void records.set(key, record)),
    delete: (key) => sleep(40).then(() => records.delete(key)),
    clear: (prefix) =>
      sleep(40).then(() => {
        for (const key of records.keys()) if (key.startsWith(prefix)) records.delete(key)
      }),
  }
}

/** One whose first writes of entries hang. */
function hung(count: number): Adapter {
  const adapter = slow()
  let writes = 0
  return {
    ...adapter,
    set: (key, record, ttl) =>
      (!isToken(key) && writes++ < count ? sleep(5000) : adapter.set(key, record, ttl)) as Promise<void>,
  }
}

const caches = new Map<string, CacheWrapper>()

function cacheOf(name: string): CacheWrapper {
  const known = caches.get(name)
  if (known) return known
  const far = name.startsWith("hung") ? hung(name.endsWith("always") ? Infinity : 1) : slow()
  const adapter = name.startsWith("near") ? tiered({ near: memory(), far }) : far
  const cache = new CacheWrapper({ adapter, storeTimeout: 1000 })
  caches.set(name, cache)
  return cache
}

const acts: Readonly<Record<string, (cache: CacheWrapper) => Promise<unknown>>> = {
  get: (cache) => cache.get("k"),
  load: (cache) => cache.getOrSet("k", () => sleep(20).then(() => "loaded")),
  set: (cache) => cache.set("k", "set"),
  delete: (cache) => cache.delete("k"),
  clear: (cache) => cache.clear(),
  invalidate: (cache) => cache.region("r").invalidate(),
  // All in one turn, of one request.
  sets: (cache) =>
    Promise.allSettled(Array.from({ length: 14 }, () => cache.set("k", "set"))).then((all) =>
      all.map(({ status }) => status),
    ),
  batch: (cache) => cache.batch((batch) => batch.set("k", "batch")),
  ready: (cache) => cache.ready().then(() => "ready"),
  close: (cache) => cache.close().then(() => "closed"),
}

interface Context {
  waitUntil(promise: Promise<unknown>): void
}

export default {
  async fetch(request: Request, _env: unknown, context: Context): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const shared = cacheOf(searchParams.get("on") ?? "")
    const cache = searchParams.has("bind") ? shared.bind(context) : shared
    if (searchParams.has("errors")) return Response.json(shared.metrics().errors)
    const work = acts[searchParams.get("act") ?? ""]?.(cache) ?? Promise.resolve()
    if (!searchParams.has("leave")) {
      const answer = await work.catch((error: unknown) =>
        error instanceof CacheError ? error.code : String(error),
      )
      return Response.json(answer ?? null)
    }
    work.catch(() => {})
    await sleep(Number(searchParams.get("leave")))
    return Response.json("left")
  },
}
