import type { KVFound, KVLike, KVListed, KVPage, KVReadOptions, KVWriteOptions } from "../../adapters/kv.ts"
import { now, sleep } from "../../src/base/clock.ts"

export type Operation = "get" | "getMany" | "put" | "delete" | "list"

/** What goes wrong, and how slowly it goes. Everything runs on `Date.now` and `setTimeout`: fake clocks drive it. */
export interface Faults {
  /** How long an operation takes, in ms: a number, or by operation. Default 0 (no timer). */
  readonly latency?: number | ((operation: Operation, name: string) => number)
  /** How long what one place wrote stays unseen by the others, in ms. Default 0. */
  readonly lag?: number
  /** Whether a place answers from its own copy for `cacheTtl` after a read, what is missing included. Default false. */
  readonly copies?: boolean
  /** Whether a place sees its own write at once in spite of its copy: "usually", says Cloudflare. Default true. */
  readonly ownWrites?: boolean
  /** Whether a second write of a name within a second is refused (429). Default false. */
  readonly writeLimit?: boolean
  /** Throws what an operation is to fail with; its number counts all operations from 1. */
  readonly fail?: (operation: Operation, name: string, number: number) => void
  /** How a bulk read tells a missing name. Default "null", as local KV does. */
  readonly missing?: "null" | "object" | "absent"
  /** Whether a bulk read is known at all. Default true. */
  readonly bulk?: boolean
  /** How long a listing goes on showing what was, own writes included, in ms. Default 0. */
  readonly listLag?: number
  /** Names per page of a listing. Default 1 000, the most. */
  readonly pageSize?: number
}

interface Version {
  readonly value: Uint8Array | undefined
  readonly metadata: string | undefined
  /** ms since epoch. */
  readonly expiresAt: number
  readonly writtenAt: number
  readonly place: string
}

const maxValue = 26_214_400
const maxBulk = 26_214_400

/**
 * A Workers KV namespace with the limits, coercions and error texts of the real one, and with the faults that local
 * KV never shows. `at(place)` is the binding as one of Cloudflare's places sees it.
 */
export function kvDouble(faults: Faults = {}): {
  at(place: string): KVLike
  readonly kv: KVLike
  /** All operations so far, as "operation name". */
  readonly log: string[]
  /** Everything stored, as listings see it: the newest versions, expired ones left out. */
  stored(): Map<string, { value: string; metadata: unknown; expiresAt: number }>
  /** Stores without checks, as a foreign writer would. */
  plant(name: string, value: string | Uint8Array, metadata?: unknown): void
  /** Changes the faults from now on. */
  faults(changed: Faults): void
} {
  let current = faults
  const history = new Map<string, Version[]>()
  const copies = new Map<string, { found: Version | undefined; until: number }>()
  const log: string[] = []

  async function begin(operation: Operation, name: string): Promise<void> {
    log.push(`${operation} ${name}`)
    const number = log.length
    const { latency = 0 } = current
    const wait = typeof latency === "number" ? latency : latency(operation, name)
    if (wait > 0) await sleep(wait)
    current.fail?.(operation, name, number)
  }

  function latest(name: string, place: string | undefined, behind = 0): Version | undefined {
    const { lag = 0 } = current
    const seen = (history.get(name) ?? []).findLast(
      (it) =>
        it.writtenAt + behind <= now() &&
        (place === undefined || it.place === place || it.writtenAt + lag <= now()),
    )
    return seen === undefined || seen.value === undefined || seen.expiresAt <= now() ? undefined : seen
  }

  function read(name: string, place: string, cacheTtl: number): Version | undefined {
    const at = `${place} ${name}`
    const copy = copies.get(at)
    if (current.copies && copy && copy.until > now() && !(copy.found && copy.found.expiresAt <= now()))
      return copy.found
    const found = latest(name, place)
    copies.set(at, { found, until: now() + cacheTtl * 1000 })
    return found
  }

  function write(
    name: string,
    place: string,
    version: Omit<Version, "writtenAt" | "place">,
    action: string,
  ): void {
    const versions = history.get(name) ?? []
    const last = versions.at(-1)
    if (current.writeLimit && last && now() - last.writtenAt < 1000) {
      throw new Error(`KV ${action} failed: 429 Too Many Requests`)
    }
    versions.push({ ...version, writtenAt: now(), place })
    history.set(name, versions)
    if (current.ownWrites ?? true) copies.delete(`${place} ${name}`)
  }

  function bind(place: string): KVLike {
    async function getOne(name: string, options: KVReadOptions): Promise<KVFound> {
      checkName(name, "GET")
      const cacheTtl = checkRead(options, "GET")
      await begin("get", name)
      return foundOf(read(name, place, cacheTtl), false)
    }
    async function getBulk(names: string[], options: KVReadOptions): Promise<Map<string, KVFound | null>> {
      if (names.length > 100) throw new Error("KV GET_BULK failed: 400 You can request a maximum of 100 keys")
      if (names.length < 1) throw new Error("KV GET_BULK failed: 400 You must request a minimum of 1 key")
      for (const name of names) checkName(name, "GET_BULK")
      const cacheTtl = checkRead(options, "GET_BULK")
      await begin("getMany", String(names.length))
      const { missing = "null" } = current
      const answer = new Map<string, KVFound | null>()
      let size = 0
      for (const name of names) {
        const version = read(name, place, cacheTtl)
        size += version?.value?.length ?? 0
        if (version) answer.set(name, foundOf(version, true))
        else if (missing !== "absent") answer.set(name, missing === "null" ? null : foundOf(undefined, true))
      }
      if (size > maxBulk)
        throw new Error("KV GET_BULK failed: 413 Total size of request exceeds the limit of 25MB")
      return answer
    }
    function getWithMetadata(name: string, options: KVReadOptions): Promise<KVFound>
    function getWithMetadata(names: string[], options: KVReadOptions): Promise<Map<string, KVFound | null>>
    function getWithMetadata(name: string | string[], options: KVReadOptions): Promise<unknown> {
      return Array.isArray(name) && (current.bulk ?? true)
        ? getBulk(name, options)
        : getOne(String(name), options)
    }
    return {
      getWithMetadata,
      async put(name, value, options = {}) {
        checkName(name, "PUT")
        // What is no text is stored as the text of it: "5", "null", "undefined".
        const bytes = new TextEncoder().encode(String(value))
        const { metadata, expiresAt } = checkWrite(bytes, options)
        await begin("put", name)
        write(name, place, { value: bytes, metadata, expiresAt }, "PUT")
      },
      async delete(name) {
        checkName(name, "DELETE")
        await begin("delete", name)
        write(name, place, { value: undefined, metadata: undefined, expiresAt: Infinity }, "DELETE")
      },
      async list({ prefix = "", cursor } = {}): Promise<KVPage> {
        if (byteLength(prefix) > 512) throw new Error(tooLong("GET", prefix))
        await begin("list", prefix)
        const { pageSize = 1000, listLag } = current
        const after = cursor === undefined ? undefined : Buffer.from(cursor, "base64")
        const names = [...history.keys()]
          .filter((name) => name.startsWith(prefix) && latest(name, place, listLag))
          .map((name) => Buffer.from(name))
          .sort(Buffer.compare)
          .filter((name) => after === undefined || Buffer.compare(name, after) > 0)
        const page = names.slice(0, pageSize)
        const keys = page.map((it): KVListed => {
          const { metadata } = latest(it.toString(), place, listLag) ?? {}
          return { name: it.toString(), ...(metadata !== undefined && { metadata: JSON.parse(metadata) }) }
        })
        const last = page.at(-1)
        return names.length > page.length && last
          ? { list_complete: false, keys, cursor: last.toString("base64") }
          : { list_complete: true, keys }
      },
    }
  }

  return {
    at: bind,
    kv: bind("here"),
    log,
    stored() {
      const all = new Map<string, { value: string; metadata: unknown; expiresAt: number }>()
      for (const name of history.keys()) {
        const version = latest(name, undefined)
        const { value, metadata } = foundOf(version, false)
        if (version && value !== null) all.set(name, { value, metadata, expiresAt: version.expiresAt })
      }
      return all
    },
    plant(name, value, metadata) {
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
      const text = metadata === undefined ? undefined : JSON.stringify(metadata)
      history.set(name, [
        { value: bytes, metadata: text, expiresAt: Infinity, writtenAt: 0, place: "elsewhere" },
      ])
      for (const at of copies.keys()) if (at.endsWith(` ${name}`)) copies.delete(at)
    },
    faults(changed) {
      current = changed
    },
  }
}

function foundOf(version: Version | undefined, bulk: boolean): KVFound {
  if (!version?.value) return { value: null, metadata: null }
  // As local KV reads text: junk becomes U+FFFD, and a bulk read drops a byte order mark at the beginning.
  const value = new TextDecoder("utf-8", { ignoreBOM: !bulk }).decode(version.value)
  return { value, metadata: version.metadata === undefined ? null : JSON.parse(version.metadata) }
}

function checkName(name: string, action: string): void {
  if (name === "") throw new TypeError("Key name cannot be empty.")
  if (name === "." || name === "..") throw new TypeError(`"${name}" is not allowed as a key name.`)
  if (byteLength(name) > 512) throw new Error(tooLong(action, name))
  if (/\p{Surrogate}/u.test(name)) throw new Error(`KV ${action} failed: 400 Could not URL-decode key name`)
}

function checkRead({ type, cacheTtl = 60 }: KVReadOptions, action: string): number {
  if (type !== "text") throw new TypeError("The double reads text only.")
  checkInt32(cacheTtl)
  if (cacheTtl < 30) {
    throw new Error(
      `KV ${action} failed: 400 Invalid cache_ttl of ${cacheTtl}. Cache TTL must be at least 30.`,
    )
  }
  return cacheTtl
}

function checkWrite(
  value: Uint8Array,
  { metadata, expirationTtl }: KVWriteOptions,
): { metadata: string | undefined; expiresAt: number } {
  if (expirationTtl !== undefined) {
    checkInt32(expirationTtl)
    const seconds = expirationTtl === Infinity ? 0 : Math.trunc(expirationTtl)
    if (seconds < 60) {
      const rule =
        seconds > 0 ? "Expiration TTL must be at least 60." : "Please specify integer greater than 0."
      throw new Error(`KV PUT failed: 400 Invalid expiration_ttl of ${seconds}. ${rule}`)
    }
  }
  const text = metadata === undefined ? undefined : JSON.stringify(metadata)
  const size = byteLength(text ?? "")
  if (size > 1024) throw new Error(`KV PUT failed: 413 Metadata length of ${size} exceeds limit of 1024.`)
  if (value.length > maxValue) {
    throw new Error(`KV PUT failed: 413 Value length of ${value.length} exceeds limit of ${maxValue}.`)
  }
  return {
    metadata: text,
    expiresAt: expirationTtl === undefined ? Infinity : now() + Math.trunc(expirationTtl) * 1000,
  }
}

function checkInt32(seconds: number): void {
  if (Math.abs(seconds) > 2_147_483_647 && Number.isFinite(seconds)) {
    throw new TypeError("Value out of range. Must be between -2147483648 and 2147483647 (inclusive).")
  }
}

function tooLong(action: string, name: string): string {
  return `KV ${action} failed: 414 UTF-8 encoded length of ${byteLength(name)} exceeds key length limit of 512.`
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
