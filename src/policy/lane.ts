import type { Flights } from "./flights.ts"
import type { UnderWay } from "./scope.ts"

/** Told what was written, or may have been: keys, or which of all. */
export type Watcher = (written: readonly string[] | ((key: string) => boolean)) => void

/** A write under way. */
export interface Write extends UnderWay {
  /** Lets those that wait for it go. */
  readonly behind: (() => void)[]
  /** It has timed out. */
  isHung: boolean
}

/** What those who use one adapter here have in common, whichever caches they are: what is under way on it. */
export interface Lane {
  /** Counts writes, so that a slow reader can tell that one came between. */
  count: number
  /** Told of each write when it has ended. */
  readonly watchers: Set<Watcher>
  /** The last write of each key under way. */
  readonly writes: Map<string, Write>
  /** What all writes wait for. */
  barrier: Write | undefined
  /** Those with a flight under way: a write beats the flights of them all. */
  readonly flights: Set<Flights>
  /** Whether one of the caches has a prefix: what is cleared by one without leaves theirs. */
  hasPrefixes: boolean
}

const lanes = new WeakMap<object, Lane>()

/** The lane of an adapter object; one that an alias makes has one user, and so a lane of its own. */
export function laneOf(adapter: object | undefined): Lane {
  const lane = (adapter && lanes.get(adapter)) ?? {
    count: 0,
    watchers: new Set(),
    writes: new Map(),
    barrier: undefined,
    flights: new Set(),
    hasPrefixes: false,
  }
  if (adapter) lanes.set(adapter, lane)
  return lane
}
