import { type Duration, parseDuration } from "./base/duration.ts"
import { CacheError } from "./base/errors.ts"
import { canonical, type Key, type KeyPart } from "./key.ts"
import type { ManyResult } from "./policy/many.ts"
import type { LoadOptions, WriteOptions } from "./policy/options.ts"
import type { Region } from "./region.ts"

/** Any function. */
export type Fn = (...args: never[]) => unknown

/** The parameters of a function. */
export type Args<F> = F extends (...args: infer A) => unknown ? A : never

/** What a function of many ids answers: an array in their order, a Map, or a record. */
export type Result<V> = ManyResult<V> | Promise<ManyResult<V>>

/** Options of a memoized function. */
export interface MemoizeOptions<A extends readonly unknown[] = readonly unknown[], V = unknown> extends Omit<LoadOptions<V>, "ttl"> {
  /** How long a result is fresh; a function is asked on each call. Default 5 minutes. */
  readonly ttl?: Duration | (() => Duration) | undefined
  /** What the entries are named by. Default `fn.name`; functions under one name share their entries. */
  readonly name?: string | undefined
  /** Makes the key of the arguments. Default: all of them. */
  readonly key?: ((...args: A) => KeyPart) | undefined
  /** Positions of arguments that do not count. Default none. */
  readonly ignore?: readonly number[] | undefined
  /** When true: call, store, return, whatever is cached. */
  readonly bypass?: ((...args: A) => boolean) | undefined
  /** Called when a call is served from the cache. */
  readonly onHit?: ((info: { key: string; args: A; value: V; expiresAt: number }) => void) | undefined
}

/** What is attached to a memoized function: its entries by its arguments. */
export interface MemoizedVerbs<A extends readonly unknown[], V, F> {
  /** The fresh result of these arguments, or `undefined`; never calls the function. */
  get(...args: A): Promise<V | undefined>
  set(value: V, ...args: A): Promise<void>
  /** Whether there was one. */
  delete(...args: A): Promise<boolean>
  expire(...args: A): Promise<boolean>
  /** Calls the function and stores what it gives. */
  refresh(...args: A): Promise<V>
  keyFor(...args: A): Key<V>
  readonly original: F
}

/** A memoized function: same parameters and `this`, promise of the result; overloads of an async one are kept. */
export type Memoized<F extends Fn> = (ReturnType<F> extends Promise<unknown>
  ? F
  : (this: ThisParameterType<F>, ...args: Args<F>) => Promise<Awaited<ReturnType<F>>>) &
  MemoizedVerbs<Args<F>, Awaited<ReturnType<F>>, F>

/** A memoized function of many ids. */
export type MemoizedMany<I, V> = ((...ids: I[]) => Promise<V[]>) & {
  get(id: I): Promise<V | undefined>
  set(value: V, id: I): Promise<void>
  delete(...ids: I[]): Promise<number>
  expire(...ids: I[]): Promise<number>
  refresh(...ids: I[]): Promise<V[]>
  keyFor(id: I): Key<V>
  readonly original: (...ids: I[]) => Result<V>
}

/** Serves `fn` from `region`. */
export function memoize<F extends Fn>(
  region: Region,
  fn: F,
  options: MemoizeOptions<Args<F>, Awaited<ReturnType<F>>> = {},
): Memoized<F> {
  const memoized = memoizeWith(region, fn, options as MemoizeOptions<unknown[]>, () => [])
  return memoized as unknown as Memoized<F> // Built below to this very shape; TypeScript cannot follow the parameters.
}

/**
 * The memoized form of `fn`; `before` gives what of `this` counts in front of the arguments.
 *
 * A function that changes its arguments while it runs rejects with `ARGUMENT_CHANGED` and stores nothing.
 */
export function memoizeWith(
  region: Region,
  fn: Fn,
  options: MemoizeOptions<unknown[]>,
  before: (self: unknown) => readonly KeyPart[],
): object {
  const { name: given, key, ignore, bypass, onHit, ttl, ...rest } = options
  const name = nameFor(fn, given)
  checkIgnored(fn, ignore)
  const run = fn as (...args: unknown[]) => unknown // Called with what its own face takes.
  const loadOptions = (): LoadOptions<unknown> => ({ ...rest, ttl: typeof ttl === "function" ? parseDuration(ttl()) : ttl })
  const keyOf = (self: unknown, args: unknown[]) =>
    canonical([`${name}()`, ...before(self), ...(key ? [key(...args)] : args.filter((_, at) => !ignore?.includes(at)))])

  async function load(self: unknown, args: unknown[], more?: LoadOptions<unknown>): Promise<unknown> {
    const text = keyOf(self, args)
    const wasLoading = onHit !== undefined && region.isLoading(text)
    let ran = false
    const fallback = async () => {
      ran = true
      const value = await Reflect.apply(run, self, args)
      if (keyOf(self, args) === text) return value
      throw new CacheError("ARGUMENT_CHANGED", `${name} changed its arguments, so its result has no key. Let it work on copies.`, { key: text })
    }
    const value = await region.getOrSet<unknown>(text, fallback, { ...loadOptions(), ...more })
    if (onHit && !ran && !wasLoading) {
      const entry = await region.entryOf(text)
      if (entry) onHit({ key: text, args, value, expiresAt: entry.freshUntil })
    }
    return value
  }

  const verbs = (self: unknown) => ({
    get: async (...args: unknown[]) => region.get(keyOf(self, args)),
    set: async (value: unknown, ...args: unknown[]) => region.set(keyOf(self, args), value, writeOptions(loadOptions())),
    delete: async (...args: unknown[]) => (await region.delete(keyOf(self, args))) > 0,
    expire: async (...args: unknown[]) => (await region.expire(keyOf(self, args))) > 0,
    refresh: async (...args: unknown[]) => load(self, args, { fresh: true }),
    keyFor: (...args: unknown[]) => keyOf(self, args),
  })
  async function memoized(this: unknown, ...args: unknown[]): Promise<unknown> {
    return load(this, args, bypass?.(...args) ? { fresh: true } : undefined)
  }
  Object.defineProperty(memoized, "name", { value: name })
  return Object.assign(memoized, verbs(undefined), { original: fn, of: verbs })
}

/** Serves a function of many ids from `region`, one entry an id. */
export function memoizeMany<I, V>(
  region: Region,
  fn: (...ids: I[]) => Result<V>,
  options: MemoizeOptions<I[], V> = {},
): MemoizedMany<I, V> {
  const { name: given, key, ignore: _, bypass, onHit, ttl, ...rest } = options
  const name = nameFor(fn, given)
  const keyFor = (id: I): Key<V> => canonical([`${name}()`, key ? key(id) : id])
  const loadOptions = (): LoadOptions<V> => ({ ...rest, ttl: typeof ttl === "function" ? parseDuration(ttl()) : ttl })
  async function load(ids: I[], more?: LoadOptions<V>): Promise<V[]> {
    const byKey = new Map(ids.map((id) => [keyFor(id) as string, id]))
    const called = new Set<string>()
    const fallback = async (missing: unknown[]): Promise<ManyResult<V>> => {
      const wanted = missing.map((text) => byKey.get(String(text)) as I) // Each was made from one of the ids.
      for (const text of missing) called.add(String(text))
      return inOrder(name, wanted, keyFor, await fn(...wanted))
    }
    const values = await region.getOrSetMany<V>(byKey.keys(), fallback, { ...loadOptions(), ...more })
    const byText = new Map([...byKey.keys()].map((text, i) => [text, values[i] as V])) // As many as there are keys.
    if (onHit) {
      for (const [text, id] of byKey) {
        const entry = called.has(text) ? undefined : await region.entryOf(text)
        if (entry) onHit({ key: text, args: [id], value: entry.value as V, expiresAt: entry.freshUntil })
      }
    }
    return ids.map((id) => byText.get(keyFor(id)) as V)
  }
  const memoized = async (...ids: I[]) => load(ids, ids.length > 0 && bypass?.(...ids) ? { fresh: true } : undefined)
  Object.defineProperty(memoized, "name", { value: name })
  return Object.assign(memoized, {
    get: async (id: I) => region.get<V>(keyFor(id)),
    set: async (value: V, id: I) => region.set(keyFor(id), value, writeOptions(loadOptions())),
    delete: async (...ids: I[]) => region.delete(...ids.map(keyFor)),
    expire: async (...ids: I[]) => region.expire(...ids.map(keyFor)),
    refresh: async (...ids: I[]) => load(ids, { fresh: true }),
    keyFor,
    original: fn,
  })
}

/** A result by ids, in the ids' order: Maps may go by id, records by its text. */
function inOrder<I, V>(name: string, ids: readonly I[], keyFor: (id: I) => string, result: ManyResult<V>): ManyResult<V> {
  if (Array.isArray(result)) return result
  if (typeof result !== "object" || result === null) {
    throw new CacheError("FALLBACK_RESULT", `${name} answered ${typeof result}. Answer an array in the order of the ids, a Map, or a record.`)
  }
  const values = new Map<string, V>()
  for (const id of ids) {
    if (result instanceof Map ? result.has(id) : Object.hasOwn(result, String(id))) {
      values.set(keyFor(id), result instanceof Map ? result.get(id) : Reflect.get(result, String(id)))
    }
  }
  return values
}

function writeOptions({ ttl, grace, jitter, tags }: WriteOptions): WriteOptions {
  return { ttl, grace, jitter, tags }
}

function nameFor(fn: { readonly name: string }, given: string | undefined): string {
  const name = given ?? fn.name
  if (typeof name === "string" && name !== "") return name
  throw new CacheError("NAME_REQUIRED", "A function without a name needs the option name: its entries are found by it.")
}

/** Refuses positions that `fn` has no parameter for, as far as its source tells. */
function checkIgnored(fn: Fn, ignore: readonly number[] | undefined): void {
  const text = String(fn)
  const isOpen = /\.\.\.|\barguments\b|\[native code\]/.test(text) || /=(?!>)/.test(text.slice(0, text.search(/=>|\{/) + 1))
  for (const at of ignore ?? []) {
    if (Number.isInteger(at) && at >= 0 && (at < fn.length || isOpen)) continue
    throw new CacheError("OPTION_INVALID", `The option ignore names argument ${String(at)}, but the function takes ${fn.length}.`)
  }
}
