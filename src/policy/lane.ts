import { ShortLived } from "../base/short-lived.ts"
import type { Flights } from "./flights.ts"
import type { Queued } from "./queued.ts"
import type { UnderWay } from "./scope.ts"

/** Called with what was written, or may have been: the keys, or a predicate on keys. */
export type Watcher = (written: readonly string[] | ((key: string) => boolean)) => void

/** A version token being created. */
export interface Creation extends UnderWay<string> {
  /** What {@link Lane.clears} was when it began. */
  readonly clears: number
}

/** What is under way on one adapter object, shared by all caches over it. */
export interface Lane {
  /** How many writes there were, so that a slow reader can detect one. */
  count: number
  /** How often a write that blocks all others, such as a clear, has begun or ended. */
  clears: number
  /** Called after each write. */
  readonly watchers: Set<Watcher>
  /** The last pending write of each key. */
  readonly writes: Map<string, Queued>
  /** The pending write that blocks all others, such as a clear. */
  barrier: Queued | undefined
  /** Version tokens being created: without the adapter's `add`, caches would overwrite each other's. */
  readonly creating: ShortLived<Creation>
  /** The flights of the caches that have any: a write fences the flights of its key in all of them. */
  readonly flights: Set<Flights>
  /** Whether one of the caches has a prefix, whose entries the clear of a cache without one must leave. */
  hasPrefixes: boolean
}

const lanes = new WeakMap<object, Lane>()

/** The lane of an adapter object. Without one, a new lane: an adapter that an alias made has one user. */
export function laneOf(adapter: object | undefined): Lane {
  const lane = (adapter && lanes.get(adapter)) ?? {
    count: 0,
    clears: 0,
    watchers: new Set(),
    writes: new Map(),
    barrier: undefined,
    creating: new ShortLived(),
    flights: new Set(),
    hasPrefixes: false,
  }
  if (adapter) lanes.set(adapter, lane)
  return lane
}
