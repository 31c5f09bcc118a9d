import type { Stored } from "../../src/adapter.ts"
import { type Ghosts, makeGhosts } from "./ghosts.ts"
import { extended, firstSlot, main, type Queues, queues, small } from "./queues.ts"

/** Records by key, bounded in number and bytes. Times are ms since epoch. */
export interface Shelf {
  /** Counts as a use. May return an expired record. */
  get(key: string): Stored | undefined
  /** Keeps `record` until `until` at most. One larger than the byte bound is evicted at once, with the old one. */
  set(key: string, record: Stored, until: number, size: number, time: number): void
  /** Whether `key` is alive. Does not count as a use. */
  has(key: string, time: number): boolean
  /** Removes `key`; returns whether it was alive. */
  delete(key: string, time: number): boolean
  clear(prefix: string): void
  /** A list of the live keys under `prefix`. */
  keys(prefix: string, time: number): string[]
  /** Removes what has expired; returns how many. */
  prune(time: number): number
}

/** The capacity of a `Map`; `Infinity` means this many. */
const maxSlots = 2 ** 23

/** Bounds, policy, and a callback for evictions. */
export interface ShelfOptions {
  readonly entries: number
  readonly bytes: number
  readonly lru: boolean
  /** Called with each key that was evicted for the bounds, after the write that caused it. */
  readonly evicted: (key: string) => void
}

/**
 * S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023), or exact LRU.
 *
 * New keys enter the small queue, a tenth of the bounds. A key that leaves it moves to the main queue if it was read
 * twice; else it is dropped, but remembered as a ghost. A key that returns as a ghost enters main at once. Main gives
 * each entry as many more rounds as it was read, three at most. LRU is the main queue alone, with reads moving an entry
 * to its end.
 *
 * Everything is stored in columns indexed by slot: a hit costs one `Map` lookup and two columns, and allocates nothing.
 * Unlike in the paper, expired entries leave first, as far as a sweep of some slots per write finds them.
 */
export function shelf({ entries: wanted, bytes, lru, evicted }: ShelfOptions): Shelf {
  const entries = Math.min(wanted, maxSlots)
  const smallEntries = lru ? 0 : Math.max(1, Math.floor(entries / 10))
  const mainEntries = entries - smallEntries
  const mainBytes = bytes * 0.9
  const sized = bytes < Infinity

  // The columns. Every slot below `used` exists, so what is read from one is never undefined: hence `as`.
  let index: Map<string, number>
  let keys: string[]
  let records: Stored[]
  let uses: Uint8Array
  let untils: Float64Array
  let line: Queues
  /** What left the small queue, so that it may return to main. */
  let ghosts: Ghosts
  /** The slot at which the sweep continues. */
  let cursor: number
  /** No record expires before this. When the sweep completes a round, it rises to `coming`. */
  let soonest: number
  /** The earliest expiry that this round has met. */
  let coming: number
  let used: number
  let free: number[]
  /** Evicted, but not reported yet. */
  const gone: string[] = []
  reset()

  function reset(): void {
    index = new Map()
    keys = ["", ""]
    records = [undefined, undefined]
    uses = new Uint8Array(0)
    untils = new Float64Array(0)
    line = queues(sized)
    used = cursor = firstSlot
    free = []
    ghosts = makeGhosts()
    soonest = coming = Infinity
    widen(64)
  }

  function widen(length: number): void {
    uses = extended(uses, new Uint8Array(length))
    untils = extended(untils, new Float64Array(length))
    line.widen(length)
  }

  function newSlot(): number {
    const slot = free.pop() ?? used++
    if (slot >= uses.length) widen(Math.min(uses.length * 2, entries + firstSlot))
    return slot
  }

  function drop(slot: number): void {
    line.remove(slot)
    index.delete(keys[slot] as string)
    keys[slot] = ""
    records[slot] = undefined
    // A free slot never expires.
    untils[slot] = Infinity
    free.push(slot)
  }

  function evict(slot: number): void {
    gone.push(keys[slot] as string)
    drop(slot)
  }

  /** Evicts one entry, unless the whole small queue moves to main. */
  function evictOne(): void {
    if (line.count(small) === 0 || line.count(main) > mainEntries || line.load(main) > mainBytes) {
      let slot = line.oldest(main)
      for (; (uses[slot] as number) > 0; slot = line.oldest(main)) {
        uses[slot] = (uses[slot] as number) - 1
        line.move(main, slot)
      }
      evict(slot)
      return
    }
    let slot = line.oldest(small)
    for (; (uses[slot] as number) > 1; slot = line.oldest(small)) {
      uses[slot] = 0
      line.move(main, slot)
      if (line.count(small) === 0) return
    }
    ghosts.add(keys[slot] as string, Math.max(1, Math.floor(Math.min(entries, index.size) * 0.9)))
    evict(slot)
  }

  function isFull(size: number): boolean {
    return index.size >= entries || line.load(small) + line.load(main) + size > bytes
  }

  /** Checks the next `steps` slots and drops expired ones. Costs nothing as long as there can be none. */
  function sweep(steps: number, time: number): void {
    for (; steps > 0 && soonest <= time; steps--) {
      if (cursor === used) {
        cursor = firstSlot
        soonest = coming
        coming = Infinity
        continue
      }
      const slot = cursor++
      const until = untils[slot] as number
      if (until <= time) drop(slot)
      else coming = Math.min(coming, until)
    }
  }

  return {
    get(key) {
      const slot = index.get(key)
      if (slot === undefined) return undefined
      if (lru) line.move(main, slot)
      else {
        const times = uses[slot] as number
        if (times < 3) uses[slot] = times + 1
      }
      return records[slot]
    },
    set(key, record, until, size, time) {
      sweep(8, time)
      let slot = index.get(key)
      if (size > bytes) {
        if (slot !== undefined) drop(slot)
        return evicted(key)
      }
      let queue = main
      let times = 0
      if (slot === undefined) {
        if (!lru && !ghosts.take(key)) queue = small
      } else {
        queue = line.home(slot)
        times = uses[slot] as number
        if (sized) {
          // Its size may have changed, so it is inserted again: room is made by evicting others, never itself.
          drop(slot)
          slot = undefined
        } else if (lru) line.move(main, slot)
      }
      if (slot === undefined) {
        if (isFull(size)) sweep(64, time)
        while (isFull(size)) evictOne()
        slot = newSlot()
        index.set(key, slot)
        keys[slot] = key
        uses[slot] = times
        line.append(queue, slot, size)
      }
      records[slot] = record
      untils[slot] = until
      soonest = Math.min(soonest, until)
      coming = Math.min(coming, until)
      if (gone.length > 0) for (const key of gone.splice(0)) evicted(key)
    },
    has(key, time) {
      const slot = index.get(key)
      return slot !== undefined && (untils[slot] as number) > time
    },
    delete(key, time) {
      const slot = index.get(key)
      if (slot === undefined) return false
      const alive = (untils[slot] as number) > time
      drop(slot)
      return alive
    },
    clear(prefix) {
      if (prefix === "") reset()
      else for (const [key, slot] of index) if (key.startsWith(prefix)) drop(slot)
    },
    keys(prefix, time) {
      const found: string[] = []
      for (const [key, slot] of index) {
        if (key.startsWith(prefix) && (untils[slot] as number) > time) found.push(key)
      }
      return found
    },
    prune(time) {
      const before = index.size
      for (const slot of index.values()) if ((untils[slot] as number) <= time) drop(slot)
      return before - index.size
    },
  }
}
