import { ShortLived } from "../base/short-lived.ts"
import type { Flights } from "./flights.ts"
import type { Queued } from "./queued.ts"
import type { UnderWay } from "./scope.ts"

/** Told what was written, or may have been: the keys, or a test of keys. */
export type Watcher = (written: readonly string[] | ((key: string) => boolean)) => void

/** What is under way on one adapter object: all caches over it share this. */
export interface Lane {
  /** How many writes there were, so that a slow reader can tell that one came between. */
  count: number
  /** How often a write that all others wait for, such as a clear, has begun or ended. */
  clears: number
  /** Told of each write when it has ended. */
  readonly watchers: Set<Watcher>
  /** The last write of each key under way. */
  readonly writes: Map<string, Queued>
  /** A write that all others wait for, such as a clear. */
  barrier: Queued | undefined
  /** The version tokens that are being made: without the adapter's `add` each cache would overwrite the other's. */
  readonly creating: ShortLived<UnderWay<string>>
  /** The flights of those caches that have any: a write beats the flights of its key in all of them. */
  readonly flights: Set<Flights>
  /** Whether one of the caches has a prefix: a clear of one without leaves what is theirs. */
  hasPrefixes: boolean
}

const lanes = new WeakMap<object, Lane>()

/** The lane of an adapter object. Without one, a new lane: what an alias makes has one user. */
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
