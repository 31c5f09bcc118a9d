/**
 * Keeps records in Redis, by the REST API of Upstash.
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
  /** The REST url of the database. Default: the environment's `UPSTASH_REDIS_REST_URL`, at the first operation. */
  readonly url?: string | undefined
  /** Its token. Default: the environment's `UPSTASH_REDIS_REST_TOKEN`, at the first operation. */
  readonly token?: string | undefined
  /**
   * A `Redis` of `@upstash/redis` to use instead of url and token, with any options. It repeats by itself what the
   * network loses, even what this adapter would not repeat; its option `retry: { retries: 0 }` prevents that.
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
 * Keeps records in Redis, by the REST API of Upstash through `@upstash/redis`.
 *
 * What is asked in one turn is one request, in order; 10 MB and 1 000 commands split it. An operation waits for earlier
 * writes of its keys, 30 s at most (1 s on Workers). A request that the network loses is sent three times at most: its
 * writes only within a second, and a lease or the version of a tag or region never again. Each command fails by itself.
 * Redis drops what is past its life. Keys lie under "isocache:".
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown option or a wrong value. Operations reject with
 * `ADAPTER_UNAVAILABLE` when url, token, network or database fail them, and with `VALUE_TOO_LARGE` over 10 MB.
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
  // The connection is kept, never the promise of it: on Workers that may die with the request that made it.
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
    // A nonce is kept with the record: a client that sent the command twice knows its own.
    const value = encode(key, textOf(key, record), newNonce())
    const [put, found] = await write([key], (at) => [
      checkSize(key, setCommand(at(key), value, ttl, { absent: true })),
      getCommand(at(key)),
    ])
    return isOurs(put, found, value)
  }

  async function* keys(prefix: string): AsyncIterable<string> {
    // What was written before is found, as on any adapter.
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
        // The next page is looked for meanwhile. `run` never rejects.
        removing = run(deleteCommands(doomed.map(({ at }) => at)))
      }
      for (const reply of await removing) resultOf(reply)
    })
  }

  /** The page with the full keys of the hashed ones, which lie with their records. */
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

/** The commands that put an entry where it belongs: what has no life left is removed. */
function replacing(at: string, [key, record, ttl]: readonly [string, Stored, number]): readonly Command[] {
  if (!(ttl > 0)) return deleteCommands([at])
  // A version token sent again might replace a newer one, and what that one has ended would live once more.
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
