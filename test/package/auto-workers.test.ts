import { build } from "esbuild"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { consumer } from "../../tools/scripts/consumer.ts"
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts"
import { type Front, startUpstash } from "../support/upstash-rest.ts"
import { type Opened, opening } from "./auto.ts"

/** What a Worker is given under the name it may look for. */
const given = ["nothing", "KV", "Upstash and KV", "a name", "an R2 bucket"] as const
type Given = (typeof given)[number]

/** Before `cache` in requests, before variables in process.env, and now; then a Worker that does not say its name. */
const runtimes: readonly { readonly date: string; readonly flags: readonly string[] }[] = [
  ...["2024-01-01", "2024-12-01", "2026-07-01"].flatMap((date) => [
    { date, flags: [] },
    { date, flags: ["nodejs_compat"] },
  ]),
  { date: "2026-07-01", flags: ["no_global_navigator"] },
  { date: "2026-07-01", flags: ["no_global_navigator", "nodejs_compat"] },
]
const titled = runtimes.map((runtime) => ({ ...runtime, title: [runtime.date, ...runtime.flags].join(" ") }))

const adapters: Readonly<Record<Given, string>> = {
  nothing: "memory",
  KV: "kv",
  "Upstash and KV": "upstash",
  "a name": "none",
  "an R2 bucket": "memory",
}

const program = `
import { cached, CacheWrapper, detectRuntime } from "isocache"
import { upstashBus } from "isocache/tiers"
export default { async fetch(request) {
  const { pathname } = new URL(request.url)
  if (pathname === "/auto") {
    ${opening}
    return Response.json({ ...opened, runtime: detectRuntime() })
  }
  const troubles = []
  if (pathname === "/use") {
    const cache = new CacheWrapper().use("upstash")
    await cache.set("key of use", "kept").catch((error) => troubles.push(error.message))
    return Response.json({ troubles, value: await cache.get("key of use") })
  }
  const bus = upstashBus({ onTrouble: (error) => troubles.push(error.message) })
  bus.publish({ isocache: 1, origin: "auto", keys: ["k"], prefixes: [] })
  await new Promise((resolve) => setTimeout(resolve, 200))
  return Response.json({ troubles })
} }
`

let miniflare: Miniflare
let redis: RedisServer | undefined
let front: Front | undefined

beforeAll(async () => {
  redis = hasRedis ? await startRedis() : undefined
  front = redis && (await startUpstash(redis.port))
  const built = await build({
    stdin: { contents: program, resolveDir: consumer },
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    write: false,
  })
  const script = built.outputFiles[0]?.text ?? ""
  // One process for all of them.
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      workers: titled.flatMap(({ date, flags, title }) =>
        given.map((what) => ({
          name: nameOf(title, what),
          modules: true as const,
          script,
          compatibilityDate: date,
          compatibilityFlags: [...flags],
          ...bindings(what),
        })),
      ),
    }),
  )
  await miniflare.ready
})

afterAll(async () => {
  await miniflare?.dispose()
  await front?.close()
  await redis?.stop()
})

function nameOf(title: string, what: Given): string {
  return `${title} ${what}`.replace(/\W/g, "-").toLowerCase()
}

function bindings(what: Given): object {
  const upstash = { UPSTASH_REDIS_REST_URL: front?.url ?? "", UPSTASH_REDIS_REST_TOKEN: front?.token ?? "" }
  return {
    ...(what.startsWith("Upstash") && { bindings: upstash }),
    ...(what.endsWith("KV") && { kvNamespaces: { CACHE: "cache" } }),
    ...(what === "a name" && { bindings: { ISOCACHE_ADAPTER: "none" } }),
    ...(what === "an R2 bucket" && { r2Buckets: { CACHE: "bucket" } }),
  }
}

async function ask(title: string, what: Given, path: string): Promise<unknown> {
  const worker = await miniflare.getWorker(nameOf(title, what))
  return (await worker.fetch(`http://worker${path}`)).json()
}

describe.each(titled)("cached, as it opens by itself in workerd $title,", ({ title }) => {
  for (const what of given) {
    test.skipIf(what.startsWith("Upstash") && !hasRedis)(`with ${what} is ${adapters[what]}`, async () => {
      const opened: Opened = { adapter: adapters[what], value: "made", errors: [] }
      expect(await ask(title, what, "/auto")).toEqual({ ...opened, runtime: "workerd" })
    })
  }
})

describe.skipIf(!hasRedis).each(titled)("Upstash of the environment in workerd $title", ({ title }) => {
  test("is what use and the bus find, and no request identifies the client", async () => {
    front?.reset()
    expect(await ask(title, "Upstash and KV", "/use")).toEqual({ troubles: [], value: "kept" })
    expect(await ask(title, "Upstash and KV", "/bus")).toEqual({ troubles: [] })
    const names = front?.stats.log.flatMap(({ headers }) => Object.keys(headers)) ?? []
    expect(names).toContain("authorization")
    expect(names.filter((name) => name.startsWith("upstash-telemetry"))).toEqual([])
    const verbs = front?.stats.log.flatMap(({ commands }) => commands.map(([verb]) => verb))
    expect(verbs).toEqual(expect.arrayContaining(["set", "mget", "publish"]))
  })
})
