import { isPromise, quietly } from "./base/awaitable.ts"
import { type Duration, parseDuration } from "./base/duration.ts"
import { argumentChanged, CacheError, misuse } from "./base/errors.ts"
import { aFunction, anything, isRecord, type Rules, rule } from "./base/rules.ts"
import { canonical, isStillNamed, type Key, type KeyPart } from "./key.ts"
import { defaultPolicy, type LoadOptions, resolvePolicy } from "./policy/options.ts"
import type { Region } from "./region.ts"

/** Any function. */
export type Fn = (...args: never[]) => unknown

/** Any function that returns a promise. */
export type AsyncFn = (...args: never[]) => Promise<unknown>

/** The parameters of a function. */
export type Args<F> = F extends (...args: infer A) => unknown ? A : never

/** Options of a memoized function. */
export interface MemoizeOptions<A extends readonly unknown[] = readonly unknown[], V = unknown>
  extends Omit<LoadOptions<V>, "ttl"> {
  /** How long a result is fresh; a function is called each time. Default 5 minutes. */
  readonly ttl?: Duration | (() => Duration) | undefined
  /**
   * Names the entries; functions with the same name share them. Default `fn.name`. Set it in bundled code, because
   * minifiers change `fn.name`.
   */
  readonly name?: string | undefined
  /** Makes the key from the arguments. Default: all of them. */
  readonly key?: ((...args: A) => KeyPart) | undefined
  /** Positions of arguments that the key ignores. Default none. */
  readonly ignore?: readonly number[] | undefined
  /** Whether to call the function despite a cached result, and store its result. Default never. */
  readonly bypass?: ((...args: A) => boolean) | undefined
  /**
   * Called when a call is served from the cache, also with a stale value, with the `this` of that call; what it throws
   * is ignored. `expiresAt` is the end of the ttl, in ms since epoch.
   */
  readonly onHit?: ((info: { key: string; args: A; value: V; expiresAt: number }) => void) | undefined
}

/** The verbs attached to a memoized function; they take its arguments. */
export interface MemoizedVerbs<A extends readonly unknown[], V, F> {
  /** The fresh result for these arguments, or `undefined`. Never calls the function. */
  get(...args: A): Promise<V | undefined>
  /** Stores `value` as the result for these arguments. Rejects when the storage fails. */
  set(value: V, ...args: A): Promise<void>
  /** Removes the result; returns whether there was one. */
  delete(...args: A): Promise<boolean>
  /** Makes the result stale now; returns whether there was one. */
  expire(...args: A): Promise<boolean>
  /** Calls the function and stores what it returns. */
  refresh(...args: A): Promise<V>
  /** The key of the result, for the verbs of the cache. */
  keyFor(...args: A): Key<V>
  /** The function itself, without the cache. */
  readonly original: F
}

/**
 * A memoized function: same parameters and `this`, a promise of the result. Overloads of an async function are kept.
 */
export type Memoized<F extends Fn> = (ReturnType<F> extends Promise<unknown>
  ? F
  : (this: ThisParameterType<F>, ...args: Args<F>) => Promise<Awaited<ReturnType<F>>>) &
  MemoizedVerbs<Args<F>, Awaited<ReturnType<F>>, F>

/** A memoized function whose schema determines its result. */
export type MemoizedAs<F extends Fn, V> = ((this: ThisParameterType<F>, ...args: Args<F>) => Promise<V>) &
  MemoizedVerbs<Args<F>, V, F>

/**
 * The memoized form of `fn`. For methods, `before` returns the parts of `this` that precede the arguments in the key.
 *
 * A call that changes its arguments while it runs rejects with `ARGUMENT_CHANGED` and stores nothing.
 */
export function memoizeWith(
  cache: Region,
  fn: Fn,
  options: MemoizeOptions<unknown[]>,
  before?: (self: unknown) => readonly KeyPart[],
): object {
  const { name, region } = prepare(cache, fn, options)
  const { key, ignore, bypass, onHit, ttl } = options
  checkIgnored(fn, ignore)
  const run = fn as (...args: unknown[]) => unknown // Called with what its public type takes.
  const keyOf = (self: unknown, args: unknown[]) =>
    canonical([
      `${name}()`,
      ...(before?.(self) ?? []),
      ...(key ? [key(...args)] : args.filter((_, at) => !ignore?.includes(at))),
    ])

  async function load(self: unknown, args: unknown[], more?: LoadOptions<unknown>): Promise<unknown> {
    const text = keyOf(self, args)
    const fallback = async () => {
      const isAsBefore = key || ignore ? watch(args) : () => true
      const value = await Reflect.apply(run, self, args)
      if (!isStillNamed(text, () => keyOf(self, args)) || !isAsBefore()) throw argumentChanged(name, text)
      return value
    }
    const all = ttlNow(ttl, more)
    if (!onHit) return await region.getOrSet<unknown>(text, fallback, all)
    let expiresAt: number | undefined
    const value = await region.serve<unknown>(text, fallback, all, (until) => {
      expiresAt = until
    })
    if (expiresAt !== undefined)
      quietly(() => Reflect.apply(onHit, self, [{ key: text, args: [...args], value, expiresAt }]))
    return value
  }

  const verbs = (self: unknown) => ({
    get: async (...args: unknown[]) => region.get(keyOf(self, args)),
    set: async (value: unknown, ...args: unknown[]) => region.set(keyOf(self, args), value, ttlNow(ttl)),
    delete: async (...args: unknown[]) => (await region.delete(keyOf(self, args))) > 0,
    expire: async (...args: unknown[]) => (await region.expire(keyOf(self, args))) > 0,
    refresh: async (...args: unknown[]) => load(self, args, fresh),
    keyFor: (...args: unknown[]) => keyOf(self, args),
  })
  async function memoized(this: unknown, ...args: unknown[]): Promise<unknown> {
    const isBypassed = bypass?.(...args)
    return load(this, args, (isPromise(isBypassed) ? await isBypassed : isBypassed) ? fresh : undefined)
  }
  Object.defineProperties(memoized, { name: { value: name }, length: { value: fn.length } })
  return Object.assign(memoized, verbs(undefined), { original: fn, ...(before && { of: verbs }) })
}

const fresh = { fresh: true }

/** Returns a function that tells whether `args` are unchanged since now, as far as their canonical texts show. */
export function watch(args: readonly unknown[]): () => boolean {
  const texts = () =>
    args.map((argument) => {
      try {
        return canonical(argument)
      } catch {
        return undefined
      }
    })
  const before = texts()
  return () => texts().every((text, at) => text === before[at] || before[at] === undefined)
}

/** The options of one call: `more`, and the ttl, which is called if it is a function. */
export function ttlNow<T extends object>(
  ttl: Duration | (() => Duration) | undefined,
  more?: T,
): T | { readonly ttl: Duration } | undefined {
  return typeof ttl === "function" ? { ttl: parseDuration(ttl()), ...more } : more
}

/**
 * Checks the options of a memoized function; returns the name of its entries and the region they lie in, which has the
 * options that apply to all calls.
 *
 * @throws {CacheError} `OPTION_INVALID`, `TTL_INVALID`, `NAME_REQUIRED`.
 */
export function prepare<A extends readonly unknown[], V>(
  cache: Region,
  fn: unknown,
  options: MemoizeOptions<A, V>,
): { readonly name: string; readonly region: Region } {
  const { ttl, name } = Object(options)
  // A copy; anything but an object is rejected as it is.
  const own = isRecord(options) ? { ...options, ttl: typeof ttl === "function" ? undefined : ttl } : options
  // Rejected now rather than on the first call.
  resolvePolicy(defaultPolicy, own, rules)
  return { name: nameFor(cache, fn, name), region: cache.bare(own, rules) }
}

function nameFor(region: Region, fn: unknown, given: string | undefined): string {
  if (typeof fn !== "function")
    throw misuse(`Only a function can be memoized; this is of the type ${typeof fn}.`)
  const name: unknown = given ?? fn.name
  const isNamed = typeof name === "string" && name !== ""
  // A minifier may give two functions the same short name, so that they would share their entries by accident.
  if (isNamed && (given !== undefined || name.length > 2 || region.claims(name, fn))) return name
  const which = isNamed ? `Each of two functions called ${name}` : "A function without a name"
  throw new CacheError("NAME_REQUIRED", `${which} needs the option name for its entries.`)
}

const rules: Rules = {
  name: anything,
  key: aFunction,
  ignore: rule(Array.isArray, "an array of positions"),
  bypass: aFunction,
  onHit: aFunction,
}

/** Rejects positions that `fn` has no parameter for, as far as its source shows. */
function checkIgnored(fn: Fn, ignore: readonly number[] | undefined): void {
  if (!ignore) return
  const text = String(fn)
  const isOpen = /\barguments\b|\[native code\]/.test(text) || /\.\.\.|=/.test(parameters(uncommented(text)))
  for (const at of ignore) {
    if (Number.isInteger(at) && at >= 0 && (at < fn.length || isOpen)) continue
    throw misuse(`The option ignore names argument ${String(at)}, but the function takes ${fn.length}.`)
  }
}

/**
 * A function's source without comments. A string that looks like one is cut with the rest of its line; but such a
 * string is part of a default, whose `=` precedes it.
 */
function uncommented(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
}

/** The text between the first parentheses of a function's source. */
function parameters(source: string): string {
  const from = source.indexOf("(")
  // A single bare parameter: an arrow function without parentheses has neither a default nor a rest parameter.
  if (/^(async\s+)?[\w$]+\s*=>/.test(source)) return ""
  let depth = 0
  for (let at = from; at < source.length; at++) {
    if (source[at] === "(") depth++
    if (source[at] === ")" && --depth === 0) return source.slice(from, at)
  }
  return "..."
}
