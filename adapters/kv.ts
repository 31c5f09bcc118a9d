/**
 * Keeps records in a Workers KV namespace.
 *
 * @module isocache/adapters/kv
 */

import { type Adapter, isToken } from "../src/adapter.ts"
import { utf8Length } from "../src/base/bytes.ts"
import { now, poll } from "../src/base/clock.ts"
import { CacheError, shortKey } from "../src/base/errors.ts"
import { judgeOptions, type Rule, rule } from "../src/base/rules.ts"
import { isWorkerd } from "../src/base/runtime.ts"
import { type KVFound, type KVLike, type KVReadOptions, namespaceOf } from "./kv/binding.ts"
import { mapConcurrently } from "./kv/concurrency.ts"
import { isHashed, nameOf } from "./kv/names.ts"
import { listed } from "./kv/pages.ts"
import { readMany } from "./kv/reads.ts"
import { pack, unpack } from "./kv/records.ts"
import { tokensOf } from "./kv/tokens.ts"
import { explain, tooLarge, valueLimit } from "./kv/trouble.ts"

export type { KVFound, KVLike, KVListed, KVPage, KVReadOptions, KVWriteOptions } from "./kv/binding.ts"

/** Options of {@link kv}. */
export interface KVOptions {
  /** The namespace, or the name of its binding, looked up on first use. Default "CACHE". */
  readonly binding?: KVLike | string | undefined
  /**
   * How long a Cloudflare location that has read a key may answer from its own copy, in ms, at least 30 000 (KV counts
   * whole seconds, rounded up). A longer time makes reads faster, but writes elsewhere are seen later. Default 60 000.
   */
  readonly cacheTtl?: number | undefined
}

/** The KV adapter: asynchronous, without a lease, because KV has no atomic write. */
export interface KVAdapter extends Adapter {
  readonly name: "kv"
  readonly medium: "text"
  get(key: string): Promise<string | undefined>
  set(key: string, record: unknown, ttl: number): Promise<void>
  delete(key: string): Promise<boolean>
  clear(prefix: string): Promise<void>
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>
  setMany(entries: readonly (readonly [key: string, record: unknown, ttl: number])[]): Promise<void>
  deleteMany(keys: readonly string[]): Promise<number>
  keys(prefix: string): AsyncIterable<string>
  open(): Promise<void>
}

/** The shortest and longest life in KV, which counts seconds as signed 32-bit integers. */
const minSeconds = 60
const maxSeconds = 2_147_483_647
const minCacheTtl = 30_000

/**
 * Keeps records in a Workers KV namespace, under names that begin with "isocache:".
 *
 * KV is eventually consistent: a write in one location is visible in another after about `cacheTtl`, and a location
 * that has just found nothing may keep finding nothing for as long. KV allows one write per second per key. `getMany`
 * costs one operation per 100 keys; `delete` one read and one write, and through a cache a second read, to count live
 * entries. Version tokens are read once per isolate and minute.
 *
 * `clear` removes what the listing shows, which may lag by a minute. Recent writes that it does not show remain stored,
 * but are not served, because their versions are removed.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown option or a wrong type; `ADAPTER_UNAVAILABLE`, on first use, if
 * the binding is missing or is not a KV namespace.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { kv } from "isocache/adapters/kv"
 *
 * const cache = new CacheWrapper({ adapter: kv({ binding: "CACHE" }), near: true })
 * ```
 */
export function kv(options: KVOptions = {}): KVAdapter {
  judgeOptions(options, rules, " of kv()")
  const { binding = "CACHE", cacheTtl } = options
  const reading: KVReadOptions = { type: "text" }
  if (cacheTtl !== undefined) reading.cacheTtl = Math.min(maxSeconds, Math.ceil(cacheTtl / 1000))

  async function getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    const records = await recordsOf(keys)
    return keys.map((key) => records.get(key))
  }

  /** The records at `keys`. A version that another request is reading is used for both. */
  async function recordsOf(keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    const tokens = tokensOf(namespaceOf(binding))
    const isElsewhere = (key: string) => isWorkerd() && tokens.isAsked(key)
    const elsewhere = keys.filter(isElsewhere)
    if (elsewhere.length === 0) return ask(keys)
    const later = async () => {
      // Polls: the promise of that request may die with it.
      await poll(() => !elsewhere.some(isElsewhere))
      return recordsOf(elsewhere)
    }
    const here = keys.filter((key) => !elsewhere.includes(key))
    const [own, others] = await Promise.all([ask(here), later()])
    return new Map([...own, ...others])
  }

  async function ask(keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    const namespace = namespaceOf(binding)
    const tokens = tokensOf(namespace)
    const known = tokens.known(keys)
    const asked = keys.filter((key) => !known.has(key))
    const learn = tokens.reading(asked.filter(isToken))
    const names = await Promise.all(asked.map(nameOf))
    const found = await readMany(namespace, names, reading).catch((error) => {
      learn()
      throw explain(error, "read", keys.length === 1 ? keys[0] : undefined)
    })
    const records = new Map(
      asked.map((key, at) => [key, recordIn(found.get(names[at] ?? ""), key, names[at] ?? "")]),
    )
    learn(records)
    return new Map([...records, ...known])
  }

  async function set(key: string, record: unknown, ttl: number): Promise<void> {
    const namespace = namespaceOf(binding)
    const name = await nameOf(key)
    if (!(ttl > 0)) return remove(namespace, name, key)
    if (typeof record !== "string") {
      throw new CacheError(
        "VALUE_UNSUPPORTED",
        `kv keeps only text; the record of ${shortKey(key)} is not.`,
        {
          key,
        },
      )
    }
    const { value, metadata } = pack(record, isHashed(name) ? key : undefined, now() + ttl)
    if (isTooLarge(value)) throw tooLarge(key)
    // KV counts seconds, 60 at least. The exact deadline is in the metadata.
    const seconds = Math.min(maxSeconds, Math.max(minSeconds, Math.ceil(ttl / 1000)))
    const settings = ttl === Infinity ? { metadata } : { metadata, expirationTtl: seconds }
    const written = tokensOf(namespace).writing(key, record, ttl)
    try {
      await namespace.put(name, value, settings)
      written(true)
    } catch (error) {
      written(false)
      throw explain(error, "write", key)
    }
  }

  async function deleteMany(keys: readonly string[]): Promise<number> {
    const unique = [...new Set(keys)]
    // KV does not tell whether it existed.
    const found = await getMany(unique)
    const namespace = namespaceOf(binding)
    await mapConcurrently(unique, async (key) => remove(namespace, await nameOf(key), key))
    return found.filter((record) => record !== undefined).length
  }

  return {
    name: "kv",
    medium: "text",
    get: async (key) => (await getMany([key]))[0],
    getMany,
    set,
    async setMany(entries) {
      // Only the last write of a key counts: a second one within a second would be refused.
      const last = new Map(entries.map((entry) => [entry[0], entry]))
      await mapConcurrently([...last.values()], ([key, record, ttl]) => set(key, record, ttl))
    },
    delete: async (key) => (await deleteMany([key])) > 0,
    deleteMany,
    async clear(prefix) {
      const namespace = namespaceOf(binding)
      const young = tokensOf(namespace).clearing(prefix)
      const hidden = new Map(await mapConcurrently(young, async (key) => [await nameOf(key), key] as const))
      for await (const page of listed(namespace, prefix, reading, false)) {
        for (const { name } of page) hidden.delete(name)
        await mapConcurrently(page, ({ name, key }) => remove(namespace, name, key))
      }
      // A listing may lag by a minute. What it does not show is not served once its versions are removed.
      await mapConcurrently([...hidden], ([name, key]) => remove(namespace, name, key))
    },
    async *keys(prefix) {
      for await (const page of listed(namespaceOf(binding), prefix, reading, true)) {
        for (const { key, alive } of page) if (alive && key !== undefined) yield key
      }
    },
    async open() {
      namespaceOf(binding)
    },
  }
}

async function remove(namespace: KVLike, name: string, key: string | undefined): Promise<void> {
  const removed = tokensOf(namespace).writing(key ?? "", undefined)
  try {
    await namespace.delete(name)
    removed(true)
  } catch (error) {
    removed(false)
    throw explain(error, "delete", key)
  }
}

function recordIn(found: KVFound | undefined, key: string, name: string): string | undefined {
  return found && unpack(found, isHashed(name) ? key : undefined, now())
}

function isTooLarge(value: string): boolean {
  // A code unit takes at most 3 bytes, so they are only counted near the limit.
  return value.length * 3 > valueLimit && (value.length > valueLimit || utf8Length(value) > valueLimit)
}

const rules: Readonly<Record<keyof KVOptions, Rule>> = {
  binding: rule(
    (value) => value !== "" && value !== null && ["string", "object", "function"].includes(typeof value),
    "a KV namespace such as env.CACHE, or the name of its binding",
  ),
  cacheTtl: rule(
    (value) => typeof value === "number" && value >= minCacheTtl,
    `milliseconds, from ${minCacheTtl} up: KV refuses less`,
  ),
}
