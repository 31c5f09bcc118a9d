import { type Adapter, type Awaitable, isToken, type Stored } from "../adapter.ts"
import { chain } from "../base/awaitable.ts"
import { sleep } from "../base/clock.ts"
import { CacheError, type CacheErrorCode } from "../base/errors.ts"
import { CacheWrapper } from "../core.ts"
import { delegate } from "../proxies/delegate.ts"
import { check, failureOf, type Scene } from "./law.ts"

/** Options of the cache under test. */
export type CacheOptions = NonNullable<ConstructorParameters<typeof CacheWrapper>[0]>

/**
 * A cache over `adapter`, closed at the end of the case. Its `storeTimeout` is long, because a busy machine is not a
 * hanging storage.
 */
export function cacheOver(
  scene: Scene,
  adapter: Adapter = scene.adapter,
  options: CacheOptions = {},
): CacheWrapper {
  const cache = new CacheWrapper({ storeTimeout: 30_000, ...options, adapter })
  scene.later(() => cache.close())
  return cache
}

/** Fails unless `act` rejects with a `CacheError` of `code`; returns that. */
export async function refusal(act: () => unknown, code: CacheErrorCode, what: string): Promise<CacheError> {
  const error = await failureOf(act, what)
  check(error instanceof CacheError, `${what}: expected a CacheError ${code}, got ${String(error)}`)
  const refused = error as CacheError // just checked
  check(refused.code === code, `${what}: expected ${code}, got ${refused.code}`)
  return refused
}

/** An adapter between a cache and its storage: it records the keys written, and can forge what is read. */
export interface Forge {
  readonly adapter: Adapter
  /** The storage keys of written records, without version tokens. */
  readonly written: Set<string>
  /** The storage keys of version tokens that were written. */
  readonly tokens: Set<string>
  /** If set, replaces the record when a written key is read. */
  forge: ((record: Stored | undefined) => Stored | undefined) | undefined
}

/** Puts a forge in front of `adapter`, with the same abilities except those that would bypass it. */
export function forgeOver(adapter: Adapter): Forge {
  const forge: Forge = { adapter, written: new Set(), tokens: new Set(), forge: undefined }
  const wrote = (key: string) => (isToken(key) ? forge.tokens : forge.written).add(key)
  const read = (key: string, record: Stored | undefined) =>
    forge.forge !== undefined && forge.written.has(key) ? forge.forge(record) : record
  const { getMany, setMany, add } = delegate(adapter)
  const between = delegate(adapter, {
    get: (key) => chain(adapter.get(key), (record) => read(key, record)),
    set(key, record, ttl) {
      wrote(key)
      return adapter.set(key, record, ttl)
    },
    ...(getMany && {
      getMany: (all) =>
        chain(getMany(all), (records) => records.map((record, at) => read(all[at] ?? "", record))),
    }),
    ...(setMany && {
      setMany(entries) {
        for (const [key] of entries) wrote(key)
        return setMany(entries)
      },
    }),
    ...(add && {
      add(key, record, ttl) {
        wrote(key)
        return add(key, record, ttl)
      },
    }),
  })
  return Object.assign(forge, { adapter: between })
}

/** Waits until `is` returns true, for what a cache may do after its answer. Fails with `what` after two seconds. */
export async function soon(is: () => Awaitable<boolean>, what: string): Promise<void> {
  for (let left = 100; left > 0; left--) {
    if (await is()) return
    await sleep(20)
  }
  throw new Error(what)
}

/** A fallback that signals its start, and ends on command. */
export interface Gateway {
  readonly started: Promise<void>
  load(): Promise<string>
  pass(value: string): void
}

/** A {@link Gateway} whose fallback has not started. */
export function gateway(): Gateway {
  let start = () => {}
  let pass: (value: string) => void = () => {}
  const started = new Promise<void>((resolve) => {
    start = resolve
  })
  const open = new Promise<string>((resolve) => {
    pass = resolve
  })
  const load = () => {
    start()
    return open
  }
  return { started, load, pass: (value) => pass(value) }
}
