/**
 * Keeps records in Redis, through Upstash's REST API.
 *
 * @module isocache/adapters/upstash
 */

import { type Adapter, isToken, type Lease, type Stored } from "../src/adapter.ts"
import { CacheError } from "../src/base/errors.ts"
import { aText, having, judgeOptions, type Rule } from "../src/base/rules.ts"
import { type Connection, connect, type RedisLike } from "./upstash/client.ts"
import { checkSize, deleteCommands, getCommand, pingCommand, setCommand } from "./upstash/commands.ts"
import { takeLease } from "./upstash/lease.ts"
import { isOurs, newNonce } from "./upstash/nonces.ts"
import { decode, encode, keyIn } from "./upstash/records.ts"
import { type Command, type Reply, request, resultOf } from "./upstash/requests.ts"
import { type Found, scan } from "./upstash/scan.ts"
import { turns } from "./upstash/turns.ts"

export type { RedisLike, RedisPipeline } from "./upstash/client.ts"

/** Options of {@link upstash}. */
export interface UpstashOptions {
  /** The REST url of the database. Default: `UPSTASH_REDIS_REST_URL` from the environment, on first use. */
  readonly url?: string | undefined
  /** Its token. Default: `UPSTASH_REDIS_REST_TOKEN` from the environment, on first use. */
  readonly token?: string | undefined
  /**
   * A `Redis` of `@upstash/redis`, with any options, to use instead of url and token. It retries by itself when the
   * network fails, even what this adapter would not; its option `retry: { retries: 0 }` prevents that.
   */
  readonly client?: RedisLike | undefined
}

/** The Upstash adapter: text, asynchronous, shared by all processes, with a lease. */
export interface UpstashAdapter extends Adapter {
  readonly name: "upstash"
  readonly medium: "text"
  get(key: string): Promise<string | undefined>
  set(key: string, record: Stored, ttl: number): Promise<void>
  delete(key: string): Promise<boolean>
  clear(prefix: string): Promise<void>
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>
  setMany(entries: readonly (readonly [key: string, record: Stored, ttl: number])[]): Promise<void>
  deleteMany(keys: readonly string[]): Promise<number>
  add(key: string, record: Stored, ttl: number): Promise<boolean>
  keys(prefix: string): AsyncIterable<string>
  lock(key: string, ttl: number): Promise<Lease | undefined>
  open(): Promise<void>
}

/**
 * Keeps records in Redis, through Upstash's REST API and `@upstash/redis`.
 *
 * The operations of one turn are one request, in order; 10 MB or 1 000 commands split it. An operation waits for
 * earlier writes of its keys, 30 s at most (1 s on Workers). A request that the network loses is sent three times at
 * most: its writes only within a second, leases and versions of tags and regions never again. Each command fails on its
 * own. Redis drops expired records. Keys begin with "isocache:".
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown option or a wrong value. Operations reject with
 * `ADAPTER_UNAVAILABLE` if url, token, network or database fail, and with `VALUE_TOO_LARGE` above 10 MB.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { upstash } from "isocache/adapters/upstash"
 *
 * const adapter = upstash({ url: "https://db.example", token: "…" }) // left out: both from the environment
 * const cache = new CacheWrapper({ adapter, prefix: "shop" })
 * ```
 */
export function upstash(options: UpstashOptions = {}): UpstashAdapter {
  check(options)
  const { client, url, token } = options
  // Caches the connection, never its promise: on Workers that may die with the request that created it.
  let made: Connection | undefined = client && { client, name: "Upstash", attempts: 1 }
  const connection = async (): Promise<Connection> => {
    if (made === undefined) {
      const fresh = await connect({ url, token })
      made ??= fresh
    }
    return made
  }
  const run = (commands: readonly Command[]): Promise<readonly Reply[]> => request(connection, commands)
  const { read, write, send, settled, apart } = turns(run)

  async function getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    if (keys.length === 0) return []
    const stored = await read(keys)
    return keys.map((key, i) => decode(key, stored[i]))
  }

  async function setMany(entries: readonly (readonly [string, Stored, number])[]): Promise<void> {
    if (entries.length === 0) return
    const keys = entries.map(([key]) => key)
    const replies = await write(keys, (at) => entries.flatMap((entry) => replacing(at(entry[0]), entry)))
    for (const reply of replies) resultOf(reply)
  }

  async function deleteMany(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0
    const replies = await write(keys, (at) => deleteCommands(new Set(keys.map(at))))
    return replies.reduce((sum, reply) => sum + Number(resultOf(reply)), 0)
  }

  async function add(key: string, record: Stored, ttl: number): Promise<boolean> {
    // A nonce is stored with the record, so that a client that sent the command twice recognizes its own.
    const value = encode(key, textOf(key, record), newNonce())
    const [put, found] = await write([key], (at) => [
      checkSize(key, setCommand(at(key), value, ttl, { absent: true })),
      getCommand(at(key)),
    ])
    return isOurs(put, found, value)
  }

  async function* keys(prefix: string): AsyncIterable<string> {
    // Waits for earlier writes, so that they are found as on any adapter.
    await settled()
    const seen = new Set<string>()
    for await (const page of scan(connection, prefix)) {
      for (const { at, key } of await fullKeys(page.filter((found) => !seen.has(found.at)))) {
        if (seen.has(at) || !key.startsWith(prefix)) continue
        seen.add(at)
        yield key
      }
    }
  }

  function clear(prefix: string): Promise<void> {
    const touches = (key: string): boolean => key.startsWith(prefix)
    return apart(touches, async () => {
      let removing: Promise<readonly Reply[]> = Promise.resolve([])
      for await (const page of scan(connection, prefix)) {
        for (const reply of await removing) resultOf(reply)
        const doomed = (await fullKeys(page)).filter(({ key }) => touches(key))
        // The next page is fetched meanwhile. `run` never rejects.
        removing = run(deleteCommands(doomed.map(({ at }) => at)))
      }
      for (const reply of await removing) resultOf(reply)
    })
  }

  /** Completes a page with the full keys of the hashed ones, which are stored with their records. */
  async function fullKeys(page: readonly Found[]): Promise<readonly Found[]> {
    const hashed = page.filter((found) => found.hashed)
    if (hashed.length === 0) return page
    const replies = await run(hashed.map(({ at }) => getCommand(at)))
    const full = new Map<string, string>()
    for (const [i, { at }] of hashed.entries()) {
      const values = resultOf(replies[i])
      const key = Array.isArray(values) ? keyIn(values[0]) : undefined
      if (key !== undefined) full.set(at, key)
    }
    return page.flatMap((found) => {
      if (!found.hashed) return found
      const key = full.get(found.at)
      return key === undefined ? [] : { ...found, key }
    })
  }

  return {
    name: "upstash",
    medium: "text",
    get: async (key) => (await getMany([key]))[0],
    set: (key, record, ttl) => setMany([[key, record, ttl]]),
    delete: async (key) => (await deleteMany([key])) > 0,
    clear,
    getMany,
    setMany,
    deleteMany,
    add,
    keys,
    lock: (key, ttl) => takeLease(send, key, ttl),
    async open() {
      for (const reply of await send([], () => [pingCommand()])) resultOf(reply)
    },
  }
}

/** The commands that write an entry; one without remaining life is removed. */
function replacing(at: string, [key, record, ttl]: readonly [string, Stored, number]): readonly Command[] {
  if (!(ttl > 0)) return deleteCommands([at])
  // A version token sent again might replace a newer one, and revive what that one has ended.
  return [checkSize(key, setCommand(at, encode(key, textOf(key, record)), ttl, { once: isToken(key) }))]
}

function textOf(key: string, record: Stored): string {
  if (typeof record === "string") return record
  throw new CacheError("VALUE_UNSUPPORTED", "Upstash keeps text: the record must be a string.", { key })
}

const rules: Readonly<Record<keyof UpstashOptions, Rule>> = {
  url: aText,
  token: aText,
  client: having(["pipeline", "scan"], "a Redis of @upstash/redis"),
}

function check(options: UpstashOptions): void {
  const { client, url, token } = judgeOptions(options, rules, " of upstash()")
  if (client !== undefined && (url ?? token) !== undefined) {
    throw new CacheError("ADAPTER_OPTIONS", "upstash() takes url and token, or client: not both.")
  }
}
