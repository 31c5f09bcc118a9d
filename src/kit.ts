import type { Adapter, Awaitable } from "./adapter.ts"
import type { KeyLike } from "./key.ts"
import type { LoadContext } from "./policy/context.ts"
import type { Engine } from "./policy/engine.ts"
import type { Hub } from "./policy/hub.ts"
import type { Policy } from "./policy/options.ts"
import type { Place } from "./policy/place.ts"
import type { Scope, UnderWay } from "./policy/scope.ts"
import type { Store } from "./store/store.ts"

/** Makes the value for an argument. */
export type Generator<V, A> = (argument: A, context: LoadContext<V>) => V | Promise<V>

/** Returns the current storage of a cache or region; throws `CLOSED` once the cache is closed. */
export type Home = () => Engine

/** What a cache or region is made of. */
export interface Kit {
  /** Where it keeps its entries. A prefix given later moves it. */
  place: Place
  /** Its region names, outermost first. A path always identifies the same region. */
  readonly path: string
  readonly hub: Hub
  readonly shared: Shared
  readonly settings: Settings
  /** The scope of a call; a bound view has its own. */
  readonly scope: () => Scope
  /** The regions of a bound view, by path. */
  readonly views?: Map<string, object> | undefined
}

/** What may be set later. Shared by a cache or region and its bound views. */
export interface Settings {
  home: Home
  /** Whether {@link home} is its own rather than its parent's. */
  ownsHome: boolean
  policy: Policy
  /** {@link policy} for verbs that only read. */
  reading: Policy
  /** Whether only the entry's own deadline decides about a hit. */
  isPlain: boolean
  /** Lets hits be decided in a few steps, after one was fully checked: see `hits.ts`. */
  hot: Hot | undefined
  generate: Generator<unknown, unknown> | undefined
  writeThrough: ((key: unknown, value: unknown) => Awaitable<unknown>) | undefined
  toKey: ((argument: unknown) => KeyLike) | undefined
}

/** Marks that are valid while their adapter counts no token change. */
export interface Hot {
  readonly engine: Engine
  readonly adapter: Adapter & Required<Pick<Adapter, "tokenChanges">>
  readonly store: Store
  readonly marks: readonly string[]
  readonly changes: number
  /** Entries with tags that were found valid, each with the count of changes at that time. */
  readonly standing: WeakMap<object, number>
}

/** A region that was requested before. */
export interface Known {
  readonly kit: Kit
  /** The public object. */
  readonly face: object
  readonly name: string
  /** The region or cache it lies in. */
  readonly parent: Kit
  /** Its options, once given. */
  options: object | undefined
}

/** What all regions of a cache share. */
export interface Shared {
  /** Every region by its path. A region comes before its inner regions. */
  readonly regions: Map<string, Known>
  /** Every storage in use, to be closed with the cache. */
  readonly engines: Set<Engine>
  /** The cache's own engine; `undefined` once closed. */
  engine: Engine | undefined
  closing: UnderWay<void> | undefined
  /** The sources of functions that are memoized under a short `fn.name`, by region and name. */
  readonly names: Map<string, string>
  /** The scope of unbound calls. */
  readonly scope: () => Scope
  /** Rejects an alias or options that do not exist. */
  check(alias: string, options: object | undefined): void
  /** Loads the adapter of an alias. */
  resolve(alias: string, options: object | undefined, report: (error: unknown) => void): Awaitable<Resolved>
}

/** An adapter made by an alias; `near` if it wants a memory tier. */
export interface Resolved {
  readonly adapter: Adapter
  readonly near?: boolean
}

/** The settings derived from `policy`. */
export function withPolicy(policy: Policy): Pick<Settings, "policy" | "reading" | "isPlain"> {
  const { maxAge, early, schema, fresh, signal } = policy
  return {
    policy,
    reading: { ...policy, tags: [], fresh: false },
    isPlain: maxAge === Infinity && early === 0 && !schema && !fresh && !signal,
  }
}

/** The settings of a new cache or region. */
export function settingsOf(home: Home, policy: Policy): Settings {
  return {
    home,
    ownsHome: false,
    ...withPolicy(policy),
    hot: undefined,
    generate: undefined,
    writeThrough: undefined,
    toKey: undefined,
  }
}
