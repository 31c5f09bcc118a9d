import { isAllowed, variable } from "../../src/base/environment.ts"
import { CacheError } from "../../src/base/errors.ts"
import { detectRuntime } from "../../src/base/runtime.ts"

/** The part of an `@upstash/redis` pipeline that is used. */
export interface RedisPipeline {
  /** Redis MGET. */
  mget(...keys: string[]): unknown
  /** Redis SET: PX in ms, NX if absent. */
  set(key: string, value: string, options?: { px: number } | { nx: true; px: number } | { nx: true }): unknown
  /** Redis DEL. */
  del(...keys: string[]): unknown
  /** Redis EVAL. */
  eval(script: string, keys: string[], args: string[]): unknown
  /** Redis PING. */
  ping(): unknown
  /** Sends everything in one request; returns a result or an error for each command. */
  exec(options: { keepErrors: true }): Promise<readonly unknown[]>
}

/** The part of an `@upstash/redis` client that is used. A `Redis` of that package fits. */
export interface RedisLike {
  /** Begins a request of several commands. */
  pipeline(): RedisPipeline
  /** Redis SCAN. */
  scan(cursor: string, options: { match: string; count: number }): Promise<unknown>
}

/** A client, and the database's name in messages. */
export interface Connection {
  readonly client: RedisLike
  /** "Upstash at <host>": never the url, which may contain credentials. */
  readonly name: string
  /** How often a request may be sent when the network fails. An injected client has its own retries. */
  readonly attempts: number
}

/** How long one request may take. */
const requestTimeout = 30_000

/**
 * Creates the client for `url` and `token`, or for those of the environment.
 *
 * The package is loaded here, at the first operation.
 */
export async function connect(options: {
  readonly url?: string | undefined
  readonly token?: string | undefined
}): Promise<Connection> {
  const url = (options.url ?? variable("UPSTASH_REDIS_REST_URL"))?.trim()
  const token = (options.token ?? variable("UPSTASH_REDIS_REST_TOKEN"))?.trim()
  const missing = [url ? "" : "url (UPSTASH_REDIS_REST_URL)", token ? "" : "token (UPSTASH_REDIS_REST_TOKEN)"]
  if (!url || !token) {
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      `Upstash has no ${missing.filter(Boolean).join(" and no ")}. Pass upstash({ url, token }), or set the environment variables UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN; the console of Upstash shows both.`,
    )
  }
  const host = hostOf(url)
  const make = await load()
  const client = make({
    url,
    token,
    automaticDeserialization: false, // it would turn "123" into a number and "null" into a miss
    enableAutoPipelining: false, // it sends reads and writes apart, in no order
    enableTelemetry: false,
    latencyLogging: false,
    keepAlive: false, // fetch's keepalive fails over 64 kB in browsers
    retry: { retries: 0 }, // `false` would still send twice; we retry ourselves, but never a lease
    // Only as a function: when a plain signal aborts, the client returns a made-up result.
    signal: timeLimit,
  })
  return { client, name: `Upstash at ${host}`, attempts: 3 }
}

/** Only options that both builds of the package have. */
interface ClientOptions {
  readonly url: string
  readonly token: string
  readonly automaticDeserialization: false
  readonly enableAutoPipelining: false
  readonly enableTelemetry: false
  readonly latencyLogging: false
  readonly keepAlive: false
  readonly retry: { readonly retries: 0 }
  readonly signal: () => AbortSignal
}

/**
 * Loads the package. Its build for Workers sets no `cache`, which older dates of workerd refuse, and reads no
 * environment variable, for which Deno would prompt the user; the other build keeps frameworks from caching requests.
 */
async function load(): Promise<(options: ClientOptions) => RedisLike> {
  try {
    if (/^(workerd|deno)$/.test(detectRuntime())) {
      const { Redis } = await import("@upstash/redis/cloudflare")
      return (options) => new Redis(options)
    }
    const { Redis } = await import("@upstash/redis")
    return (options) => new Redis(options)
  } catch (cause) {
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      "The package @upstash/redis could not be loaded. Install it: npm install @upstash/redis",
      { cause },
    )
  }
}

function timeLimit(): AbortSignal {
  return AbortSignal.timeout(requestTimeout)
}

function hostOf(url: string): string {
  let parsed: URL | undefined
  try {
    parsed = new URL(url)
  } catch {
    // Checked below; the error would quote the url.
  }
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) {
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      "The url of Upstash is not a REST url. It must begin with https:// and contain no user or password; pass the token in the option token or in UPSTASH_REDIS_REST_TOKEN.",
    )
  }
  // Deno would prompt the user.
  if (!isAllowed("net", `${parsed.hostname}:${parsed.port || (parsed.protocol === "http:" ? 80 : 443)}`)) {
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      `Upstash at ${parsed.host} may not be reached: no permission. Run with --allow-net=${parsed.host}`,
    )
  }
  return parsed.host
}
